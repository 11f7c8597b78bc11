import type { Report } from '../core/report.ts';

/** What about a report is new. `updated` (nobody can say just now, or can again) is kept, but calls nobody. */
export type News = 'opened' | 'confirmed' | 'doubled' | 'snooze-ended' | 'updated' | 'closed';

/** A report with the reason to tell it now; a subject without news is not told again. */
export interface Telling {
  readonly news: News;
  readonly report: Report;
  /** A person acknowledged or snoozed it: it is kept, and calls nobody. */
  readonly isSilenced?: boolean | undefined;
}

/** What was last told about a subject; stands in the report's facts, so a restart goes on where it was. */
export interface Told {
  readonly news: News;
  /** How far from normal, 0 = not at all; the largest told so far, null where it could not be said. */
  readonly effectSize: number | null;
  readonly atMs: number;
}

/** The age of a silent source doubles at 1, 2, 4 and 8 minutes; nobody needs to be told each time. */
const DOUBLED_EVERY_MS_MIN = 600_000;

/** Reads what an earlier report told; null when there is none, or it was closed and the subject begins anew. */
export function toldBefore(previous: Report | null): Told | null {
  if (previous === null || previous.state === 'closed') return null;
  const told = previous.facts['told'] as Partial<Told> | undefined;
  return {
    news: told?.news ?? 'opened',
    effectSize: told?.effectSize ?? null,
    atMs: told?.atMs ?? Date.parse(previous.updatedAt),
  };
}

/** The effect at least doubled since it was last told; what is not known has not doubled. */
export function hasDoubled(told: Told, now: { effectSize: number | null; nowMs: number }): boolean {
  if (now.effectSize === null || told.effectSize === null || told.effectSize <= 0) return false;
  return now.effectSize >= 2 * told.effectSize && now.nowMs - told.atMs >= DOUBLED_EVERY_MS_MIN;
}

/** The larger of two sizes where both are known: a smaller effect told later must not make the next one double. */
export function largest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
