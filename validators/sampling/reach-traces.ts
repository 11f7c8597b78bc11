import type { MentionWindow, SamplingWindow, TraceIdWindow } from '../../core/sampling/sampling-window.ts';
import { firstRarity } from './first-rarity.ts';
import type { SamplingPolicy } from './sampling-check.ts';
import { weighRoots } from './weigh-roots.ts';

/** What mentioned traces are held against: the spans of the service that mentions them. */
export interface SpanSide {
  readonly windows: readonly SamplingWindow[];
  readonly traceIds: readonly TraceIdWindow[];
}

/** Traces that are mentioned as sampled and that every sampler on the way would have kept. */
export interface ReachedTraces {
  readonly found: number;
  readonly missing: number;
  /** Share of all traces that are so rare. */
  readonly ratio: number;
  readonly exampleTraceId: string;
}

/**
 * Mentioned traces whose R lies above the highest threshold that the service's spans carry: no stage that writes th
 * dropped them. In words why nobody can say which they are: spans without th may come from behind any sampler, and
 * where R is an explicit rv the trace id does not tell it.
 */
export function reachTraces(
  mentions: readonly MentionWindow[],
  { windows, traceIds }: SpanSide,
  policy: SamplingPolicy,
): ReachedTraces | 'SPANS_NOT_HERE' | 'SPAN_WEIGHTS_UNKNOWN' | 'RANDOMNESS_EXPLICIT' {
  const { roots, weightless, weightSum } = weighRoots(windows);
  if (roots === 0) return 'SPANS_NOT_HERE';
  const isMarked = windows.every(
    ({ roots: own, weightKind }) => own === 0 || weightKind === 'threshold' || weightKind === 'none',
  );
  if (!isMarked || weightSum === 0 || weightless > policy.weightlessMax * roots)
    return 'SPAN_WEIGHTS_UNKNOWN';
  const threshold =
    windows
      .filter(({ roots: own, weightKind }) => own > 0 && weightKind === 'threshold')
      .map(({ weightKey }) => weightKey.padEnd(14, '0'))
      .sort()
      .at(-1) ?? '';
  const traces = sum(traceIds.map((row) => row.traces));
  const explicit = sum(traceIds.map(({ withRandomness }) => withRandomness));
  const first = firstRarity(threshold);
  if (first > 0 && explicit > policy.weightlessMax * traces) return 'RANDOMNESS_EXPLICIT';
  return {
    found: sum(mentions.flatMap(({ found }) => found.slice(first))),
    missing: sum(mentions.flatMap(({ missing }) => missing.slice(first))),
    ratio: 2 ** (-first / 4),
    exampleTraceId: mentions.find(({ exampleTraceId }) => exampleTraceId !== '')?.exampleTraceId ?? '',
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
