import { clockBin } from '../../../core/clock-bin.ts';
import type { ClockPairTally } from '../../../core/clock-pair-tally.ts';
import type { ClockTally } from '../../../core/clock-tally.ts';
import { logBin } from '../../../core/log-bin.ts';
import type { Signal } from '../../../core/signal.ts';
import { NOW_MS, sourceOf } from '../tallies.ts';

/** What ten minutes of arrivals would leave of one instance; healthy unless told. */
export function clockTally(
  of: Partial<ClockTally> & { instance?: string; signal?: Signal } = {},
): ClockTally {
  const { instance = 'pod-1', signal = 'traces', ...rest } = of;
  return {
    source: sourceOf(signal, instance),
    clock: instance,
    items: 10_000,
    eventTimeMsMax: NOW_MS - 1_000,
    receivedMsMax: NOW_MS - 500,
    latenessBins: new Map([[logBin(2_000), 10_000]]),
    latenessMsMax: 2_000,
    latenessMsLow: 20,
    gapCount: 119,
    gapMsP99: 5_000,
    ahead: { lower: 0, upper: 0 },
    quarantined: { lower: 0, upper: 0 },
    ...rest,
  };
}

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
