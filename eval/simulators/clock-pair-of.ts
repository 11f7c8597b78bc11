import { clockBin } from '../../core/clock-bin.ts';
import type { ClockPairTally } from '../../core/clock-pair-tally.ts';

/** A call: its times on the callee's clock minus those on the caller's, ms. */
export interface Call {
  readonly startDiffMs: number;
  readonly endDiffMs: number;
}

/** The tally that settling would make of calls. */
export function pairTally(parentClock: string, childClock: string, calls: readonly Call[]): ClockPairTally {
  const sound = calls.filter(({ startDiffMs, endDiffMs }) => endDiffMs <= startDiffMs);
  const binsOf = (values: readonly number[]) => {
    const bins = new Map<number, number>();
    for (const value of values) bins.set(clockBin(value), (bins.get(clockBin(value)) ?? 0) + 1);
    return bins;
  };
  const [ends, starts] = [sound.map((call) => call.endDiffMs), sound.map((call) => call.startDiffMs)];
  return {
    tenant: 't',
    parentClock,
    childClock,
    pairs: sound.length,
    outlived: calls.length - sound.length,
    endDiffMsMax: Math.max(...ends),
    startDiffMsMin: Math.min(...starts),
    endDiffBins: binsOf(ends),
    startDiffBins: binsOf(starts),
    exampleTraceId: 'trace-1',
  };
}
