import type { EdgeTally } from '../../core/edge-tally.ts';
import type { Interval } from '../../core/interval.ts';
import type { PairBaseline, PairTally } from '../../core/pair-tally.ts';
import { type ServiceId, serviceKey } from '../../core/service-key.ts';
import { sourceKey } from '../../core/source.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import { batchAwareInterval } from '../batch-aware-interval.ts';
import { foldSources } from '../fold-sources.ts';
import type { WindowEstimate } from '../judge-windows.ts';
import type { LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { percent } from '../percent.ts';
import { windowsUntil } from '../windows.ts';
import { captureRecapture } from './capture-recapture.ts';
import { LossCells } from './loss-cells.ts';
import { vetoCalleeLoss } from './veto-callee-loss.ts';

/** What the callers' side says about everybody: settled calls, how they usually are answered, and who still sends. */
export interface CalleeLossInput {
  /** Of the ten minutes before `settled.untilMs`. */
  readonly pairs: readonly PairTally[];
  /** From before the fast window, see `readPairBaselines`. */
  readonly baselines: readonly PairBaseline[];
  /** Remote edges of the same ten minutes, for how many calls there were; they decide nothing here. */
  readonly edges: readonly EdgeTally[];
  /** Arrivals of traces, any instances, split in any way. */
  readonly arrivals: readonly SourceTally[];
  readonly settled: { readonly untilMs: number; readonly lagMs: number };
  /** `serviceKey`s of services whose sampling verdict is fail. */
  readonly inconsistent: ReadonlySet<string>;
}

const CALLS_MIN = 30;
/** Two minutes each: what usual is must have been seen three times. */
const STRETCHES_MIN = 3;
/** Answers of others under the same name: below this an unanswered call is nobody's. */
const CALLEE_RATIO_MIN = 0.95;
/** From median distance to standard deviation, and two of these to the low end of what is usual. */
const MAD_TO_LOW = 2 * 1.4826;
/** So many calls unanswered and none answered, while the callee sends on: something uninstrumented answers there. */
const CHANGED_CALLS_MIN = 10;
/** Before a change all was answered; where some was lost before, exports are lost and the last of them too. */
const CHANGED_BEFORE_RATIO_MAX = 0.02;

/** All calls of one caller to one peer, with how they usually go. */
interface Edge {
  readonly baseline: PairBaseline;
  readonly pairs: readonly PairTally[];
}

/**
 * Lost shares of services from calls that their callers made and they did not answer with a span, for each service
 * that is called through peers that `concerns` accepts. With a = the share answered now and b = the share answered
 * usually:
 * - *lower* end: how far a fell below the low end of b. What was never answered (caches, sidecars) is no loss.
 * - *upper* end: 1 - a, as if every call should be answered. A loss that has been there since the first
 *   call is in b too; it cannot be told from a cache, and must not pass.
 * Calls that ended in an error are left out: a timeout never reached the other side.
 * A peer all of whose calls are unanswered of a sudden, while its service sends on, is answered by something
 * uninstrumented now: it speaks about nobody.
 */
export function calleeLoss(
  id: string,
  input: CalleeLossInput,
  of: { readonly concerns: (baseline: PairBaseline) => boolean; readonly nowMs: number },
): LossEstimates {
  const byCallee = Map.groupBy(edgesOf(input, of.concerns), ({ baseline }) => serviceKey(baseline.callee));
  const arrivals = Map.groupBy(input.arrivals, ({ source }) => serviceKey(source));
  const orphans = orphansByCallee(input.edges);
  return new Map(
    [...byCallee].map(([key, edges]) => {
      const { callee } = (edges[0] as Edge).baseline;
      const estimate = estimateOne(id, {
        callee,
        edges,
        orphans: orphans.get(key) ?? 0,
        arrivals: arrivals.get(key) ?? [],
        input,
        nowMs: of.nowMs,
      });
      return [sourceKey({ ...callee, serviceInstanceId: '', signal: 'traces' }), estimate];
    }),
  );
}

function edgesOf(input: CalleeLossInput, concerns: (baseline: PairBaseline) => boolean): Edge[] {
  const pairs = Map.groupBy(input.pairs, (pair) => edgeKey(pair));
  return input.baselines
    .filter(
      (baseline) =>
        baseline.stretches >= STRETCHES_MIN && baseline.calleeRatio >= CALLEE_RATIO_MIN && concerns(baseline),
    )
    .map((baseline) => ({ baseline, pairs: pairs.get(edgeKey(baseline)) ?? [] }));
}

function edgeKey({ caller, peer }: { readonly caller: ServiceId; readonly peer: string }): string {
  return `${serviceKey(caller)}\u001f${peer}`;
}

function orphansByCallee(edges: readonly EdgeTally[]): Map<string, number> {
  const orphans = new Map<string, number>();
  for (const { callee, caller, children } of edges) {
    if (caller !== null) continue;
    const key = serviceKey(callee);
    orphans.set(key, (orphans.get(key) ?? 0) + children);
  }
  return orphans;
}

interface Subject {
  readonly callee: ServiceId;
  readonly edges: readonly Edge[];
  readonly orphans: number;
  readonly arrivals: readonly SourceTally[];
  readonly input: CalleeLossInput;
  readonly nowMs: number;
}

function estimateOne(id: string, subject: Subject): LossEstimate {
  const { settled } = subject.input;
  const { fastStartMs, slowStartMs } = windowsUntil(settled.untilMs);
  const receivedMsMax = foldSources(subject.arrivals)?.receivedMsMax ?? null;
  const consistent = subject.edges.filter((edge) => isConsistent(edge, subject.input.inconsistent));
  const changed = consistent.filter((edge) => isChanged(edge, settled.untilMs, receivedMsMax));
  const telling = consistent.filter((edge) => !changed.includes(edge));
  const window = (startMs: number) => ({ startMs, endMs: settled.untilMs });
  const [fast, slow] = [pool(telling, window(fastStartMs)), pool(telling, window(slowStartMs))];
  const worse = fast.cells.lost > 0 ? fast : slow;
  const veto = vetoCalleeLoss({
    callee: subject.callee,
    consistentEdges: consistent.length,
    tellingEdges: telling.length,
    changedPeer: changed[0]?.baseline.peer ?? null,
    answerableCalls: fast.cells.all,
    failedCalls: fast.failed,
    arrivals: subject.arrivals,
    lagMs: settled.lagMs,
    nowMs: subject.nowMs,
  });
  return {
    id,
    kind: 'graph',
    fast: fast.estimate,
    slow: slow.estimate,
    veto,
    blame:
      worse.cells.lost === 0
        ? null
        : {
            at: 'source',
            name: subject.callee.serviceName,
            text: `${worse.cells.lost} of ${worse.cells.all} calls from ${callersOf(telling)} have no span of ${subject.callee.serviceName} that answered, usually ${percent(1 - usualOf(telling))}; look at its exporter's queue, its errors and the way to us.`,
          },
    exampleTraceIds: worse.examples,
    evidence: {
      calls: { fast: fast.cells.all, slow: slow.cells.all },
      unanswered: { fast: fast.cells.lost, slow: slow.cells.lost },
      usuallyAnsweredRatio: usualOf(telling),
      failedCalls: { fast: fast.failed, slow: slow.failed },
      changedPeers: changed.map(({ baseline }) => `${baseline.caller.serviceName} to ${baseline.peer}`),
      captureRecapture: captureRecapture({
        callers: slow.cells.all,
        callees: slow.cells.all - slow.cells.lost + subject.orphans,
        pairs: slow.cells.all - slow.cells.lost,
      }),
    },
  };
}

function isConsistent({ baseline }: Edge, inconsistent: ReadonlySet<string>): boolean {
  return ![baseline.caller, baseline.callee].some((service) => inconsistent.has(serviceKey(service)));
}

/** Whether all was answered until a moment of the fast window (or before it), and nothing since. */
function isChanged({ pairs }: Edge, untilMs: number, receivedMsMax: number | null): boolean {
  const { fastStartMs } = windowsUntil(untilMs);
  const byWindow = Map.groupBy(pairs, ({ windowMs }) => windowMs);
  const windows = [...byWindow]
    .filter(([windowMs]) => windowMs >= fastStartMs && windowMs < untilMs)
    .sort(([a], [b]) => b - a)
    .map(([, own]) => ({
      calls: callsOf(own),
      answered: callsOf(own.filter(({ callee }) => callee !== null)),
    }));
  const lastAnswered = windows.findIndex(({ answered }) => answered > 0);
  const since = windows.slice(0, lastAnswered === -1 ? windows.length : lastAnswered);
  // The window in which it changed is neither.
  const before = lastAnswered === -1 ? [] : windows.slice(lastAnswered + 1);
  const sum = (of: (window: { calls: number; answered: number }) => number, from: typeof windows) =>
    from.reduce((all, window) => all + of(window), 0);
  const unansweredBefore = sum(({ calls, answered }) => calls - answered, before);
  return (
    sum(({ calls }) => calls, since) >= CHANGED_CALLS_MIN &&
    unansweredBefore <= CHANGED_BEFORE_RATIO_MAX * sum(({ calls }) => calls, before) &&
    (receivedMsMax ?? 0) >= untilMs
  );
}

function callsOf(pairs: readonly PairTally[]): number {
  return pairs.reduce((sum, pair) => sum + pair.calls, 0);
}

interface Pool {
  readonly cells: LossCells;
  readonly failed: number;
  readonly examples: readonly string[];
  readonly estimate: WindowEstimate;
}

function pool(edges: readonly Edge[], window: { readonly startMs: number; readonly endMs: number }): Pool {
  const cells = new LossCells();
  const examples = new Set<string>();
  let [failed, usual, usualLow] = [0, 0, 0];
  for (const { baseline, pairs } of edges) {
    const low = Math.max(0, baseline.answeredRatio - MAD_TO_LOW * baseline.answeredRatioMad);
    for (const pair of pairs) {
      if (pair.windowMs < window.startMs || pair.windowMs >= window.endMs) continue;
      const isLost = pair.callee === null;
      cells.add(pair.bucketMs, isLost ? pair.calls : 0, isLost ? 0 : pair.calls, pair.calleeBatches);
      failed += pair.failedCalls;
      usual += pair.calls * baseline.answeredRatio;
      usualLow += pair.calls * low;
      for (const example of pair.exampleTraceIds) examples.add(example);
    }
  }
  const interval =
    cells.all < CALLS_MIN ? null : against(cells, { usual: usual / cells.all, low: usualLow / cells.all });
  return {
    cells,
    failed,
    examples: [...examples].sort().slice(0, 5),
    estimate: { interval, n: cells.all, ...window, mayPass: true },
  };
}

/** Unanswered shares turned into lost ones, by what is usually answered. */
function against(
  cells: LossCells,
  answered: { readonly usual: number; readonly low: number },
): Interval | null {
  const unanswered = batchAwareInterval(cells.counts);
  if (unanswered === null || answered.low === 0) return null;
  const lostOf = (share: number, usual: number) => Math.max(0, 1 - (1 - share) / usual);
  return {
    estimate: lostOf(unanswered.estimate, answered.usual),
    lower: lostOf(unanswered.lower, answered.low),
    upper: unanswered.upper,
  };
}

function usualOf(edges: readonly Edge[]): number {
  const calls = (edge: Edge) => callsOf(edge.pairs);
  const all = edges.reduce((sum, edge) => sum + calls(edge), 0);
  return all === 0
    ? 1
    : edges.reduce((sum, edge) => sum + calls(edge) * edge.baseline.answeredRatio, 0) / all;
}

function callersOf(edges: readonly Edge[]): string {
  return [...new Set(edges.map(({ baseline }) => baseline.caller.serviceName))].sort().slice(0, 3).join(', ');
}
