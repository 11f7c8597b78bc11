import type { SystemView } from '../../equal-load/system-view.ts';

/** An announced change takes so long; what it left then is what was announced. */
const ANNOUNCED_MINUTES = 2 * 60;
/** Clocks of those who announce and measure. */
const BEFORE_MINUTES = 15;

/** When changes of a service were announced: those that say what to expect, unless any will do. */
export function announcedAt(view: SystemView, service: string, isAnyChange = false): number[] {
  return view.history.changes
    .filter((change) => change.service === service && (isAnyChange || change.expects !== null))
    .map(({ minute }) => minute);
}

/**
 * Levels of a setting that are accepted at a minute: the first ones, and where each announced change left it. null
 * while an announced change is under way: nothing is held against it then.
 */
export function acceptedLevels(
  view: SystemView,
  of: {
    readonly service: string;
    readonly values: Float64Array;
    readonly first: readonly number[];
    readonly isAnyChange?: boolean;
  },
): (minute: number) => readonly number[] | null {
  const first = of.first.filter((level) => level > 0);
  const changes = announcedAt(view, of.service, of.isAnyChange);
  if (changes.length === 0) return () => first;
  const left = changes.map((minute) => ({ minute, level: lastKnown(of.values, minute + ANNOUNCED_MINUTES) }));
  return (minute) => {
    const levels = [...first];
    for (const change of left) {
      if (minute < change.minute - BEFORE_MINUTES) continue;
      // Before it is announced, nothing about it is known yet.
      if (minute >= change.minute && minute <= change.minute + ANNOUNCED_MINUTES) return null;
      if (minute > change.minute + ANNOUNCED_MINUTES && change.level > 0) levels.push(change.level);
    }
    return levels;
  };
}

/** What was before the first minute left the setting as it is first seen. */
function lastKnown(values: Float64Array, minute: number): number {
  if (minute < 0) return values.find((value) => value > 0) ?? Number.NaN;
  for (let at = Math.min(minute, values.length - 1); at >= 0; at--) {
    const value = values[at] as number;
    if (value > 0) return value;
  }
  return Number.NaN;
}
