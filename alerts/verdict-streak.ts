import type { Outcome } from '../core/verdict.ts';
import type { VerdictGroup } from './verdict-group.ts';

/** One bad second is no incident: a report opens after so many evaluations in a row that span so long ... */
const FAILS_MIN = 3;
const FAIL_MS_MIN = 10_000;
/** ... and closes after passing for so long without a doubt in between. */
const PASS_MS_MIN = 30_000;
/** A failure that was last seen so long ago is over as a streak; the next one begins its own. */
const FAIL_GAP_MS_MAX = 60_000;
/** As many points as a sparkline draws. */
const RECENT_MAX = 60;

/** What the last evaluations of one subject said; plain data, bounded. */
export interface VerdictStreak {
  readonly evaluatedAtMs: number;
  readonly failCount: number;
  readonly failSinceMs: number | null;
  readonly failedAtMs: number | null;
  readonly passSinceMs: number | null;
  /** Oldest first; the estimate is null where the outcome was unknown. */
  readonly recent: readonly { readonly outcome: Outcome; readonly estimate: number | null }[];
}

const NONE: VerdictStreak = {
  evaluatedAtMs: Number.NEGATIVE_INFINITY,
  failCount: 0,
  failSinceMs: null,
  failedAtMs: null,
  passSinceMs: null,
  recent: [],
};

/**
 * Adds an evaluation. Unknown opens nothing and closes nothing: it neither counts as a failure nor ends a row of
 * them, but a row of passes begins again after it, because data that vanish must never close a report.
 * A verdict that was seen before adds nothing.
 */
export function addToStreak(before: VerdictStreak | null, group: VerdictGroup): VerdictStreak {
  const streak = before ?? NONE;
  const atMs = Math.max(...group.verdicts.map((verdict) => verdict.evaluatedAtMs));
  if (atMs <= streak.evaluatedAtMs) return streak;
  const estimate = group.outcome === 'unknown' ? null : group.worst.estimate;
  const recent = [...streak.recent, { outcome: group.outcome, estimate }].slice(-RECENT_MAX);
  const next = { ...streak, evaluatedAtMs: atMs, recent };
  if (group.outcome === 'unknown') return { ...next, passSinceMs: null };
  if (group.outcome === 'pass') {
    const passSinceMs = streak.passSinceMs ?? atMs;
    return { ...next, failCount: 0, failSinceMs: null, failedAtMs: null, passSinceMs };
  }
  const fresh = streak.failedAtMs === null || atMs - streak.failedAtMs > FAIL_GAP_MS_MAX;
  return {
    ...next,
    failCount: fresh ? 1 : streak.failCount + 1,
    failSinceMs: fresh ? atMs : streak.failSinceMs,
    failedAtMs: atMs,
    passSinceMs: null,
  };
}

export function failsLastingly(streak: VerdictStreak): boolean {
  if (streak.failSinceMs === null || streak.failedAtMs === null) return false;
  return streak.failCount >= FAILS_MIN && streak.failedAtMs - streak.failSinceMs >= FAIL_MS_MIN;
}

export function passesLastingly(streak: VerdictStreak): boolean {
  return streak.passSinceMs !== null && streak.evaluatedAtMs - streak.passSinceMs >= PASS_MS_MIN;
}
