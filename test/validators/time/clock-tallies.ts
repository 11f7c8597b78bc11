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
