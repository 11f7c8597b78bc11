import { binomialLowerTail } from '../core/binomial-tail.ts';
import type { LocalEdgeTally } from '../core/local-edge-tally.ts';
import { serviceKey } from '../core/service-key.ts';
import { scattersAlone } from './batch-aware-interval.ts';
import type { CallerLoss } from './bound-loss.ts';
import type { CalleeFold, EdgeFold } from './fold-edges.ts';

/** Of services that do lose spans, one in a thousand is taken for a sampler. */
const CHANCE = 0.001;
/** A sampler is asked every 5 s for ever whether it still scatters; one of so many looks finds by chance that it does not. */
const SCATTER_CHANCE = 0.000_01;

/** What a service's own edges say beside its orphans. */
export interface SampledAlone {
  readonly localChildren: number;
  readonly localOrphans: number;
}

/**
 * Callers whose missing spans look like traces that were never kept rather than spans that were lost: a sampler that
 * decides by a coin of its own, without marks, drops its whole part of a trace. All of these must hold over ten minutes:
 * - *not lost span by span*: local children would be without their parents as often as remote ones. Surely (`lower`)
 *   as many must be missing that so few local orphans have a chance of 1 in 1000.
 * - *not lost for a while*: the orphans of the callee called most scatter over seconds and 5 s as single draws do, at
 *   the level of 1 in 100,000. An outage, and the beginning of any loss, is clustered by far.
 * - *not lost batch by batch*: either batches hold so many calls that this scatter tells (at the same level on both sides), or
 *   local children whose parent came in another request would be without it as often as remote ones, and, again with
 *   1 in 1000, are not; as these come together where a batch is lost, they count as at most one a batch.
 * Where less is shown, the loss stands: services of one span a trace, without flags (SDKs before OTLP 1.1), of few
 * calls, and those that call the same service many times a trace, whose orphans cluster.
 * Not told apart: an instance none of whose spans has come for ten minutes, of several. Its traces are missing whole and
 * singly, too; the words of the veto say so.
 * @param fold settled edges of ten minutes
 * @param losses of the same, by `serviceKey` of the caller
 * @param locals of the same, split in any way
 */
export function findSampledAlone(
  fold: EdgeFold,
  losses: ReadonlyMap<string, CallerLoss>,
  locals: readonly LocalEdgeTally[],
): ReadonlyMap<string, SampledAlone> {
  const byService = Map.groupBy(locals, ({ service }) => serviceKey(service));
  const found = new Map<string, SampledAlone>();
  for (const [key, loss] of losses) {
    const local = addUp(byService.get(key) ?? []);
    if (!isUnlikelySpans(loss, local)) continue;
    const callee = mostCalled(fold, key);
    if (callee === null || !isUnlikelyBatches(loss, { callee, key, local })) continue;
    found.set(key, { localChildren: local.children, localOrphans: local.orphans });
  }
  return found;
}

type Local = Pick<LocalEdgeTally, 'children' | 'orphans' | 'split'>;

function addUp(locals: readonly Local[]): Local {
  return locals.reduce<Local>(
    (sum, one) => ({
      children: sum.children + one.children,
      orphans: sum.orphans + one.orphans,
      split: sum.split + one.split,
    }),
    { children: 0, orphans: 0, split: 0 },
  );
}

function isUnlikelySpans({ interval }: CallerLoss, { children, orphans }: Local): boolean {
  return binomialLowerTail(orphans, children, interval?.lower ?? 0) <= CHANCE;
}

function isUnlikelyBatches(
  { interval, batchCount }: CallerLoss,
  of: { readonly callee: CalleeFold; readonly key: string; readonly local: Local },
): boolean {
  const own = of.callee.found.get(of.key);
  const { isAlone, showsBatches } = scattersAlone(countAll(of.callee), 1 - SCATTER_CHANCE);
  if (own === undefined || !isAlone) return false;
  if (showsBatches(own.count / own.batches.size)) return true;
  const { split, orphans } = of.local;
  const apart = split + orphans;
  const draws = Math.min(apart, batchCount);
  const missing = apart === 0 ? 0 : Math.ceil((orphans * draws) / apart);
  return binomialLowerTail(missing, draws, interval?.lower ?? 0) <= CHANCE;
}

function mostCalled(fold: EdgeFold, caller: string): CalleeFold | null {
  const countOf = (callee: CalleeFold) => callee.found.get(caller)?.count ?? 0;
  const called = [...fold].filter(([, callee]) => countOf(callee) > 0 && callee.orphanCount > 0);
  called.sort(([a, m], [b, n]) => countOf(n) - countOf(m) || (a < b ? -1 : 1));
  return called[0]?.[1] ?? null;
}

function countAll({ found, orphansBySecond }: CalleeFold) {
  const bySecond = new Map<number, { lost: number; all: number }>();
  const add = (seconds: ReadonlyMap<number, number>, isLost: boolean) => {
    for (const [startMs, count] of seconds) {
      const cell = bySecond.get(startMs) ?? { lost: 0, all: 0 };
      cell.all += count;
      if (isLost) cell.lost += count;
      bySecond.set(startMs, cell);
    }
  };
  add(orphansBySecond, true);
  for (const one of found.values()) add(one.bySecond, false);
  return { bySecond, batchCount: 0 };
}
