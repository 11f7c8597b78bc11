import type { SourceExpectation } from '../core/expectation.ts';
import { serviceKey } from '../core/service-key.ts';
import type { Source } from '../core/source.ts';
import type { SourceTally } from '../core/source-tally.ts';
import type { Limits, Outcome, Reason, Verdict } from '../core/verdict.ts';
import type { CallerLoss } from './bound-loss.ts';
import { buildEstimator, buildVerdict } from './build-verdict.ts';
import { foldSources } from './fold-sources.ts';
import { judgeWindows, type WindowEstimate } from './judge-windows.ts';
import type { MeasuredLoss } from './measure-loss.ts';
import { shareLaterThan } from './share-later-than.ts';
import { type CompletenessFacts, tellCompleteness } from './tell-completeness.ts';
import { SLOW_MS, windowsUntil } from './windows.ts';

/** Lost share of spans. */
const COMPLETENESS_LIMITS: Limits = { warn: 0.01, fail: 0.05 };
/** Settling waits for a minute at most; twice that without a settled window, and nobody is settling. */
const SETTLED_AGO_MS_MAX = 120_000;
/** More of a caller's spans than this arriving after the wait could be what looks like loss. */
const LATE_RATIO_MAX = 0.01;
/** A caller silent for longer than parents are ever waited for has lost them, as far as anyone can use them. */
const WAIT_MS_MAX = 60_000;

/**
 * Which share of this service's spans never arrived? Estimated from its callees: a SERVER or CONSUMER span whose
 * remote parent is missing, once the parent had time to arrive, is a lost span of the caller (C5, remote edges
 * only: local parents travel in the same batch and vanish with their children). Unbiased for single losses and,
 * other than orphans on all edges, for lost batches: 5.7 % lost read 5.7 % against 2.2 %.
 * - Attribution and bounds between callers: `boundLoss`. Batches: `batchAwareInterval`.
 * - At least 30 children; limits of 1 % and 5 % unless the expectation says otherwise.
 * - Unknown where callees or callers sample inconsistently, and where the caller's spans arrive later than was
 *   waited for, or have stopped within the last minute: late is not lost.
 * False alarms to know of: a proxy that rewrites traceparent and sends no spans itself, callers that sample by
 * their own coin, and parents still open after the wait (streams).
 * @param input.loss null while nothing was ever settled
 * @param input.tallies arrivals of the same service, for its lateness; any instances, split in any way
 * @see quality.md 3.1 C5, 3.6 and 3.7
 */
export function checkCompleteness(
  input: {
    readonly source: Source;
    readonly loss: MeasuredLoss | null;
    readonly tallies: readonly SourceTally[];
    readonly inconsistent: boolean;
  },
  expectation: SourceExpectation | null,
  nowMs: number,
): Verdict {
  const limits = expectation?.limits.completeness ?? COMPLETENESS_LIMITS;
  const facts = gather(input, limits, nowMs);
  const { loss } = facts;
  const untilMs = loss?.settledUntilMs ?? nowMs;
  const window = facts.decisive ?? { startMs: untilMs - SLOW_MS, endMs: untilMs };
  return buildVerdict(
    {
      source: input.source,
      dimension: 'completeness',
      unit: 'ratio',
      limits,
      outcome: facts.outcome,
      interval: facts.decisive?.interval ?? null,
      n: facts.decisive?.n ?? 0,
      window: { startMs: window.startMs, endMs: window.endMs },
      reasons: tellCompleteness(facts),
      estimators:
        facts.fast === null && facts.slow === null
          ? []
          : [
              buildEstimator('remote-orphans-45s', 'graph', facts.fast?.n ?? 0, facts.fast?.interval ?? null),
              buildEstimator('remote-orphans-10m', 'graph', facts.slow?.n ?? 0, facts.slow?.interval ?? null),
            ],
      evidence: describe(input.source, facts),
    },
    nowMs,
  );
}

/** No way yet to tell how much of a service's metrics or logs is lost: said, rather than left out. */
export function unknownCompleteness(
  source: Source,
  expectation: SourceExpectation | null,
  nowMs: number,
): Verdict {
  const text = `No estimator of lost ${source.signal} exists yet; completeness is known for traces.`;
  return buildVerdict(
    {
      source,
      dimension: 'completeness',
      unit: 'ratio',
      limits: expectation?.limits.completeness ?? COMPLETENESS_LIMITS,
      outcome: 'unknown',
      interval: null,
      n: 0,
      window: { startMs: nowMs - SLOW_MS, endMs: nowMs },
      reasons: [{ code: 'NO_ESTIMATOR', text }],
      estimators: [],
      evidence: {},
    },
    nowMs,
  );
}

function gather(
  input: Parameters<typeof checkCompleteness>[0],
  limits: Limits,
  nowMs: number,
): CompletenessFacts {
  const key = serviceKey(input.source);
  const { loss } = input;
  const fast = loss?.fast.get(key) ?? null;
  const slow = loss?.slow.get(key) ?? null;
  const { fastStartMs } = windowsUntil(nowMs);
  const recent = foldSources(input.tallies.filter((tally) => tally.receiveStartMs >= fastStartMs));
  const lateShare = recent === null || loss === null ? 0 : shareLaterThan(recent.lateness, loss.lagMs);
  const receivedMsMax = foldSources(input.tallies)?.receivedMsMax ?? null;
  const silentMs = receivedMsMax === null ? null : nowMs - receivedMsMax;
  const base = { source: input.source, loss, fast, slow, limits, lateShare, silentMs, nowMs };
  const veto = vetoOf({ ...base, inconsistent: input.inconsistent, key });
  if (loss === null || slow === null || veto === 'NOT_SETTLED') {
    return { ...base, veto, outcome: 'unknown', decisive: null };
  }
  const windows = {
    fast: estimate(fast, loss.fastStartMs, loss.settledUntilMs),
    slow: estimate(slow, loss.slowStartMs, loss.settledUntilMs),
  };
  const judged = judgeWindows(windows, limits);
  const outcome: Outcome = veto === null ? judged.outcome : 'unknown';
  // Late parents can only look like loss, so a pass stands in spite of them.
  const isLate = veto === 'PARENTS_LATE' || veto === 'CALLER_SILENT';
  if (isLate && judged.outcome === 'pass') return { ...base, veto: null, ...judged };
  return { ...base, veto, outcome, decisive: judged.decisive };
}

function vetoOf(of: {
  loss: MeasuredLoss | null;
  fast: CallerLoss | null;
  slow: CallerLoss | null;
  lateShare: number;
  silentMs: number | null;
  limits: Limits;
  inconsistent: boolean;
  key: string;
  nowMs: number;
}): Reason['code'] | null {
  if (of.loss === null || of.nowMs - of.loss.settledUntilMs > SETTLED_AGO_MS_MAX) return 'NOT_SETTLED';
  if (of.inconsistent) return 'SAMPLING_INCONSISTENT';
  if (of.slow === null)
    return of.loss.vetoedCallers.has(of.key) ? 'SAMPLING_INCONSISTENT' : 'NO_REMOTE_CHILDREN';
  if (of.lateShare > Math.min(LATE_RATIO_MAX, of.limits.warn)) return 'PARENTS_LATE';
  const { silentMs } = of;
  const isSilent = silentMs !== null && silentMs > of.loss.lagMs && silentMs <= WAIT_MS_MAX;
  return isSilent ? 'CALLER_SILENT' : null;
}

function estimate(loss: CallerLoss | null, startMs: number, endMs: number): WindowEstimate {
  return { interval: loss?.interval ?? null, n: loss?.n ?? 0, startMs, endMs, mayPass: true };
}

function describe(source: Source, facts: CompletenessFacts): Record<string, unknown> {
  const { loss, slow, fast } = facts;
  if (loss === null) return {};
  const callees = [...((fast ?? slow)?.callees ?? [])]
    .sort((a, b) => b.attributed - a.attributed)
    .slice(0, 10);
  return {
    settledUntilMs: loss.settledUntilMs,
    waitedForParentsMs: loss.lagMs,
    arrivedLaterThanThatRatio: facts.lateShare,
    callerBatches: { fast: fast?.batchCount ?? 0, slow: slow?.batchCount ?? 0 },
    callees,
    exampleTraceIds: fast?.exampleTraceIds ?? slow?.exampleTraceIds ?? [],
    unattributed: loss.unattributed.get(serviceKey(source)) ?? null,
  };
}
