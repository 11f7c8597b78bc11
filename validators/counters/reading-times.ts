import { FAST_MS, SLOW_MS } from '../windows.ts';

/** Points of one report may differ by that much: instruments are read one after the other. */
export const SPREAD_MS = 500;

/** What has readings: all that is asked of a series here. */
export interface Readings {
  readonly epochMs: number | null;
  readonly points: readonly { readonly timeMs: number }[];
}

/** Moments at which a process reported all it counts; two make an interval. */
export interface ReadingWindows {
  /** At least the last two intervals, and 40 s; null of fewer, or where nothing was reported lately. */
  readonly fast: readonly number[] | null;
  readonly slow: readonly number[] | null;
}

/**
 * When a process reported, oldest first. A report that came in parts, or of which a part is still under way, counts
 * only where every group has a point: half a report would look like a loss. The start of an epoch is a reading
 * too, at which everything stood at nothing, if it lies after `fromMs`.
 * @param groups series that are subtracted from each other; empty ones are left out
 */
export function readingTimes(groups: readonly (readonly Readings[])[], fromMs: number): number[] {
  const filled = groups.filter((group) => group.length > 0);
  const all = filled
    .flatMap((group, index) => group.flatMap(({ points }) => points.map(({ timeMs }) => ({ timeMs, index }))))
    .sort((a, b) => a.timeMs - b.timeMs);
  const readings: { timeMs: number; seen: Set<number> }[] = [];
  for (const { timeMs, index } of all) {
    const open = readings.at(-1);
    if (open !== undefined && timeMs - open.timeMs <= SPREAD_MS) {
      open.timeMs = timeMs;
      open.seen.add(index);
    } else readings.push({ timeMs, seen: new Set([index]) });
  }
  const whole = readings.filter(({ seen }) => seen.size === filled.length).map(({ timeMs }) => timeMs);
  const first = whole[0];
  const born = Math.min(
    ...filled.flatMap((group) => group.map(({ epochMs }) => epochMs ?? Number.NEGATIVE_INFINITY)),
  );
  return first !== undefined && born >= fromMs && born < first ? [born, ...whole] : whole;
}

/**
 * The windows of counters: they are known at reports only. At 60 s between reports FAIL rests on the last two
 * minutes: a loss of 5 % shows within two intervals of its beginning. PASS rests on ten minutes.
 */
export function readingWindows(times: readonly number[], nowMs: number): ReadingWindows {
  const last = times.at(-1);
  const before = times.at(-2);
  if (last === undefined || before === undefined || last < nowMs - SLOW_MS) return { fast: null, slow: null };
  const slow = times.filter((timeMs) => timeMs >= last - SLOW_MS - SPREAD_MS);
  const two = times.at(-3);
  const isSilent = nowMs - last > 3 * Math.max(last - before, FAST_MS);
  if (two === undefined || isSilent) return { fast: null, slow };
  const start = times.findLast((timeMs) => timeMs <= Math.min(two, last - FAST_MS)) ?? two;
  return { fast: times.filter((timeMs) => timeMs >= start), slow };
}
