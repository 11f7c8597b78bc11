import { EDGE_STEP_MINUTES, type EdgeHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import type { Deviation } from './deviation.ts';

type Ends = Pick<EdgeHistory, 'from' | 'to'>;

const DAY_STEPS = (24 * 60) / EDGE_STEP_MINUTES;
/** One name goes as another comes. */
const TOGETHER_STEPS = 6 * (60 / EDGE_STEP_MINUTES);
/** And takes over what it carried. */
const SAME_TRAFFIC_RATIO = 1.5;

/**
 * Edges between which a service changed its name: one with a name that nobody knew begins as one with a name that was
 * known ends, on the same other end, with the same traffic. Whether the topology changed, or only the name, cannot be
 * said: nothing is held against either.
 * @returns `from->to` of them
 */
export function renamedEdges(view: SystemView): ReadonlySet<string> {
  return new Set(
    renamings(view, () => Number.POSITIVE_INFINITY)
      .flatMap(({ begun, ended }) => [begun, ended])
      .map(({ from, to }) => `${from}->${to}`),
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
  const isDeclared = ({ from, to }: Ends) => edges.some((edge) => edge.from === from && edge.to === to);
  const told = (first: number) => first + 1 + 2 * TOGETHER_STEPS;
  return renamings(view, told)
    .filter(({ begun, ended }) => isDeclared(ended) && !isDeclared(begun))
    .map(({ begun, ended, first }) => {
      const perHour = 6 * meanCalls(begun.calls, first + 1, told(first));
      return {
        service: begun.from,
        subject: `${begun.from}->${begun.to}`,
        code: 'INTENT_OUT_OF_DATE',
        metric: 'calls per hour',
        against: 'intent',
        onsetMinute: first * EDGE_STEP_MINUTES,
        detectedMinute: Math.max(accepted.untilMinute, told(first) * EDGE_STEP_MINUTES - 1),
        confirmedMinute: null,
        closedMinute: null,
        intended: 0,
        seen: perHour,
        says: `it took over the calls of ${ended.from}->${ended.to}, which ended then: a service seems to have another name now`,
      };
    });
}

interface Renaming {
  readonly begun: EdgeHistory;
  readonly ended: Ends;
  /** Of the step in which the new name came; of the first that is read, where it came before. */
  readonly first: number;
}

/** @param knownUntil by the step at which the new name came, the step up to which calls are looked at */
function renamings(view: SystemView, knownUntil: (firstStep: number) => number): Renaming[] {
  const { history } = view;
  const firsts = history.edges.map((edge) => ({ edge, first: edge.calls.findIndex(isCalled) }));
  const seen = view.frozen('edges in use', ({ fromMinute, untilMinute }) => {
    const [from, until] = [fromMinute, untilMinute].map((minute) => Math.ceil(minute / EDGE_STEP_MINUTES));
    return firsts
      .filter(({ first }) => first >= 0 && first < (until as number))
      .map(({ edge }) => ({
        from: edge.from,
        to: edge.to,
        calls: meanCalls(edge.calls, from as number, until as number),
      }));
  });
  if (seen === null) return [];
  const known = new Set([...(history.intent.edges ?? []), ...seen].flatMap(({ from, to }) => [from, to]));
  const isUnknown = (name: string) => !known.has(name);
  const found: Renaming[] = [];
  for (const { edge: begun, first } of firsts) {
    if (first < 0 || !(isUnknown(begun.from) || isUnknown(begun.to))) continue;
    const until = knownUntil(first);
    if (until !== Number.POSITIVE_INFINITY && until > begun.calls.length) continue;
    for (const ended of seen.filter((edge) => isSameBut(begun, edge, isUnknown))) {
      // What ended before all that is read is not in the history at all.
      const calls = history.edges.find(({ from, to }) => from === ended.from && to === ended.to)?.calls;
      const last = calls?.subarray(0, Math.min(until, calls.length)).findLastIndex(isCalled) ?? -1;
      if (Math.abs(last - first) > TOGETHER_STEPS) continue;
      const isDayRead = calls !== undefined && last >= DAY_STEPS;
      const before = isDayRead ? meanCalls(calls, last - DAY_STEPS, last) : ended.calls;
      const now = meanCalls(begun.calls, first + 1, first + 1 + (isDayRead ? TOGETHER_STEPS : DAY_STEPS));
      if (now > SAME_TRAFFIC_RATIO * before || before > SAME_TRAFFIC_RATIO * now) continue;
      found.push({ begun, ended, first });
    }
  }
  return found;
}

function isSameBut(begun: Ends, ended: Ends, isUnknown: (name: string) => boolean): boolean {
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
