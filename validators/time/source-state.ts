import type { ClockTally } from '../../core/clock-tally.ts';
import { SLOW_MS } from '../windows.ts';

type SourceState = 'active' | 'idle' | 'gone';

export interface Activity {
  readonly state: SourceState;
  readonly silentMs: number;
  /** Silent for longer, it is idle; null while too few gaps were seen to know. */
  readonly idleAfterMs: number | null;
}

/** Three exports at the SDKs' default of 5 s: below that nobody is silent. */
const IDLE_MS_MIN = 15_000;
/** A report every minute leaves six in the ten minutes of which it was silent for three. */
const GAPS_MIN = 5;
const GAPS_PER_SILENCE = 3;

/**
 * ACTIVE, then IDLE when silent for more than max(3 x p99 of its gaps, 15 s), then GONE after ten minutes, as exact
 * as silence is measured: to the millisecond of arrival, plus a tick and our own lag. No timers to overshoot. A source
 * with fewer than five gaps has no rhythm to be out of, and stays active until it is gone.
 * (A cadence above 80 s leaves too few in ten minutes: read more for those.)
 * False alarms: none of what comes at an interval. Of requests at random (Poisson) with n gaps seen, one pause in
 * (n + 1)(n + 2)(n + 3) / 6 is taken for silence: of 5 one in 56, of 60 one in 40,000. Simulated over a day: none
 * at one per 2 to 10 s, 0.1 an hour at one per 30 s, 0.3 at one per 100 s; then unknown, not fail, and only until the
 * next one comes.
 */
export function activityOf(tally: ClockTally, nowMs: number): Activity {
  const silentMs = Math.max(0, nowMs - tally.receivedMsMax);
  const idleAfterMs =
    tally.gapCount < GAPS_MIN ? null : Math.max(IDLE_MS_MIN, GAPS_PER_SILENCE * tally.gapMsP99);
  if (silentMs >= SLOW_MS) return { state: 'gone', silentMs, idleAfterMs };
  const isIdle = idleAfterMs !== null && silentMs > idleAfterMs;
  return { state: isIdle ? 'idle' : 'active', silentMs, idleAfterMs };
}
