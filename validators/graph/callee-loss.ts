import type { EdgeTally } from '../../core/edge-tally.ts';
import type { Interval } from '../../core/interval.ts';
import type { PairBaseline, PairTally } from '../../core/pair-tally.ts';
import { type ServiceId, serviceKey } from '../../core/service-key.ts';
import { sourceKey } from '../../core/source.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import type { Reason } from '../../core/verdict.ts';
import { batchAwareInterval } from '../batch-aware-interval.ts';
import { foldSources } from '../fold-sources.ts';
import type { WindowEstimate } from '../judge-windows.ts';
import type { LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { shareLaterThan } from '../share-later-than.ts';
import { windowsUntil } from '../windows.ts';
import { captureRecapture } from './capture-recapture.ts';
import { LossCells } from './loss-cells.ts';

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
/** All calls of so long unanswered, while the callee sends on: another one answers there, and is not instrumented. */
const CHANGED_MS = 10_000;
const CHANGED_CALLS_MIN = 10;
const LATE_RATIO_MAX = 0.01;
/** A callee silent for longer than answers are ever waited for has lost them, as far as anyone can use them. */
const WAIT_MS_MAX = 60_000;

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
  const veto = vetoOf({ subject, consistent, changed, telling, fast, receivedMsMax });
  const [first] = (fast.cells.lost > 0 ? fast : slow).examples;
  return {
    id,
    kind: 'graph',
    fast: fast.estimate,
    slow: slow.estimate,
    veto,
    blame:
      first === undefined
        ? null
        : {
            at: 'source',
            name: subject.callee.serviceName,
            text: `${fast.cells.lost} of ${fast.cells.all} calls from ${callersOf(telling)} have no span of ${subject.callee.serviceName} that answered, usually ${percent(1 - usualOf(telling))}; look at its exporter's queue, its errors and the way to us.`,
          },
    exampleTraceIds: fast.cells.lost > 0 ? fast.examples : slow.examples,
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

function isChanged({ pairs }: Edge, untilMs: number, receivedMsMax: number | null): boolean {
  const latest = pairs.filter(({ windowMs }) => windowMs >= untilMs - CHANGED_MS);
  const calls = latest.reduce((sum, pair) => sum + pair.calls, 0);
  const isUnanswered = latest.every(({ callee, calls: some }) => callee === null || some === 0);
  return calls >= CHANGED_CALLS_MIN && isUnanswered && (receivedMsMax ?? 0) >= untilMs;
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

function vetoOf(of: {
  readonly subject: Subject;
  readonly consistent: readonly Edge[];
  readonly changed: readonly Edge[];
  readonly telling: readonly Edge[];
  readonly fast: Pool;
  readonly receivedMsMax: number | null;
}): Reason | null {
  const { subject, changed, fast, receivedMsMax } = of;
  const { settled } = subject.input;
  const name = subject.callee.serviceName;
  if (of.consistent.length === 0) {
    const text = `${name}, or all that call it, sample inconsistently, so an answer may never have been kept; see the verdict of dimension sampling.`;
    return { code: 'SAMPLING_INCONSISTENT', text };
  }
  if (of.telling.length === 0) {
    const [peer] = changed.map(({ baseline }) => baseline.peer);
    const text = `No call to ${peer || name} has had an answer for ${CHANGED_MS / 1_000} s, though ${name} sends on: something uninstrumented answers there now; see what was deployed behind that name, and instrument it.`;
    return { code: 'PEER_CHANGED', text };
  }
  if (fast.failed > fast.cells.all) {
    const text = `${fast.failed} of ${fast.failed + fast.cells.all} calls to ${name} end in an error, so those without an answer may never have reached it; see whether it serves.`;
    return { code: 'CALLS_FAILING', text };
  }
  const { fastStartMs } = windowsUntil(subject.nowMs);
  const recent = foldSources(subject.arrivals.filter(({ receiveStartMs }) => receiveStartMs >= fastStartMs));
  const lateShare = recent === null ? 0 : shareLaterThan(recent.lateness, settled.lagMs);
  if (lateShare > LATE_RATIO_MAX) {
    const text = `${percent(lateShare)} of the newest spans of ${name} arrived later than the ${settled.lagMs / 1_000} s that answers are waited for, so a missing answer may be late rather than lost; see the verdict of dimension timeliness.`;
    return { code: 'ANSWERS_LATE', text };
  }
  const silentMs = receivedMsMax === null ? null : subject.nowMs - receivedMsMax;
  if (silentMs !== null && silentMs > settled.lagMs && silentMs <= WAIT_MS_MAX) {
    const text = `Nothing has arrived from ${name} for ${Math.round(silentMs / 1_000)} s, so its answers may be late rather than lost; after a minute they count as lost.`;
    return { code: 'CALLEE_SILENT', text };
  }
  return null;
}

function usualOf(edges: readonly Edge[]): number {
  const calls = (edge: Edge) => edge.pairs.reduce((sum, pair) => sum + pair.calls, 0);
  const all = edges.reduce((sum, edge) => sum + calls(edge), 0);
  return all === 0
    ? 1
    : edges.reduce((sum, edge) => sum + calls(edge) * edge.baseline.answeredRatio, 0) / all;
}

function callersOf(edges: readonly Edge[]): string {
  return [...new Set(edges.map(({ baseline }) => baseline.caller.serviceName))].sort().slice(0, 3).join(', ');
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(2))} %`;
}
