import { EDGE_STEP_MINUTES, type EdgeHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';

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
  const { history, accepted } = view;
  const known = new Set(history.intent.edges?.flatMap(({ from, to }) => [from, to]) ?? []);
  const untilStep = Math.ceil(accepted.untilMinute / EDGE_STEP_MINUTES);
  const spans = history.edges.map((edge) => ({ edge, ...spanOf(edge.calls) }));
  const seen = view.frozen('edges in use', () =>
    spans.filter(({ first }) => first < untilStep).map(({ edge: { from, to } }) => ({ from, to })),
  );
  if (seen === null) return new Set();
  for (const { from, to } of seen) known.add(from).add(to);
  const isSeen = new Set(seen.map(({ from, to }) => `${from}->${to}`));
  const isUnknown = (name: string) => !known.has(name);
  const renamed = new Set<EdgeHistory>();
  for (const begun of spans.filter(({ edge }) => isUnknown(edge.from) || isUnknown(edge.to))) {
    for (const ended of spans) {
      const isTurn =
        Math.abs(ended.last - begun.first) <= TOGETHER_STEPS &&
        isSeen.has(`${ended.edge.from}->${ended.edge.to}`);
      if (!isTurn || !isSameBut(begun.edge, ended.edge, isUnknown)) continue;
      const now = meanCalls(begun.edge.calls, begun.first + 1, begun.first + 1 + TOGETHER_STEPS);
      const before = meanCalls(ended.edge.calls, ended.last - DAY_STEPS, ended.last);
      if (now > SAME_TRAFFIC_RATIO * before || before > SAME_TRAFFIC_RATIO * now) continue;
      renamed.add(begun.edge).add(ended.edge);
    }
  }
  return renamed;
}

function isSameBut(begun: EdgeHistory, ended: EdgeHistory, isUnknown: (name: string) => boolean): boolean {
  return (
    (begun.from === ended.from && isUnknown(begun.to)) || (begun.to === ended.to && isUnknown(begun.from))
  );
}

function spanOf(calls: Float64Array): { readonly first: number; readonly last: number } {
  const isCalled = (n: number) => n > 0;
  return { first: calls.findIndex(isCalled), last: calls.findLastIndex(isCalled) };
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
