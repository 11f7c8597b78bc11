import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

export interface SamplingRange {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of these alone; left out: of all. */
  readonly serviceNames?: readonly string[];
}

/**
 * Rows of the minutes in the range, each minute as it was settled last.
 * @throws PipelineError store_unavailable
 */
export function readSettledSampling<Row>(
  client: ClickHouseClient,
  table:
    | 'tally_sampling_window'
    | 'tally_sampling_trace_id'
    | 'tally_sampling_edge'
    | 'tally_sampling_mention',
  { fromMs, untilMs, serviceNames }: SamplingRange,
): Promise<(Row & { readonly WindowS: number })[]> {
  const isInRange = `Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')}`;
  return readRows(client, {
    sql: `
SELECT * EXCEPT (Window, SettledAt), toUnixTimestamp(Window) AS WindowS FROM ${table} FINAL
WHERE ${isInRange} ${serviceNames === undefined ? '' : 'AND ServiceName IN {serviceNames:Array(String)}'} AND (Window, SettledAt) IN (
  SELECT Window, max(SettledAt) FROM tally_sampling_settled WHERE ${isInRange} GROUP BY Window
)
ORDER BY Window, Tenant, ServiceNamespace, ServiceName`,
    params: {
      from: toClickhouseTime(fromMs),
      until: toClickhouseTime(untilMs),
      ...(serviceNames === undefined ? {} : { serviceNames }),
    },
    about: table,
  });
}

/** Counts by bin, as an array of all bins. */
export function binCounts(map: Readonly<Record<string, string>>, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const bin in map) if (Number(bin) < bins) counts[Number(bin)] = Number(map[bin]);
  return counts;
}
