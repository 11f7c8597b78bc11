import type { ClickHouseClient } from '@clickhouse/client';
import type { SourceExpectation } from '../core/expectation.ts';
import { readSettledWindows } from '../store/tallies/read-settled-windows.ts';
import { SAMPLING_WINDOW_MS } from '../store/tallies/settle-sampling-windows.ts';
import type { SettledSampling } from '../validators/sampling/judge-settled-sampling.ts';
import { SLOW_MS } from '../validators/windows.ts';
import { type InTurn, inTurn } from './in-turn.ts';
import { judgeSamplingRange } from './judge-sampling-range.ts';

interface Known {
  readonly client: ClickHouseClient;
  readonly expectations: readonly SourceExpectation[];
}

/** By `sourceKey` of the service's traces, or its logs. */
export type SamplingEvidence = InTurn<Known, SettledSampling>;

/** Windows are minutes, with bins by the hundred: of more services than this they are read in turn. */
const TURN = { everyMs: 15_000, phaseMs: 6_000, servicesMax: 300, forgetMs: 1_800_000 };

export function newSamplingEvidence(): SamplingEvidence {
  return inTurn(TURN, readSampling);
}

/** Of the newest ten minutes that are settled. */
async function readSampling(
  asked: Known & { readonly nowMs: number; readonly serviceNames: readonly string[] },
): Promise<ReadonlyMap<string, SettledSampling>> {
  const settled = await readSettledWindows(
    asked.client,
    asked.nowMs - SLOW_MS - 2 * SAMPLING_WINDOW_MS,
    'tally_sampling_settled',
  );
  const newest = settled.at(-1);
  if (newest === undefined) return new Map();
  const untilMs = newest.startMs + SAMPLING_WINDOW_MS;
  return judgeSamplingRange({ ...asked, fromMs: untilMs - SLOW_MS, untilMs });
}
