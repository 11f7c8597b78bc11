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
function changedCache(entry: JudgedEntry, view: SystemView, untilStep: number): string | null {
  const caller = entry.services[0] as string;
  if (entry.services.length < 2) return null;
  const until = untilStep * STEP_MINUTES;
  const [now, before] = [missRatio(view, caller, until - 180, until), acceptedMissRatio(view, caller)];
  if (now === null || before === null) return null;
  return now > 1.5 * before || now < before / 1.5 ? caller : null;
}

/** What a changed cache is told by, where one may change one day. */
export function acceptedMissRatio(view: SystemView, service: string): number | null {
  return view.frozen(`cache misses of ${service}`, ({ fromMinute, untilMinute }) =>
    missRatio(view, service, fromMinute, untilMinute),
  );
}

function missRatio({ history }: SystemView, service: string, from: number, until: number): number | null {
  const { cacheHits, cacheMisses } = history.services.get(service)?.series ?? {};
  if (cacheHits === undefined || cacheMisses === undefined) return null;
  let [hits, misses] = [0, 0];
  for (let minute = Math.max(0, from); minute < until; minute++) {
    if (Number.isNaN((cacheHits[minute] as number) + (cacheMisses[minute] as number))) continue;
    hits += cacheHits[minute] as number;
    misses += cacheMisses[minute] as number;
  }
  return hits + misses > 0 ? misses / (hits + misses) : null;
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
