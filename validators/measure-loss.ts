import type { EdgeTally } from '../core/edge-tally.ts';
import type { LocalEdgeTally } from '../core/local-edge-tally.ts';
import type { SamplingTally } from '../core/sampling-tally.ts';
import type { ServiceId } from '../core/service-key.ts';
import { boundLoss, type CallerLoss } from './bound-loss.ts';
import { findMissingSinceFirstSeen } from './find-missing-since-first-seen.ts';
import { findNotFollowed } from './find-not-followed.ts';
import { findSampledAlone, type SampledAlone } from './find-sampled-alone.ts';
import { type EdgeFold, foldEdges } from './fold-edges.ts';
import { windowsUntil } from './windows.ts';

/** Orphans of a callee none of whose callers is known: kept out of every service's verdict. */
interface Unattributed {
  readonly callee: ServiceId;
  readonly orphans: number;
  readonly exampleTraceIds: readonly string[];
}

type SamplingVeto = 'SAMPLING_INCONSISTENT' | 'SAMPLING_NOT_FOLLOWED';

/** What the settled edges say about everybody's losses; a verdict of one service reads its part. */
export interface MeasuredLoss {
  readonly settledUntilMs: number;
  readonly fastStartMs: number;
  readonly slowStartMs: number;
  /** The shortest wait for parents among the windows of the fast one, ms. */
  readonly lagMs: number;
  /** By `serviceKey` of the caller. */
  readonly fast: ReadonlyMap<string, CallerLoss>;
  readonly slow: ReadonlyMap<string, CallerLoss>;
  /** By `serviceKey` of the callee, over the slow window. */
  readonly unattributed: ReadonlyMap<string, Unattributed>;
  /** Callers of callees that were left out for their sampling, and why, by `serviceKey`. */
  readonly vetoedCallers: ReadonlyMap<string, SamplingVeto>;
  /** Callers whose missing spans look never kept rather than lost, by `serviceKey`. */
  readonly sampledAlone: ReadonlyMap<string, SampledAlone>;
  /** New callers whose spans have been missing from the first, and since when, ms, by `serviceKey`. */
  readonly missingSinceFirstSeen: ReadonlyMap<string, number>;
}

/**
 * Measures the loss of every caller at once, since what one caller may have lost bounds what another has.
 * @param edges settled edges of the ten minutes before `settledUntilMs`, split in any way
 * @param settled end of the newest settled window, and how long parents were waited for
 * @param inconsistent services whose sampling verdict is fail: an orphan may then be a parent that was never kept,
 *   so callees that are or have such a service speak about nobody (quality.md 3.6, X10)
 * @param beside.marks sampling marks of the same ten minutes: nor do callees that keep what their callers did not
 * @param beside.locals local edges of the same windows as the edges
 */
export function measureLoss(
  edges: readonly EdgeTally[],
  settled: { readonly untilMs: number; readonly lagMs: number },
  inconsistent: ReadonlySet<string>,
  beside: { readonly marks?: readonly SamplingTally[]; readonly locals?: readonly LocalEdgeTally[] } = {},
): MeasuredLoss {
  const { fastStartMs, slowStartMs } = windowsUntil(settled.untilMs);
  const range = (startMs: number) => ({ startMs, endMs: settled.untilMs });
  const all = foldEdges(edges, range(slowStartMs));
  const notFollowed = findNotFollowed(all, beside.marks ?? []);
  const vetoed = new Map<string, SamplingVeto>();
  for (const [key, { found }] of all) {
    if (notFollowed.has(key)) vetoed.set(key, 'SAMPLING_NOT_FOLLOWED');
    if ([key, ...found.keys()].some((one) => inconsistent.has(one))) vetoed.set(key, 'SAMPLING_INCONSISTENT');
  }
  const slow = without(all, vetoed);
  const slowLosses = boundLoss(slow, slow);
  const locals = (beside.locals ?? []).filter(
    ({ windowMs }) => windowMs >= slowStartMs && windowMs < settled.untilMs,
  );
  const fast = without(foldEdges(edges, range(fastStartMs)), vetoed);
  return {
    settledUntilMs: settled.untilMs,
    lagMs: settled.lagMs,
    fastStartMs,
    slowStartMs,
    fast: boundLoss(fast, slow),
    slow: slowLosses,
    sampledAlone: findSampledAlone(slow, slowLosses, locals),
    missingSinceFirstSeen: findMissingSinceFirstSeen(slow, settled.untilMs),
    unattributed: unattributedOf(all),
    vetoedCallers: new Map(
      [...vetoed].flatMap(([key, veto]) =>
        [...(all.get(key)?.found.keys() ?? [])].map((caller) => [caller, veto] as const),
      ),
    ),
  };
}

function without(fold: EdgeFold, vetoed: ReadonlyMap<string, unknown>): EdgeFold {
  return new Map([...fold].filter(([key]) => !vetoed.has(key)));
}

function unattributedOf(fold: EdgeFold): ReadonlyMap<string, Unattributed> {
  const alone = [...fold].filter(([, { found, orphanCount }]) => found.size === 0 && orphanCount > 0);
  return new Map(
    alone.map(([key, { callee, orphanCount, exampleTraceIds }]) => [
      key,
      { callee, orphans: orphanCount, exampleTraceIds },
    ]),
  );
}
