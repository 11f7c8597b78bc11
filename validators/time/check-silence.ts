import type { ClockTally } from '../../core/clock-tally.ts';
import { rfc3339 } from '../../core/time.ts';
import type { Reason } from '../../core/verdict.ts';
import { SLOW_MS } from '../windows.ts';
import { activityOf } from './source-state.ts';
import type { TimePart } from './time-part.ts';

/**
 * Does anything still come? In seconds since the last arrival, exact, against the rhythm of the source. Metrics are
 * sent whether or not anything happens, so their silence is a failure; traces and logs may have nothing to say, so
 * theirs is unknown: alive or not, nothing recent is known about them.
 * False alarms: see `activityOf`.
 * @param tallies all instances of one service and signal; the service is silent when its last instance is
 */
export function checkSilence(tallies: readonly ClockTally[], nowMs: number): TimePart | null {
  const [newest] = [...tallies].sort((a, b) => b.receivedMsMax - a.receivedMsMax);
  if (newest === undefined) return null;
  const activities = tallies.map((tally) => activityOf(tally, nowMs));
  const longestMs = Math.max(...activities.map(({ idleAfterMs }) => idleAfterMs ?? SLOW_MS));
  const silentMs = Math.max(0, nowMs - newest.receivedMsMax);
  const states = { active: 0, idle: 0, gone: 0 };
  for (const { state } of activities) states[state]++;
  const isSilent = states.active === 0;
  const silent = newest.source.signal === 'metrics' ? 'fail' : 'unknown';
  const silentS = silentMs / 1_000;
  return {
    id: 'silence',
    outcome: isSilent ? silent : 'pass',
    interval: { estimate: silentS, lower: silentS, upper: silentS },
    n: tallies.reduce((sum, { gapCount }) => sum + gapCount, 0),
    limits: { warn: longestMs / 1_000, fail: longestMs / 1_000 },
    window: { startMs: nowMs - SLOW_MS, endMs: nowMs },
    reasons: isSilent ? [idle()] : [],
    evidence: { states, silentMs, idleAfterMs: longestMs },
  };

  function idle(): Reason {
    const text = `Nothing has come since ${rfc3339(newest?.receivedMsMax ?? 0)}, ${silentS.toFixed(1)} s ago; it usually pauses no longer than a third of ${(longestMs / 1_000).toFixed(0)} s. See whether the service runs, is asked, and its exporter reaches us.`;
    return { code: 'IDLE', text };
  }
}
