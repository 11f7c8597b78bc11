import { EDGE_STEP_MINUTES, type EdgeHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import type { Deviation } from './deviation.ts';

const DAY_STEPS = (24 * 60) / EDGE_STEP_MINUTES;
/** One name goes as another comes. */
const TOGETHER_STEPS = 6 * (60 / EDGE_STEP_MINUTES);
/** And takes over what it carried. */
const SAME_TRAFFIC_RATIO = 1.5;

/**
 * Edges between which a service changed its name: one with a name that nobody knew begins as one with a name that was
 * known ends, on the same other end, with the same traffic. Whether the topology changed, or only the name, cannot be
 * said: nothing is held against either.
 */
export function renamedEdges(view: SystemView): ReadonlySet<EdgeHistory> {
  return new Set(
    renamings(view, () => Number.POSITIVE_INFINITY).flatMap(({ begun, ended }) => [begun, ended]),
  );
}

/**
 * Names in the file that are gone while another took over what they carried: told once both have stayed so for six hours, by what
 * is known then.
 */
export function renamedInFile(view: SystemView): Deviation[] {
  const { history, accepted } = view;
  const { edges } = history.intent;
  if (edges === null) return [];
  const isDeclared = ({ from, to }: EdgeHistory) =>
    edges.some((edge) => edge.from === from && edge.to === to);
  const told = (first: number) => first + 1 + 2 * TOGETHER_STEPS;
  return renamings(view, told)
    .filter(({ begun, ended }) => isDeclared(ended) && !isDeclared(begun))
    .filter(({ first }) => told(first) * EDGE_STEP_MINUTES > accepted.untilMinute)
    .map(({ begun, ended, first }) => {
      const detectedStep = told(first) - 1;
      const perHour = 6 * meanCalls(begun.calls, first + 1, detectedStep + 1);
      return {
        service: begun.from,
        subject: `${begun.from}->${begun.to}`,
        code: 'INTENT_OUT_OF_DATE',
        metric: 'calls per hour',
        against: 'intent',
        onsetMinute: first * EDGE_STEP_MINUTES,
        detectedMinute: (detectedStep + 1) * EDGE_STEP_MINUTES - 1,
        confirmedMinute: null,
        closedMinute: null,
        intended: 0,
        seen: perHour,
        says: `it took over the calls of ${ended.from}->${ended.to}, which ended then: a service seems to have another name now`,
      };
    });
}

/** @param knownUntil by the step at which the new name came, the step up to which calls are looked at */
function renamings(
  view: SystemView,
  knownUntil: (firstStep: number) => number,
): { readonly begun: EdgeHistory; readonly ended: EdgeHistory; readonly first: number }[] {
  const { history, accepted } = view;
  const known = new Set(history.intent.edges?.flatMap(({ from, to }) => [from, to]) ?? []);
  const untilStep = Math.ceil(accepted.untilMinute / EDGE_STEP_MINUTES);
  const firsts = history.edges.map((edge) => ({ edge, first: edge.calls.findIndex(isCalled) }));
  const seen = view.frozen('edges in use', () =>
    firsts.filter(({ first }) => first < untilStep).map(({ edge: { from, to } }) => ({ from, to })),
  );
  if (seen === null) return [];
  for (const { from, to } of seen) known.add(from).add(to);
  const isSeen = new Set(seen.map(({ from, to }) => `${from}->${to}`));
  const isUnknown = (name: string) => !known.has(name);
  const found: ReturnType<typeof renamings> = [];
  for (const { edge: begun, first } of firsts) {
    if (first < 0 || !(isUnknown(begun.from) || isUnknown(begun.to))) continue;
    const until = knownUntil(first);
    if (until !== Number.POSITIVE_INFINITY && until > begun.calls.length) continue;
    for (const ended of history.edges) {
      if (!isSeen.has(`${ended.from}->${ended.to}`) || !isSameBut(begun, ended, isUnknown)) continue;
      const last = ended.calls.subarray(0, Math.min(until, ended.calls.length)).findLastIndex(isCalled);
      if (Math.abs(last - first) > TOGETHER_STEPS) continue;
      const now = meanCalls(begun.calls, first + 1, first + 1 + TOGETHER_STEPS);
      const before = meanCalls(ended.calls, last - DAY_STEPS, last);
      if (now > SAME_TRAFFIC_RATIO * before || before > SAME_TRAFFIC_RATIO * now) continue;
      found.push({ begun, ended, first });
    }
  }
  return found;
}

function isSameBut(begun: EdgeHistory, ended: EdgeHistory, isUnknown: (name: string) => boolean): boolean {
  return (
    (begun.from === ended.from && isUnknown(begun.to)) || (begun.to === ended.to && isUnknown(begun.from))
  );
}

function isCalled(n: number): boolean {
  return n > 0;
}

function meanCalls(calls: Float64Array, from: number, until: number): number {
  let sum = 0;
  let n = 0;
  for (let i = Math.max(0, from); i < Math.min(calls.length, until); i++) {
    if (Number.isNaN(calls[i])) continue;
    sum += calls[i] as number;
    n++;
  }
  return n === 0 ? 0 : sum / n;
}
