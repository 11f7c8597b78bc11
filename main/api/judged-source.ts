import { SIGNALS } from '../../core/signal.ts';
import { type Source, sourceKey } from '../../core/source.ts';
import type { Outcome, Verdict } from '../../core/verdict.ts';
import type { SourceActivity } from '../../store/sources.ts';

/** A source with what was judged about it; `outcome` is the worst of it, unknown when nothing was. */
export interface JudgedSource {
  readonly source: Source;
  readonly outcome: Outcome;
  readonly verdicts: readonly Verdict[];
  /** What arrived of late, by instance; an instance with verdicts of its own is a source of its own. */
  readonly activities: readonly SourceActivity[];
}

const BADNESS: Readonly<Record<Outcome, number>> = { pass: 0, unknown: 1, fail: 2 };
const OWN_SERVICE = 'plumbline';

/** What a verdict says now: past its time it says nothing, whatever it said. */
export function outcomeNow(verdict: Verdict, nowMs: number): Outcome {
  return verdict.validUntilMs < nowMs ? 'unknown' : verdict.outcome;
}

/** The worst first, as of `nowMs`; among equals in the order they came. */
export function worstFirst(verdicts: readonly Verdict[], nowMs: number): Verdict[] {
  const badness = (verdict: Verdict) => BADNESS[outcomeNow(verdict, nowMs)];
  return verdicts.toSorted((left, right) => badness(right) - badness(left));
}

/** Our own telemetry is always there; it says nothing about whether anybody else's arrives. */
export function isOwn({ source }: JudgedSource): boolean {
  return source.serviceName === OWN_SERVICE && source.serviceNamespace === '';
}

/** Joins what arrived with what was judged: worst first, our own last among equals, traces first, then by name. */
export function judgedSources(
  activities: readonly SourceActivity[],
  verdicts: readonly Verdict[],
  nowMs: number,
): JudgedSource[] {
  const verdictsOf = Map.groupBy(verdicts, ({ source }) => sourceKey(source));
  const place = ({ source }: SourceActivity): Source =>
    verdictsOf.has(sourceKey(source)) ? source : { ...source, serviceInstanceId: '' };
  const activitiesOf = Map.groupBy(activities, (activity) => sourceKey(place(activity)));
  const sources = new Map(
    [...activities.map(place), ...verdicts.map(({ source }) => source)].map((one) => [sourceKey(one), one]),
  );
  return [...sources]
    .map(([key, source]) => {
      const own = verdictsOf.get(key) ?? [];
      return { source, outcome: worst(own, nowMs), verdicts: own, activities: activitiesOf.get(key) ?? [] };
    })
    .sort(byWorst);
}

/** When something last arrived from it; null: nothing of late. */
export function lastReceivedAtMs({ activities }: JudgedSource): number | null {
  return activities.length === 0
    ? null
    : Math.max(...activities.map((activity) => activity.lastReceivedAtMs));
}

function worst(verdicts: readonly Verdict[], nowMs: number): Outcome {
  const outcomes = verdicts.map((verdict) => outcomeNow(verdict, nowMs));
  if (outcomes.includes('fail')) return 'fail';
  return outcomes.length === 0 || outcomes.includes('unknown') ? 'unknown' : 'pass';
}

function byWorst(left: JudgedSource, right: JudgedSource): number {
  return (
    BADNESS[right.outcome] - BADNESS[left.outcome] ||
    Number(isOwn(left)) - Number(isOwn(right)) ||
    SIGNALS.indexOf(left.source.signal) - SIGNALS.indexOf(right.source.signal) ||
    (sourceKey(left.source) < sourceKey(right.source) ? -1 : 1)
  );
}
