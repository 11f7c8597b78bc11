import type { ClickHouseClient } from '@clickhouse/client';
import { type MentionWindow, RARITY_BINS } from '../../core/sampling/sampling-window.ts';
import { binCounts, readSettledSampling, type SamplingRange } from './read-settled-sampling.ts';
import { SAMPLING_WINDOW_MS } from './settle-sampling-windows.ts';
import { tracesSource } from './traces-source.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly MentionedBy: MentionWindow['mentionedBy'];
  readonly Unsampled: string;
  readonly Found: Readonly<Record<string, string>>;
  readonly Missing: Readonly<Record<string, string>>;
  readonly ExampleTraceId: string;
}

/** Settled windows of the traces that log records and exemplars name, oldest first. @throws PipelineError store_unavailable */
export async function readMentionWindows(
  client: ClickHouseClient,
  range: SamplingRange,
): Promise<MentionWindow[]> {
  const rows = await readSettledSampling<Row>(client, 'tally_sampling_mention', range);
  return rows.map((row) => ({
    source: tracesSource(row),
    startMs: row.WindowS * 1_000,
    endMs: row.WindowS * 1_000 + SAMPLING_WINDOW_MS,
    mentionedBy: row.MentionedBy,
    unsampled: Number(row.Unsampled),
    found: binCounts(row.Found, RARITY_BINS),
    missing: binCounts(row.Missing, RARITY_BINS),
    exampleTraceId: row.ExampleTraceId,
  }));
}
