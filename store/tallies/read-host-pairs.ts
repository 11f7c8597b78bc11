import type { ClickHouseClient } from '@clickhouse/client';
import type { ClockPairTally } from '../../core/clock-pair-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly Tenant: string;
  readonly ParentClock: string;
  readonly ChildClock: string;
  readonly AllPairs: string;
  readonly AllOutlived: string;
  readonly EndDiffUs: string;
  readonly StartDiffUs: string;
  readonly EndBins: readonly number[];
  readonly EndCounts: readonly string[];
  readonly StartBins: readonly number[];
  readonly StartCounts: readonly string[];
  readonly Example: string;
}

/**
 * Calls between clocks whose callee's spans arrived in [fromMs, untilMs), as far as settled, one row per pair of clocks.
 * @throws PipelineError store_unavailable
 */
export async function readHostPairs(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<ClockPairTally[]> {
  const rows = await readRows<Row>(client, {
    sql: `SELECT Tenant, ParentClock, ChildClock, sum(Pairs) AS AllPairs, sum(Outlived) AS AllOutlived,
        maxIf(EndDiffUsMax, Pairs > 0) AS EndDiffUs, minIf(StartDiffUsMin, Pairs > 0) AS StartDiffUs,
        sumMap(EndDiffBins) AS Ends, mapKeys(Ends) AS EndBins, mapValues(Ends) AS EndCounts,
        sumMap(StartDiffBins) AS Starts, mapKeys(Starts) AS StartBins, mapValues(Starts) AS StartCounts,
        min(ExampleTraceId) AS Example
      FROM tally_host_pair FINAL
      WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')} AND ParentClock != ''
      GROUP BY Tenant, ParentClock, ChildClock`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_host_pair',
  });
  const bins = (keys: readonly number[], counts: readonly string[]) =>
    new Map(keys.map((key, i) => [key, Number(counts[i])]));
  return rows.map((row) => ({
    tenant: row.Tenant,
    parentClock: row.ParentClock,
    childClock: row.ChildClock,
    pairs: Number(row.AllPairs),
    outlived: Number(row.AllOutlived),
    endDiffMsMax: Number(row.EndDiffUs) / 1_000,
    startDiffMsMin: Number(row.StartDiffUs) / 1_000,
    endDiffBins: bins(row.EndBins, row.EndCounts),
    startDiffBins: bins(row.StartBins, row.StartCounts),
    exampleTraceId: row.Example,
  }));
}

/** Start of the newest window whose pairs are settled; null of none since `fromMs`. @throws PipelineError store_unavailable */
export async function readPairsSettled(client: ClickHouseClient, fromMs: number): Promise<number | null> {
  const [row] = await readRows<{ Newest: string | null }>(client, {
    sql: `SELECT toInt64(toUnixTimestamp(maxOrNull(Window))) * 1000 AS Newest FROM tally_host_pair
      WHERE Window >= {from:DateTime64(3, 'UTC')} AND ParentClock = ''`,
    params: { from: toClickhouseTime(fromMs) },
    about: 'tally_host_pair',
  });
  return row === undefined || row.Newest === null ? null : Number(row.Newest);
}
