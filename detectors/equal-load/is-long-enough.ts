import type { AcceptedPeriod } from './system-view.ts';

/** Fewer days do not show what is normal: no weekend, or no working day. */
const ACCEPTED_MINUTES_MIN = 4 * 1440;

/** Of a shorter accepted period a detector cannot say anything. */
export function isLongEnough({ fromMinute, untilMinute }: AcceptedPeriod): boolean {
  return untilMinute - fromMinute >= ACCEPTED_MINUTES_MIN;
}
