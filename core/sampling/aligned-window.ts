import type { PopulationWindow } from './sampling-window.ts';

/**
 * What a counter counts, and therefore which sampled spans it speaks of:
 * - *roots*: local roots, as `SamplingWindow` counts them.
 * - *requests*: what a server answered over HTTP or RPC, or a consumer processed; jobs that a process starts by
 *   itself are roots and not requests.
 * - *spans*: all of them, which only the count of all spans can be held against.
 */
export const COUNTING_UNITS = ['roots', 'requests', 'spans'] as const;
export type CountingUnit = (typeof COUNTING_UNITS)[number];

/**
 * The population of one service in a window of the sampled side. Counters are read at moments of their own, so what
 * falls between two readings is shared out; by how much that may be wrong stands beside it, as variance of `requests`
 * at either edge. Neighbours share an edge, so of a row of windows the first start and the last end count.
 */
export interface AlignedWindow extends PopulationWindow {
  readonly unit: CountingUnit;
  readonly startVariance: number;
  readonly endVariance: number;
}
