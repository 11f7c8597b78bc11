import type { ClickHouseClient } from '@clickhouse/client';
import {
  type FamilyExtremes,
  SAMPLER_FAMILIES,
  type TraceIdWindow,
} from '../../core/sampling/sampling-window.ts';
import { readSettledSampling, type SamplingRange } from './read-settled-sampling.ts';
import { SAMPLING_WINDOW_MS } from './settle-sampling-windows.ts';
import { tracesSource } from './traces-source.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Traces: string;
  readonly WithRandomness: string;
  readonly Ones: readonly string[];
  readonly Timed: string;
  readonly TimeSum: string;
  readonly TimeSquares: string;
  readonly PlaceSum: string;
  readonly PlaceSquares: string;
  readonly Products: string;
  readonly FamilyMin: readonly string[];
  readonly FamilyMax: readonly string[];
  readonly UnweightedTraces: string;
  readonly UnweightedFamilyMin: readonly string[];
  readonly UnweightedFamilyMax: readonly string[];
}

/** Bits of the numerators that are stored, in the order of SAMPLER_FAMILIES. */
const FAMILY_BITS = [64, 63, 63, 32, 64] as const;
/** A double rounds the largest numerators to 1, which no u is. */
const BELOW_ONE = 1 - Number.EPSILON / 2;

/** Settled windows of all services, oldest first. @throws PipelineError store_unavailable */
export async function readTraceIdWindows(
  client: ClickHouseClient,
  range: SamplingRange,
): Promise<TraceIdWindow[]> {
  const rows = await readSettledSampling<Row>(client, 'tally_sampling_trace_id', range);
  return rows.map((row) => ({
    source: tracesSource(row),
    startMs: row.WindowS * 1_000,
    endMs: row.WindowS * 1_000 + SAMPLING_WINDOW_MS,
    traces: Number(row.Traces),
    withRandomness: Number(row.WithRandomness),
    ones: row.Ones.map(Number),
    timed: Number(row.Timed),
    timeSum: Number(row.TimeSum),
    timeSquares: Number(row.TimeSquares),
    placeSum: Number(row.PlaceSum),
    placeSquares: Number(row.PlaceSquares),
    products: Number(row.Products),
    families: extremesOf(row.FamilyMin, row.FamilyMax),
    unweighted: {
      traces: Number(row.UnweightedTraces),
      families: extremesOf(row.UnweightedFamilyMin, row.UnweightedFamilyMax),
    },
  }));
}

/** Without any trace both arrays are empty. */
function extremesOf(min: readonly string[], max: readonly string[]): FamilyExtremes {
  const extremes = SAMPLER_FAMILIES.map((family, i) => {
    const [low, high] = [min[i], max[i]];
    if (low === undefined || high === undefined) return [family, null];
    const range = 2 ** (FAMILY_BITS[i] as number);
    const u = (numerator: string) => Math.min(Number(numerator) / range, BELOW_ONE);
    return [family, { min: u(low), max: u(high) }];
  });
  return Object.fromEntries(extremes) as FamilyExtremes;
}
