import type { ClickHouseClient } from '@clickhouse/client';
import {
  DURATION_BOUNDS_MS,
  OFFSET_BINS,
  type SamplingWindow,
  type WeightKind,
} from '../../core/sampling/sampling-window.ts';
import { binCounts, readSettledSampling, type SamplingRange } from './read-settled-sampling.ts';
import { SAMPLING_WINDOW_MS } from './settle-sampling-windows.ts';
import { tracesSource } from './traces-source.ts';

type Bins = Readonly<Record<string, string>>;

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Signal: 'logs' | '';
  readonly WeightKind: WeightKind;
  readonly WeightKey: string;
  readonly OneIn: number;
  readonly Roots: string;
  readonly RootPairs: string;
  readonly Copies: string;
  readonly Errors: string;
  readonly Durations: Bins;
  readonly Offsets: Bins;
  readonly ErrorOffsets: Bins;
  readonly OffsetMin: number;
  readonly OffsetMax: number;
  readonly OnLattice: string;
  readonly Violations: string;
  readonly Spans: string;
  readonly ThresholdCopies: string;
  readonly Relabelled: string;
  readonly RelabelledTraceId: string;
  readonly ExampleTraceId: string;
}

/** Settled windows of all services, of spans and of log records, oldest first. @throws PipelineError store_unavailable */
export async function readSamplingWindows(
  client: ClickHouseClient,
  range: SamplingRange,
): Promise<SamplingWindow[]> {
  const rows = await readSettledSampling<Row>(client, 'tally_sampling_window', range);
  return rows.map((row) => ({
    source: { ...tracesSource(row), signal: row.Signal === 'logs' ? 'logs' : 'traces' },
    startMs: row.WindowS * 1_000,
    endMs: row.WindowS * 1_000 + SAMPLING_WINDOW_MS,
    weightKind: row.WeightKind,
    weightKey: row.WeightKey,
    roots: Number(row.Roots),
    oneIn: row.OneIn,
    rootPairs: Number(row.RootPairs),
    copies: Number(row.Copies),
    errors: Number(row.Errors),
    byDuration: binCounts(row.Durations, DURATION_BOUNDS_MS.length + 1),
    offsetBins: binCounts(row.Offsets, OFFSET_BINS),
    errorOffsetBins: binCounts(row.ErrorOffsets, OFFSET_BINS),
    onLattice: Number(row.OnLattice),
    offsetMin: row.OffsetMin > 1 ? null : row.OffsetMin,
    offsetMax: row.OffsetMax < 0 ? null : row.OffsetMax,
    violations: Number(row.Violations),
    thresholdSpans: row.WeightKind === 'threshold' ? Number(row.Spans) : 0,
    thresholdCopies: Number(row.ThresholdCopies),
    relabelled: Number(row.Relabelled),
    relabelledTraceId: row.RelabelledTraceId,
    exampleTraceId: row.ExampleTraceId,
  }));
}
