import type { SystemView } from '../../equal-load/system-view.ts';
import type { JudgedEntry } from './judge-entry.ts';
import { countWindow, STEP_MINUTES, STEPS_PER_HOUR } from './ledger-entry.ts';
import type { MaskKind } from './mask-kind.ts';

/** What comes before what: a process that dies makes its callers retry, and not the other way round. */
const ORDER: readonly (readonly MaskKind[])[] = [
  ['restart'],
  ['lost-endpoint'],
  ['stale'],
  ['not-called'],
  ['refused'],
  ['fallback'],
  ['breaker-opening'],
  ['absorbed', 'retry'],
];

/**
 * The subject of entries that belong together: the most upstream cause for which there is evidence in the three hours
 * before a step.
 */
export function nameCause(entries: readonly JudgedEntry[], view: SystemView, untilStep: number): string {
  const masks = ORDER.find((kinds) => entries.some((entry) => kinds.includes(entry.mask))) ?? [];
  const first = largest(
    entries.filter((entry) => masks.includes(entry.mask)),
    untilStep,
  );
  const { mask } = first;
  if (mask === 'not-called') return changedCache(first, view, untilStep) ?? first.where;
  if (mask === 'absorbed' || mask === 'retry') {
    const caches = entries.flatMap((entry) => changedCache(entry, view, untilStep) ?? []);
    if (caches[0] !== undefined) return caches[0];
    const retried = entries.filter((entry) => entry.mask === 'retry');
    return retried.length === 0 ? first.where : failingOnItsOwn(retried, view, untilStep);
  }
  if (mask === 'fallback') {
    const edges = entries.filter((entry) => entry.mask === 'absorbed' && entry.services[0] === first.where);
    return edges.length === 0 ? first.where : largest(edges, untilStep).where;
  }
  return first.where;
}

function largest(entries: readonly JudgedEntry[], untilStep: number): JudgedEntry {
  const hidden = (entry: JudgedEntry) =>
    countWindow(entry.sums, Math.max(0, untilStep - 3 * STEPS_PER_HOUR), untilStep).masked;
  return entries.reduce((best, entry) => (hidden(entry) > hidden(best) ? entry : best));
}

/** The caller, if it has a cache that answers more, or less, than it did: that is the cause of what its store sees. */
function changedCache(
  entry: JudgedEntry,
  { history, accepted }: SystemView,
  untilStep: number,
): string | null {
  const caller = entry.services[0] as string;
  const { cacheHits, cacheMisses } = history.services.get(caller)?.series ?? {};
  if (cacheHits === undefined || cacheMisses === undefined || entry.services.length < 2) return null;
  const missRatio = (from: number, until: number) => {
    let [hits, misses] = [0, 0];
    for (let minute = from; minute < until; minute++) {
      if (Number.isNaN((cacheHits[minute] as number) + (cacheMisses[minute] as number))) continue;
      hits += cacheHits[minute] as number;
      misses += cacheMisses[minute] as number;
    }
    return misses / (hits + misses);
  };
  const until = untilStep * STEP_MINUTES;
  const change =
    missRatio(until - 180, until) / missRatio(accepted.fromMinute, Math.min(accepted.untilMinute, until));
  return change > 1.5 || change < 1 / 1.5 ? caller : null;
}

/** The callee whose failures, as callers see them, are least explained by failures of what it calls itself. */
function failingOnItsOwn(
  entries: readonly JudgedEntry[],
  { history }: SystemView,
  untilStep: number,
): string {
  const callees = new Set(entries.flatMap(({ services }) => services.at(-1) ?? []));
  const failures = (of: (edge: { from: string; to: string }) => boolean) => {
    let sum = 0;
    for (const edge of history.edges.filter(of)) {
      for (let step = Math.max(0, untilStep - 3 * STEPS_PER_HOUR); step < untilStep; step++) {
        sum += edge.failures[step] || 0;
      }
    }
    return sum;
  };
  const own = [...callees].map((service) => ({
    service,
    unexplained: failures(({ to }) => to === service) - failures(({ from }) => from === service),
  }));
  return own.reduce((worst, one) => (one.unexplained > worst.unexplained ? one : worst)).service;
}
