import { type Interval, wilson } from '../core/interval.ts';
import { normalQuantile } from '../core/normal-quantile.ts';
import type { ServiceId } from '../core/service-key.ts';
import { batchAwareInterval, effectiveCount, type LossCounts } from './batch-aware-interval.ts';
import type { CalleeFold, EdgeFold, FoundFold } from './fold-edges.ts';
import { type OrphanCell, splitOrphans } from './split-orphans.ts';

/** One of a caller's callees, as far as it speaks about the caller's losses. */
interface CalleeShare {
  readonly callee: ServiceId;
  readonly found: number;
  readonly orphans: number;
  /** Orphans put down to this caller. */
  readonly attributed: number;
  readonly otherCallers: number;
}

export interface CallerLoss {
  readonly caller: ServiceId;
  /** Children whose parent was found, plus orphans put down to this caller. */
  readonly n: number;
  readonly interval: Interval | null;
  /**
   * The orphans sit where this caller's other callees say it lost nothing: not explained by its losses. The bounds
   * have crossed; `interval` then reaches from nothing to the higher one.
   */
  readonly contradictory: boolean;
  readonly batchCount: number;
  readonly callees: readonly CalleeShare[];
  readonly exampleTraceIds: readonly string[];
}

const CHILDREN_MIN = 30;
const TAIL = 0.025;
/** More pools cost more in the correction for taking the best of them than they bring. */
const POOLS_MAX = 12;
/** Of the allowed error, what goes to the wide pools: all callees, the best while nobody loses, and the sole ones. */
const WIDE_SHARE = 0.8;
const RARE_SHARE = 0.01;

/**
 * How much of each caller's spans was lost, bounded by what the orphans of its callees can mean at most and at
 * least. An orphan's parent is a remote span that never came; the child does not say whose. So:
 * - *upper*: every orphan of a callee may be this caller's. Any group of its callees bounds its loss that way, and
 *   the lowest bound counts (2.5 % of error in all, divided among the groups): a callee without orphans clears
 *   the caller.
 * - *lower*: of a callee's orphans, those that its other callers cannot have lost, given their own upper bounds.
 * - *estimate*: the split of `splitOrphans`.
 * When two callers share all their callees in the same way, the lower bounds are 0 and nobody is failed.
 * Rests on: a lost CLIENT span is like any lost span of the caller; a caller's losses do not pick their callee
 * (else `contradictory`); a callee's callers are those that were seen in `learned`.
 * @param fold the window judged
 * @param learned a longer one, for who calls whom: a caller cut off in the window is found there
 * @returns by `serviceKey` of the caller; callees without any known caller take no part
 * @see Chernozhukov, Lee and Rosen 2013, doi:10.3982/ECTA8718 (bounds from intersections)
 */
export function boundLoss(fold: EdgeFold, learned: EdgeFold): ReadonlyMap<string, CallerLoss> {
  const views = viewByCaller(fold, learned);
  const uppers = new Map([...views].map(([key, view]) => [key, upperOf(view)]));
  const split = splitOrphans(cellsOf(fold, learned));
  return new Map(
    [...views].map(([key, view]) => [
      key,
      buildLoss({ key, view, uppers, split: (callee) => split.get(callee)?.get(key) ?? 0 }),
    ]),
  );
}

/** A caller of a callee: found in the window, and what its usual share of the window's children would be. */
interface KnownCaller {
  readonly key: string;
  readonly caller: ServiceId;
  readonly found: number;
  readonly share: number;
  readonly expected: number;
}

/** One callee as one caller sees it. */
interface View {
  readonly key: string;
  readonly fold: CalleeFold;
  readonly found: FoundFold | null;
  readonly others: readonly KnownCaller[];
  readonly caller: ServiceId;
}

function viewByCaller(fold: EdgeFold, learned: EdgeFold): Map<string, View[]> {
  const views = new Map<string, View[]>();
  for (const [key, callee] of fold) {
    const known = knownCallers(callee, learned.get(key));
    for (const { key: callerKey, caller } of known) {
      const others = known.filter((other) => other.key !== callerKey);
      const view = { key, fold: callee, found: callee.found.get(callerKey) ?? null, others, caller };
      views.set(callerKey, [...(views.get(callerKey) ?? []), view]);
    }
  }
  return views;
}

function knownCallers(callee: CalleeFold, learned: CalleeFold | undefined): KnownCaller[] {
  const known = new Map([...callee.found, ...(learned?.found ?? [])]);
  const usual = [...known.values()].reduce((sum, { count }) => sum + count, 0);
  const now = [...callee.found.values()].reduce((sum, { count }) => sum + count, callee.orphanCount);
  return [...known].map(([key, { caller, count }]) => {
    const share = usual > 0 ? count / usual : 0;
    return { key, caller, found: callee.found.get(key)?.count ?? 0, share, expected: share * now };
  });
}

function cellsOf(fold: EdgeFold, learned: EdgeFold): OrphanCell[] {
  return [...fold].map(([key, callee]) => ({
    callee: key,
    orphans: callee.orphanCount,
    callers: knownCallers(callee, learned.get(key)).map(({ key: caller, found, expected }) => ({
      caller,
      found,
      expected,
    })),
  }));
}

function upperOf(views: readonly View[]): number {
  const sole = views.filter((view) => view.others.length === 0);
  const wide = sole.length > 0 && sole.length < views.length ? [views, sole] : [views];
  // By found children only, never by orphans: a pool chosen for its few orphans would flatter.
  const single = views
    .filter((view) => view.found !== null && view.found.count >= CHILDREN_MIN)
    .sort((a, b) => (b.found?.count ?? 0) - (a.found?.count ?? 0) || (a.key < b.key ? -1 : 1))
    .slice(0, POOLS_MAX)
    .map((view) => [view])
    .filter((pool) => !wide.some((other) => other.length === 1 && other[0] === pool[0]));
  const wideShare = single.length === 0 ? 1 : WIDE_SHARE;
  const bound = (pool: View[], tail: number) => batchAwareInterval(countLoss(pool), tail)?.upper ?? 1;
  return Math.min(
    1,
    ...wide.map((pool) => bound([...pool], (TAIL * wideShare) / wide.length)),
    ...single.map((pool) => bound(pool, (TAIL * (1 - wideShare)) / single.length)),
  );
}

function countLoss(views: readonly View[]): LossCounts {
  const bySecond = new Map<number, { lost: number; all: number }>();
  const batches = new Set<string>();
  const add = (startMs: number, lost: number, found: number) => {
    const cell = bySecond.get(startMs) ?? { lost: 0, all: 0 };
    cell.lost += lost;
    cell.all += lost + found;
    bySecond.set(startMs, cell);
  };
  for (const { fold, found } of views) {
    for (const [startMs, orphans] of fold.orphansBySecond) add(startMs, orphans, 0);
    for (const [startMs, children] of found?.bySecond ?? []) add(startMs, 0, children);
    for (const batch of found?.batches ?? []) batches.add(batch);
  }
  return { bySecond, batchCount: batches.size };
}

function buildLoss(of: {
  key: string;
  view: readonly View[];
  uppers: ReadonlyMap<string, number>;
  split: (callee: string) => number;
}): CallerLoss {
  const found = of.view.reduce((sum, view) => sum + (view.found?.count ?? 0), 0);
  const attributed = of.view.reduce((sum, view) => sum + of.split(view.key), 0);
  const n = found + attributed;
  const upper = of.uppers.get(of.key) ?? 1;
  const lower = lowerOf(of.view, of.uppers);
  const contradictory = lower > upper;
  const [low, high] = contradictory ? [0, lower] : [lower, upper];
  const estimate = n > 0 ? Math.min(high, Math.max(low, attributed / n)) : 0;
  return {
    caller: (of.view[0] as View).caller,
    n: Math.round(n),
    interval: n < CHILDREN_MIN ? null : { estimate, lower: low, upper: high },
    contradictory,
    batchCount: countLoss(of.view).batchCount,
    callees: of.view.map((view) => ({
      callee: view.fold.callee,
      found: view.found?.count ?? 0,
      orphans: view.fold.orphanCount,
      attributed: of.split(view.key),
      otherCallers: view.others.length,
    })),
    exampleTraceIds: [...new Set(of.view.flatMap((view) => view.fold.exampleTraceIds))].sort().slice(0, 5),
  };
}

/** Lower end of the lost share from orphans no other known caller can account for. */
function lowerOf(views: readonly View[], uppers: ReadonlyMap<string, number>): number {
  const z = normalQuantile(1 - TAIL);
  const sure = views.map((view) => {
    const others = view.others.reduce(
      (sum, other) => sum + mayHaveLost(other, uppers.get(other.key) ?? 1),
      0,
    );
    // The others' bound is one of their mean; their count may exceed even that.
    const possible = others + z * Math.sqrt(others);
    return { view, orphans: Math.max(0, view.fold.orphanCount - possible) };
  });
  const telling = sure.filter(({ view, orphans }) => view.others.length === 0 || orphans > 0);
  const orphans = telling.reduce((sum, one) => sum + one.orphans, 0);
  if (orphans === 0) return 0;
  const counts = countLoss(telling.map(({ view }) => view));
  const lost = telling.reduce((sum, { view }) => sum + view.fold.orphanCount, 0);
  const found = telling.reduce((sum, { view }) => sum + (view.found?.count ?? 0), 0);
  const n = effectiveCount(counts, { lost, all: lost + found }, TAIL);
  return wilson((orphans / (orphans + found)) * n, n, z).lower;
}

/**
 * found x upper / (1 - upper): how many more of its spans a caller may have lost; nothing found bounds nothing.
 * A rare caller is bounded by its rarity too: one call of a cron job must not stand for fifty orphans.
 */
function mayHaveLost({ found, share, expected }: KnownCaller, upper: number): number {
  const byLoss = upper >= 1 ? Number.POSITIVE_INFINITY : (found * upper) / (1 - upper);
  return share < RARE_SHARE ? Math.min(byLoss, 3 * expected + 3) : byLoss;
}
