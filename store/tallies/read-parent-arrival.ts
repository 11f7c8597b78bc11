import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

export interface ParentArrival {
  /** Newest arrival that can be read: what arrived later may still be on its way into the table. Null of nothing. */
  readonly visibleUntilMs: number | null;
  /** How long after their start 99 % of possible parents had arrived, of the slowest service; null of too few. */
  readonly arrivalMsP99: number | null;
}

/**
 * How far spans can be read, and how long parents take. Counted from the parent's start, as a child can arrive while
 * its parent still runs; per service, as one slow exporter among fast ones is the one whose parents would be missed.
 * @throws PipelineError store_unavailable
 */
export async function readParentArrival(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<ParentArrival> {
  const [row] = await readRows<{ Visible: string | null; Slowest: number | null }>(client, {
    sql: `
SELECT maxOrNull(Newest) AS Visible, maxOrNullIf(Late, Parents >= 30) AS Slowest
FROM (
  SELECT toUnixTimestamp64Milli(max(ReceivedAt)) AS Newest,
    quantileExactIf(0.99)(toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(StartTime), isParent) AS Late,
    countIf(SpanKind IN ('Client', 'Producer') AS isParent) AS Parents
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
