import type { OpenParents } from '../core/open-parents.ts';
import { serviceKey } from '../core/service-key.ts';
import type { Source } from '../core/source.ts';
import type { SourceTally } from '../core/source-tally.ts';
import type { Limits } from '../core/verdict.ts';
import type { CallerLoss } from './bound-loss.ts';
import { foldSources } from './fold-sources.ts';
import { judgeWindows, type WindowEstimate } from './judge-windows.ts';
import type { Blame, LossEstimate } from './loss-estimate.ts';
import type { MeasuredLoss } from './measure-loss.ts';
import { shareLaterThan } from './share-later-than.ts';
import { type OrphanFacts, type OrphanVeto, tellOrphans, tellVeto } from './tell-orphans.ts';
import { windowsUntil } from './windows.ts';

/** Settling waits for a minute at most; twice that without a settled window, and nobody is settling. */
const SETTLED_AGO_MS_MAX = 120_000;
/** More of a caller's spans than this arriving after the wait could be what looks like loss. */
const LATE_RATIO_MAX = 0.01;
/** Of fewer calls a share says nothing. */
const CALLS_MIN = 30;
/** A caller silent for longer than parents are ever waited for has lost them, as far as anyone can use them. */
const WAIT_MS_MAX = 60_000;

/** These can only look like loss, so a pass stands in spite of them. */
const ONLY_LIKE_LOSS: ReadonlySet<OrphanVeto> = new Set([
  'LOOKS_SAMPLED',
  'MISSING_SINCE_FIRST_SEEN',
  'PARENTS_LATE',
  'PARENTS_OPEN',
  'CALLER_SILENT',
]);

/**
 * Which share of this service's spans never arrived, told by its callees: a SERVER or CONSUMER span whose remote
 * parent is missing, once the parent had time to arrive, is a lost span of the caller (C5, remote edges only: local
 * parents travel in the same batch and vanish with their children). Unbiased for single losses and, other than orphans
 * on all edges, for lost batches: 5.7 % lost read 5.7 % against 2.2 %.
 * - Attribution and bounds between callers: `boundLoss`. Batches: `batchAwareInterval`. At least 30 children.
 * - Vetoed where callees or callers sample inconsistently, and where the caller's spans arrive later than was waited
 *   for, or have stopped within the last minute: late is not lost.
 * - Vetoed too where more calls than the warn limit allows arrive so long after their start that their children were
 *   settled without them: they were still open. How long a call stays open is known when it ends, so the first
 *   minutes of such calls look like a loss, until the first of them have ended and are one in a hundred of those of ten
 *   minutes; nothing that has arrived by then tells them apart.
 * - Vetoed where traces seem never to have been kept (`findSampledAlone`), and for the first minutes of a caller whose
 *   spans are missing from the first (`findMissingSinceFirstSeen`): which of these it is shows by then.
 * False alarms to know of: a proxy that rewrites traceparent and sends no spans itself, callers that sample by
 * their own coin and too seldom to show it, and the first minutes of calls that begin to stay open.
 * @param input.loss null while nothing was ever settled
 * @param input.open how many of the service's calls of ten minutes arrived later than parents are waited for
 * @param input.tallies arrivals of the same service, for its lateness; any instances, split in any way
 * @see quality.md 3.1 C5, 3.6 and 3.7
 */
export function estimateRemoteOrphans(
  input: {
    readonly source: Source;
    readonly loss: MeasuredLoss | null;
    readonly tallies: readonly SourceTally[];
    readonly inconsistent: boolean;
    readonly open?: OpenParents | undefined;
  },
  limits: Limits,
  nowMs: number,
): LossEstimate {
  const facts = gather(input, limits, nowMs);
  const { loss, fast, slow, judged } = facts;
  const code = vetoOf(facts, input.inconsistent);
  const isMoot = code !== null && ONLY_LIKE_LOSS.has(code) && judged?.outcome === 'pass';
  return {
    id: 'remote-orphans',
    kind: 'graph',
    ...windowsOf(loss, { fast, slow }, nowMs),
    veto: code === null || isMoot ? null : tellVeto(code, facts),
    reasons: tellOrphans(facts),
    blame: blameOf(facts),
    exampleTraceIds: fast?.exampleTraceIds ?? slow?.exampleTraceIds ?? [],
    evidence: describe(facts),
  };
}

function gather(
  input: Parameters<typeof estimateRemoteOrphans>[0],
  limits: Limits,
  nowMs: number,
): OrphanFacts {
  const { source, loss } = input;
  const fast = loss?.fast.get(serviceKey(source)) ?? null;
  const slow = loss?.slow.get(serviceKey(source)) ?? null;
  const { fastStartMs } = windowsUntil(nowMs);
  const recent = foldSources(input.tallies.filter((tally) => tally.receiveStartMs >= fastStartMs));
  const lateShare = recent === null || loss === null ? 0 : shareLaterThan(recent.lateness, loss.lagMs);
  const openShare =
    input.open === undefined || input.open.spans < CALLS_MIN ? 0 : input.open.late / input.open.spans;
  const receivedMsMax = foldSources(input.tallies)?.receivedMsMax ?? null;
  const silentMs = receivedMsMax === null ? null : nowMs - receivedMsMax;
  const judged = loss === null ? null : judgeWindows(windowsOf(loss, { fast, slow }, nowMs), limits);
  return { source, loss, fast, slow, limits, lateShare, openShare, silentMs, nowMs, judged };
}

function vetoOf(facts: OrphanFacts, inconsistent: boolean): OrphanVeto | null {
  const { loss, slow, silentMs, nowMs } = facts;
  if (loss === null || nowMs - loss.settledUntilMs > SETTLED_AGO_MS_MAX) return 'NOT_SETTLED';
  if (inconsistent) return 'SAMPLING_INCONSISTENT';
  if (slow === null) return loss.vetoedCallers.get(serviceKey(facts.source)) ?? 'NO_REMOTE_CHILDREN';
  const lateRatioMax = Math.min(LATE_RATIO_MAX, facts.limits.warn);
  if (facts.lateShare > lateRatioMax) return 'PARENTS_LATE';
  if (facts.openShare > lateRatioMax) return 'PARENTS_OPEN';
  if (loss.sampledAlone.has(serviceKey(facts.source))) return 'LOOKS_SAMPLED';
  if (loss.missingSinceFirstSeen.has(serviceKey(facts.source))) return 'MISSING_SINCE_FIRST_SEEN';
  const isSilent = silentMs !== null && silentMs > loss.lagMs && silentMs <= WAIT_MS_MAX;
  return isSilent ? 'CALLER_SILENT' : null;
}

function windowsOf(
  loss: MeasuredLoss | null,
  of: { readonly fast: CallerLoss | null; readonly slow: CallerLoss | null },
  nowMs: number,
): { fast: WindowEstimate; slow: WindowEstimate } {
  const endMs = loss?.settledUntilMs ?? nowMs;
  const { fastStartMs, slowStartMs } = loss ?? windowsUntil(nowMs);
  const window = (one: CallerLoss | null, startMs: number): WindowEstimate => ({
    interval: one?.interval ?? null,
    n: one?.n ?? 0,
    startMs,
    endMs,
    mayPass: true,
  });
  return { fast: window(of.fast, fastStartMs), slow: window(of.slow, slowStartMs) };
}

/** Orphans that may be another caller's too blame nobody: the lower bound says how much is surely this one's. */
function blameOf({ source, fast, slow }: OrphanFacts): Blame | null {
  const lost = fast ?? slow;
  if (lost === null || (lost.interval?.lower ?? 0) === 0) return null;
  return {
    at: 'source',
    name: source.serviceName,
    text: `Spans of ${source.serviceName} are missing whose callees' spans are here: they were lost between its SDK and us. Look at its exporter's queue, its errors and the way to us.`,
  };
}

function describe({ source, loss, slow, fast, lateShare, openShare }: OrphanFacts): Record<string, unknown> {
  if (loss === null) return {};
  const callees = [...((fast ?? slow)?.callees ?? [])]
    .sort((a, b) => b.attributed - a.attributed)
    .slice(0, 10);
  return {
    settledUntilMs: loss.settledUntilMs,
    waitedForParentsMs: loss.lagMs,
    arrivedLaterThanThatRatio: lateShare,
    callsArrivedLaterAfterTheirStartRatio: openShare,
    sampledAlone: loss.sampledAlone.get(serviceKey(source)) ?? null,
    callerBatches: { fast: fast?.batchCount ?? 0, slow: slow?.batchCount ?? 0 },
    callees,
    unattributed: loss.unattributed.get(serviceKey(source)) ?? null,
  };
}
