import type { CalleeFold, EdgeFold, FoundFold } from './fold-edges.ts';

/** From here on a caller is no longer new: by then samplers have shown themselves, and calls that stay open have ended. */
export const NEW_MS = 240_000;
/** The beginning of a caller's life: so long, and so many calls. */
const FIRST_MS = 10_000;
const FIRST_CALLS = 30;
/** Missing this part of what is missing now counts as missing from the beginning. */
const PART_MIN = 0.25;

interface Second {
  readonly startMs: number;
  readonly missing: number;
  readonly found: number;
}

/**
 * New callers whose spans have been missing from their first calls on. Nothing of a loss has begun there, and a
 * sampler that decides alone, or calls that stay open for minutes, look the same until they had time to show
 * themselves (`findSampledAlone`, `PARENTS_OPEN`). A loss that begins later than its caller is none of these.
 * @param fold settled edges of ten minutes
 * @param untilMs end of the newest settled window
 * @returns since when, ms, by `serviceKey` of the caller
 */
export function findMissingSinceFirstSeen(fold: EdgeFold, untilMs: number): ReadonlyMap<string, number> {
  const called = new Map<string, CalleeFold[]>();
  for (const callee of fold.values())
    for (const caller of callee.found.keys()) called.set(caller, [...(called.get(caller) ?? []), callee]);
  const since = new Map<string, number>();
  for (const [caller, callees] of called) {
    const firstMs = Math.min(...callees.map((callee) => firstOf(callee.found.get(caller))));
    if (untilMs - firstMs >= NEW_MS) continue;
    const seconds = secondsOf(caller, callees).filter(({ startMs }) => startMs >= firstMs);
    const share = missingShare(seconds);
    if (share > 0 && missingShare(beginningOf(seconds, firstMs)) >= PART_MIN * share)
      since.set(caller, firstMs);
  }
  return since;
}

function firstOf(found: FoundFold | undefined): number {
  let firstMs = Number.POSITIVE_INFINITY;
  for (const startMs of found?.bySecond.keys() ?? []) firstMs = Math.min(firstMs, startMs);
  return firstMs;
}

/** Of a caller and its callees, in order of time. */
function secondsOf(caller: string, callees: readonly CalleeFold[]): Second[] {
  const seconds = new Map<number, Second>();
  const add = (counts: ReadonlyMap<number, number>, of: (count: number) => Omit<Second, 'startMs'>) => {
    for (const [startMs, count] of counts) {
      const { missing = 0, found = 0 } = seconds.get(startMs) ?? {};
      const more = of(count);
      seconds.set(startMs, { startMs, missing: missing + more.missing, found: found + more.found });
    }
  };
  for (const { found, orphansBySecond } of callees) {
    add(orphansBySecond, (count) => ({ missing: count, found: 0 }));
    add(found.get(caller)?.bySecond ?? new Map(), (count) => ({ missing: 0, found: count }));
  }
  return [...seconds.values()].sort((a, b) => a.startMs - b.startMs);
}

function beginningOf(seconds: readonly Second[], firstMs: number): readonly Second[] {
  let calls = 0;
  const end = seconds.findIndex(({ startMs, missing, found }) => {
    if (startMs >= firstMs + FIRST_MS && calls >= FIRST_CALLS) return true;
    calls += missing + found;
    return false;
  });
  return end === -1 ? seconds : seconds.slice(0, end);
}

function missingShare(seconds: readonly Second[]): number {
  const sum = (of: (second: Second) => number) => seconds.reduce((all, second) => all + of(second), 0);
  const all = sum(({ missing, found }) => missing + found);
  return all === 0 ? 0 : sum(({ missing }) => missing) / all;
}
