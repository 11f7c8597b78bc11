import { type Source, sourceKey } from '../../core/source.ts';
import type { Outcome, Verdict } from '../../core/verdict.ts';
import type { SourceActivity } from '../../store/sources.ts';

/** A source with what was judged about it; `outcome` is the worst of it, unknown when nothing was. */
export interface JudgedSource {
  readonly source: Source;
  readonly outcome: Outcome;
  readonly verdicts: readonly Verdict[];
  /** Null: nothing arrived from it of late. */
  readonly activity: SourceActivity | null;
}

const BADNESS: Readonly<Record<Outcome, number>> = { pass: 0, unknown: 1, fail: 2 };

/** What a verdict says now: past its time it says nothing, whatever it said. */
export function outcomeNow(verdict: Verdict, nowMs: number): Outcome {
  return verdict.validUntilMs < nowMs ? 'unknown' : verdict.outcome;
}

/** Joins what arrived with what was judged: worst first, then by name. */
export function judgedSources(
  activities: readonly SourceActivity[],
  verdicts: readonly Verdict[],
  nowMs: number,
): JudgedSource[] {
  const ofSource = Map.groupBy(verdicts, ({ source }) => sourceKey(source));
  const activityOf = new Map(activities.map((activity) => [sourceKey(activity.source), activity]));
  const sources = new Map([...activities, ...verdicts].map(({ source }) => [sourceKey(source), source]));
  return [...sources]
    .map(([key, source]) => {
      const own = ofSource.get(key) ?? [];
      return {
        source,
        outcome: worst(own, nowMs),
        verdicts: own,
        activity: activityOf.get(key) ?? null,
        key,
      };
    })
    .sort((left, right) => BADNESS[right.outcome] - BADNESS[left.outcome] || (left.key < right.key ? -1 : 1))
    .map(({ key: _, ...judged }) => judged);
}

function worst(verdicts: readonly Verdict[], nowMs: number): Outcome {
  const outcomes = verdicts.map((verdict) => outcomeNow(verdict, nowMs));
  if (outcomes.includes('fail')) return 'fail';
  return outcomes.length === 0 || outcomes.includes('unknown') ? 'unknown' : 'pass';
}
