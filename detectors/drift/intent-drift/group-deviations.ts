import type { DriftEpisode } from '../../../core/drift-episode.ts';
import type { SystemHistory } from '../../../core/system-history.ts';
import type { Reason } from '../../../core/verdict.ts';
import type { Deviation } from './deviation.ts';

/** An action so near a deviation's onset may be its cause. */
const NEAR_MINUTES = 15;

/**
 * Deviations of one service that are open together are one episode, named after the first of them. Where it is the file that
 * is old, that is another matter, and never a part of what happens to the service.
 */
export function groupDeviations(deviations: readonly Deviation[], history: SystemHistory): DriftEpisode[] {
  const byService = Map.groupBy(
    deviations.toSorted((a, b) => a.detectedMinute - b.detectedMinute),
    ({ service, code }) => `${service}\u001f${code === 'INTENT_OUT_OF_DATE'}`,
  );
  return [...byService.values()].flatMap((own) =>
    openTogether(own).map((group) => tellEpisode(group, history)),
  );
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= NEAR_MINUTES;
}

function openTogether(sorted: readonly Deviation[]): Deviation[][] {
  const groups: Deviation[][] = [];
  let until = Number.NEGATIVE_INFINITY;
  for (const deviation of sorted) {
    if (deviation.detectedMinute >= until) {
      groups.push([]);
      until = Number.NEGATIVE_INFINITY;
    }
    groups.at(-1)?.push(deviation);
    until = Math.max(until, deviation.closedMinute ?? Number.POSITIVE_INFINITY);
  }
  return groups;
}

function tellEpisode(group: readonly Deviation[], history: SystemHistory): DriftEpisode {
  const first = group[0] as Deviation;
  const confirmed = group.flatMap(({ confirmedMinute }) => confirmedMinute ?? []);
  const isOpen = group.some(({ closedMinute }) => closedMinute === null);
  const acted = history.actions.filter(
    ({ service, minute }) =>
      service === first.service && group.some(({ onsetMinute }) => isNear(minute, onsetMinute)),
  );
  const actors = [...new Set(acted.map(({ actor }) => actor))];
  const ratio = first.intended > 0 ? first.seen / first.intended : Number.POSITIVE_INFINITY;
  return {
    kind: 'intent-drift',
    subject: first.subject,
    culprit: first.actor ?? acted.find(({ minute }) => isNear(minute, first.onsetMinute))?.actor ?? null,
    onsetMinute: Math.min(...group.map(({ onsetMinute }) => onsetMinute)),
    detectedMinute: first.detectedMinute,
    confirmedMinute: confirmed.length === 0 ? null : Math.min(...confirmed),
    closedMinute: isOpen ? null : Math.max(...group.map(({ closedMinute }) => closedMinute as number)),
    // A difference to a file: nothing is estimated, so nothing is uncertain but that it lasts.
    effect: {
      metric: first.metric,
      ratio,
      lower: ratio,
      upper: ratio,
      atEqualLoad: first.code === 'work-grew',
    },
    confidence: confirmed.length > 0 ? 0.99 : first.code === 'INTENT_OUT_OF_DATE' ? 0.5 : 0.8,
    hiddenBy: hiddenBy(group, acted.length > 0),
    actors,
    decisions: [...new Set(acted.flatMap(({ decisionId }) => decisionId ?? []))],
    reasons: group.map(reasonOf),
    evidence: {
      deviations: group.map(({ code, metric, against, onsetMinute, detectedMinute, intended, seen }) => ({
        code,
        metric,
        against,
        onsetMinute,
        detectedMinute,
        intended,
        seen,
      })),
    },
    falsifiedBy: `The intent file, or an announced change, that says ${first.metric} of ${first.subject} shall be ${round(first.seen)}.`,
  };
}

function hiddenBy(group: readonly Deviation[], isActed: boolean): string[] {
  return [
    ...(isActed ? ['each step was allowed for itself'] : []),
    ...(group.some(({ code }) => code === 'fallback-limit') ? ['fallbacks'] : []),
    ...(group.some(({ code }) => code === 'retry-budget') ? ['retries'] : []),
  ];
}

const WHAT: Readonly<Record<Deviation['code'], string>> = {
  'forbidden-edge': 'calls that the intent forbids',
  'undeclared-edge': 'calls that nobody intended',
  'edge-unused': 'an intended dependency is hardly used any more',
  'setting-out-of-bounds': 'a setting is not what was intended',
  'setting-creeps': 'a setting moves away from what was intended, step by step and never back',
  'pool-share-out-of-bounds': 'traffic is shared otherwise than intended',
  'cache-limit': 'a cache answers beyond the limit that was set',
  'fallback-limit': 'fallbacks answer longer and more often than intended',
  'retry-budget': 'more is retried than the budget allows',
  'work-grew': 'a request costs more processor time than when capacity was planned',
  'outside-automation-bounds': 'an automation that may act by itself moved a setting beyond its bounds',
  'objective-missed': 'requests are not answered as well as people want',
  INTENT_OUT_OF_DATE: 'the intent file is out of date',
};

function reasonOf(deviation: Deviation): Reason {
  const { code, subject, metric, against, intended, seen, onsetMinute, actor, says } = deviation;
  if (code === 'INTENT_OUT_OF_DATE') {
    return {
      code,
      text: `${subject}: ${WHAT[code]}: ${metric}: ${says}. Only suspected, since two words of people stand against each other. Update the file if this is how it should be; else set it back, and accept a newer period.`,
    };
  }
  const sure =
    against === 'intent'
      ? 'The difference to the intent is exact.'
      : 'Nobody declared it: it is held against the accepted period, and only suspected.';
  return {
    code,
    text: `${subject}: ${WHAT[code]}${actor === undefined ? '' : ` (${actor})`}: ${metric} is ${round(seen)}, was to be ${round(intended)}, since minute ${onsetMinute}. ${sure} Accept it into the intent file, or set it back.`,
  };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
