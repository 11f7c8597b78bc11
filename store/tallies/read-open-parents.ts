import type { ClickHouseClient } from '@clickhouse/client';
import type { OpenParents } from '../../core/open-parents.ts';
import { serviceKey } from '../../core/service-key.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

/** Above this many spans a subset of the traces is read; a share of a percent is told from a tenth of them. */
const SPANS_MAX = 1_000_000;

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Spans: string;
  readonly Late: string;
}

/**
 * How many CLIENT and PRODUCER spans of each service that arrived in [fromMs, untilMs] came later than `waitMs` after
 * their start, be it that they were open so long or were held up on the way. Of very many, those of a consistent subset
 * of traces.
 * @returns by `serviceKey`
 * @throws PipelineError store_unavailable
 */
export async function readOpenParents(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number; readonly waitMs: number },
): Promise<ReadonlyMap<string, OpenParents>> {
  const where = `SpanKind IN ('Client', 'Producer')
    AND ReceivedAt >= {from:DateTime64(3, 'UTC')} AND ReceivedAt <= {until:DateTime64(3, 'UTC')}`;
  const rows = await readRows<Row>(client, {
    sql: `
SELECT Tenant, ServiceNamespace, ServiceName, count() AS Spans,
  countIf(toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(StartTime) > {wait:UInt32}) AS Late
FROM tally_span
WHERE ${where} AND cityHash64(TraceId) % (SELECT 1 + intDiv(count(), ${SPANS_MAX}) FROM tally_span WHERE ${where}) = 0
GROUP BY Tenant, ServiceNamespace, ServiceName`,
    params: {
      from: toClickhouseTime(range.fromMs),
      until: toClickhouseTime(range.untilMs),
      wait: range.waitMs,
    },
    about: 'tally_span',
  });
  return new Map(
    rows.map(({ Tenant, ServiceNamespace, ServiceName, Spans, Late }) => [
      serviceKey({ tenant: Tenant, serviceNamespace: ServiceNamespace, serviceName: ServiceName }),
      { spans: Number(Spans), late: Number(Late) },
    ]),
  );
}
