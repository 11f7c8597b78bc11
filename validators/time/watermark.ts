import type { ClockTally } from '../../core/clock-tally.ts';
import { quantileBounds } from '../quantile-bounds.ts';
import { type Activity, activityOf } from './source-state.ts';

/** What a watermark promises to be here of the events before it. */
export const PROMISED_RATIO = 0.99;

/**
 * Event time before which 99 % of a source's events are here: the newest event (no later than its arrival, without
 * quarantined stamps) less the 99 % quantile of lateness, at the upper end of its interval; of fewer than 368 records
 * that end is the greatest lateness seen.
 * @param tally one instance, the last ten minutes of arrival
 * @returns null where every stamp was quarantined, or the source is gone
 */
export function watermarkOf(tally: ClockTally, nowMs: number): number | null {
  if (tally.eventTimeMsMax === null || activityOf(tally, nowMs).state === 'gone') return null;
  const lateness = { bins: tally.latenessBins, min: 0, max: Math.max(0, tally.latenessMsMax) };
  const p99 = quantileBounds(lateness, PROMISED_RATIO);
  const upperMs = p99 === null || p99.upper === Number.POSITIVE_INFINITY ? lateness.max : p99.upper;
  return Math.min(tally.eventTimeMsMax, nowMs) - Math.max(0, upperMs);
}

/**
 * The least watermark of those that still send: an idle source, and one that is gone, hold nobody up. Per service over
 * its instances, and over all sources, alike.
 * @returns null when nobody is active: nothing more is known to come, and nothing is promised
 */
export function sharedWatermark(tallies: readonly ClockTally[], nowMs: number): number | null {
  const active = tallies.filter((tally) => isActive(activityOf(tally, nowMs)));
  const marks = active.map((tally) => watermarkOf(tally, nowMs)).filter((mark) => mark !== null);
  return marks.length === 0 ? null : Math.min(...marks);
}

function isActive({ state }: Activity): boolean {
  return state === 'active';
}
