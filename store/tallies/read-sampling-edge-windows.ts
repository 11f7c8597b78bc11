import type { ClickHouseClient } from '@clickhouse/client';
import { RARITY_BINS, type SamplingEdgeWindow } from '../../core/sampling/sampling-window.ts';
import { binCounts, readSettledSampling, type SamplingRange } from './read-settled-sampling.ts';
import { SAMPLING_WINDOW_MS } from './settle-sampling-windows.ts';
import { tracesSource } from './traces-source.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly CallerNamespace: string;
  readonly CallerService: string;
  readonly Children: string;
  readonly Gained: string;
  readonly Lost: string;
  readonly Conflicts: string;
  readonly ThresholdMax: string;
  readonly Rarities: Readonly<Record<string, string>>;
  readonly ExampleTraceId: string;
}

/** Settled windows of all calls between services, oldest first. @throws PipelineError store_unavailable */
export async function readSamplingEdgeWindows(
  client: ClickHouseClient,
  range: SamplingRange,
): Promise<SamplingEdgeWindow[]> {
  const rows = await readSettledSampling<Row>(client, 'tally_sampling_edge', range);
  return rows.map((row) => ({
    child: tracesSource(row),
    parentNamespace: row.CallerNamespace,
    parentName: row.CallerService,
    startMs: row.WindowS * 1_000,
    endMs: row.WindowS * 1_000 + SAMPLING_WINDOW_MS,
    children: Number(row.Children),
    gained: Number(row.Gained),
    lost: Number(row.Lost),
    randomnessConflicts: Number(row.Conflicts),
    parentThresholdMax: row.ThresholdMax,
    childrenByRarity: binCounts(row.Rarities, RARITY_BINS),
    exampleTraceId: row.ExampleTraceId,
  }));
}
