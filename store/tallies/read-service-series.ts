import type { ClickHouseClient } from '@clickhouse/client';
import { mergeByWeight } from '../../core/adjusted-step.ts';
import type { WeightKind } from '../../core/sampling/sampling-window.ts';
import { weightOfKey } from '../../core/sampling/weight-of-key.ts';
import type { ServiceStep, WeighedSpans } from '../../core/service-step.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { type BinRows, binsOf } from './bins.ts';

interface Row extends BinRows {
  readonly ServiceName: string;
  readonly StepS: number;
  /** '' of rows from before weights were read. */
  readonly Kind: WeightKind | '';
  readonly Key: string;
  readonly Spans: string;
  readonly ErrorSpans: string;
}

/**
 * Services over time, in steps of `stepMs` (whole multiples of 10 s) from `fromMs` (a multiple of the step) up to
 * `untilMs`; tenants and namespaces together, as constraints name a service alone. Steps without a request are not
 * there: whether nothing was asked or nothing arrived cannot be told from here.
 * @param query.unsampledNames services of which people declare that nothing samples them: a span of theirs without a
 *   mark stands for itself
 * @returns by service name, steps in order of time; every name asked for is in it
 * @throws PipelineError store_unavailable
 */
export async function readServiceSeries(
  client: ClickHouseClient,
  query: {
    readonly serviceNames: readonly string[];
    readonly unsampledNames: ReadonlySet<string>;
    readonly fromMs: number;
    readonly untilMs: number;
    readonly stepMs: number;
  },
): Promise<Map<string, ServiceStep[]>> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT ServiceName, intDiv(toUnixTimestamp(Bucket), {step:UInt32}) * {step:UInt32} AS StepS,
  WeightKind AS Kind, if(Kind IN ('', 'none', 'invalid'), '', WeightKey) AS Key,
  sum(Requests) AS Spans, sum(Errors) AS ErrorSpans,
  sumMap(DurationBins) AS Merged, mapKeys(Merged) AS Bins, mapValues(Merged) AS Counts
FROM tally_service
WHERE ServiceName IN {services:Array(String)}
  AND Bucket >= {from:DateTime64(3, 'UTC')} AND Bucket < {until:DateTime64(3, 'UTC')}
GROUP BY ServiceName, StepS, Kind, Key ORDER BY ServiceName, StepS, Kind, Key`,
    params: {
      services: query.serviceNames,
      step: query.stepMs / 1_000,
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
    },
    about: 'tally_service',
  });
  const byService = Map.groupBy(rows, (row) => row.ServiceName);
  return new Map(
    query.serviceNames.map((name) => {
      const steps = Map.groupBy(byService.get(name) ?? [], (row) => row.StepS);
      const isUnsampled = query.unsampledNames.has(name);
      return [name, [...steps].map(([stepS, group]) => stepOf(stepS, group, isUnsampled))];
    }),
  );
}

function stepOf(stepS: number, rows: readonly Row[], isUnsampled: boolean): ServiceStep {
  const byWeight = rows.map(
    (row): WeighedSpans => ({
      weight: weightOfRow(row, isUnsampled),
      spans: Number(row.Spans),
      errors: Number(row.ErrorSpans),
      durationBins: binsOf(row),
    }),
  );
  return { startMs: stepS * 1_000, byWeight: mergeByWeight(byWeight) };
}

/** A mark that is there goes before the declaration, also one that nobody can read. */
function weightOfRow({ Kind, Key }: Row, isUnsampled: boolean): number | null {
  if (Kind === '' || Kind === 'none') return isUnsampled ? 1 : null;
  return weightOfKey(Kind, Key);
}
