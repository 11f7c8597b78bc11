import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

export interface SpanArrival {
  /** Newest arrival that can be read: what arrived later may still be on its way into the table. Null of nothing. */
  readonly visibleUntilMs: number | null;
  /** How long after their start 99 % of these spans had arrived, of the slowest service; null of too few. */
  readonly arrivalMsP99: number | null;
}

const KINDS = { caller: "'Client', 'Producer'", callee: "'Server', 'Consumer'" } as const;

/**
 * How far spans can be read, and how long those that are waited for take. Counted from their start, as a child can
 * arrive while its parent still runs; per service, as one slow exporter among fast ones is the one whose spans would
 * be missed.
 * @param side whose spans are waited for: the callers', which are parents, or the callees'
 * @throws PipelineError store_unavailable
 */
export async function readSpanArrival(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
  side: keyof typeof KINDS,
): Promise<SpanArrival> {
  const [row] = await readRows<{ Visible: string | null; Slowest: number | null }>(client, {
    sql: `
SELECT maxOrNull(Newest) AS Visible, maxOrNullIf(Late, Awaited >= 30) AS Slowest
FROM (
  SELECT toUnixTimestamp64Milli(max(ReceivedAt)) AS Newest,
    quantileExactIf(0.99)(toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(StartTime), isAwaited) AS Late,
    countIf(SpanKind IN (${KINDS[side]}) AS isAwaited) AS Awaited
  FROM tally_span
  WHERE ReceivedAt >= {from:DateTime64(3, 'UTC')} AND ReceivedAt <= {until:DateTime64(3, 'UTC')}
  GROUP BY Tenant, ServiceNamespace, ServiceName
)`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_span',
  });
  const number = (value: string | number | null | undefined) =>
    value === null || value === undefined ? null : Number(value);
  return { visibleUntilMs: number(row?.Visible), arrivalMsP99: number(row?.Slowest) };
}
