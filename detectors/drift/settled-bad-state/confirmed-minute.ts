import { slopeInterval } from '../../statistics/slope-interval.ts';
import type { Signal, Stretch } from './ladder.ts';

const BLOCKS = 6;
const HOUR = 60;
/** A change over the six blocks of less than this share of the level is none to speak of. */
const CHANGE_MAX = 0.5;

/**
 * When the state had settled: the slope over the last six blocks may be none, or changes the level by less than half.
 * @returns null: it moved until the end
 */
export function confirmedMinute(signal: Signal, stretch: Stretch, untilMinute: number): number | null {
  const { blockMinutes } = stretch.rung;
  const end = Math.min(untilMinute, stretch.closedMinute ?? untilMinute);
  for (let minute = stretch.detectedMinute; minute <= end; minute += HOUR) {
    const points = Array.from({ length: BLOCKS }, (_, block) => {
      const from = minute - (BLOCKS - block) * blockMinutes;
      return { x: block, y: signal.mean(from, from + blockMinutes) };
    }).filter(({ y }) => !Number.isNaN(y));
    const slope = slopeInterval(points);
    if (slope === null) continue;
    const level = points.reduce((sum, { y }) => sum + y, 0) / points.length;
    const mayBeNone = slope.lower <= 0 && slope.upper >= 0;
    if (level > 0 && (mayBeNone || Math.abs(slope.estimate) * BLOCKS <= CHANGE_MAX * level)) return minute;
  }
  return null;
}
