import type { EdgeTally } from '../../core/edge-tally.ts';
import type { PairBaseline, PairTally } from '../../core/pair-tally.ts';
import { randomFrom } from '../../core/random-from.ts';
import { type Loss, serviceOf } from './shop-of-edges.ts';

interface PairCall {
  readonly from: string;
  readonly to: string;
  readonly perSecond: number;
  /** Part of the calls that an instrumented span answers, without any loss. */
  readonly answeredRatio?: number;
  readonly failedRatio?: number;
}

export interface PairShop {
  readonly calls: readonly PairCall[];
  readonly losses?: Readonly<Record<string, Loss>>;
  /** From when on the losses happen; the beginning by default. */
  readonly lossFromS?: number;
  readonly seconds: number;
  readonly batchSeconds?: number;
  readonly seed: number;
  readonly startMs: number;
}

type Counting<Tally> = {
  -readonly [Key in keyof Tally]: Tally[Key] extends readonly string[] ? string[] : Tally[Key];
};

/**
 * Calls as settling would write them, in both directions: pairs from the calls that came, edges from the answers that
 * came. Each service exports every `batchSeconds` at a phase of its own, so batches do not line up with the buckets.
 */
export function pairsOfShop(shop: PairShop): { pairs: PairTally[]; edges: EdgeTally[] } {
  const random = randomFrom(shop.seed);
  const batchMs = (shop.batchSeconds ?? 1) * 1_000;
  const phases = new Map<string, number>();
  const lostBatches = new Map<string, boolean>();
  const pairs = new Map<string, Counting<PairTally>>();
  const edges = new Map<string, Counting<EdgeTally>>();
  /** The export that brings a span of this service, null when it is lost. */
  const exportOf = (service: string, atMs: number): string | null => {
    const phase = phases.get(service) ?? random() * batchMs;
    phases.set(service, phase);
    const batch = `${service}@${Math.floor((atMs + phase) / batchMs)}`;
    const loss = shop.losses?.[service];
    if (loss === undefined || atMs < (shop.lossFromS ?? 0) * 1_000) return batch;
    if (!lostBatches.has(batch)) lostBatches.set(batch, random() < loss.ratio);
    const isLost = loss.by === 'batch' ? lostBatches.get(batch) === true : random() < loss.ratio;
    return isLost ? null : batch;
  };
  for (const { from, to, perSecond, answeredRatio = 1, failedRatio = 0 } of shop.calls) {
    for (let at = 0; ; ) {
      at += (-Math.log(1 - random()) / perSecond) * 1_000;
      if (at >= shop.seconds * 1_000) break;
      const bucketMs = shop.startMs + Math.floor(at / 1_000) * 1_000;
      const windowMs = Math.floor(bucketMs / 5_000) * 5_000;
      const call = exportOf(from, at);
      const isFailed = random() < failedRatio;
      const isAnswered = !isFailed && random() < answeredRatio;
      const answer = isAnswered ? exportOf(to, at) : null;
      if (call !== null) {
        const key = `${from} ${to} ${answer !== null} ${bucketMs}`;
        let pair = pairs.get(key);
        if (pair === undefined) {
          pair = {
            windowMs,
            bucketMs,
            caller: serviceOf(from),
            peer: `${to}:80`,
            callee: answer === null ? null : serviceOf(to),
            calls: 0,
            failedCalls: 0,
            calleeBatches: [],
            exampleTraceIds: answer === null ? [`trace-${at}`] : [],
          };
          pairs.set(key, pair);
        }
        if (isFailed) pair.failedCalls++;
        else pair.calls++;
        if (answer !== null && !pair.calleeBatches.includes(answer)) pair.calleeBatches.push(answer);
      }
      if (answer !== null) {
        const key = `${to} ${call === null ? '' : from} ${bucketMs}`;
        let edge = edges.get(key);
        if (edge === undefined) {
          edge = {
            windowMs,
            bucketMs,
            callee: serviceOf(to),
            caller: call === null ? null : serviceOf(from),
            children: 0,
            callerBatches: [],
            exampleTraceIds: [],
          };
          edges.set(key, edge);
        }
        edge.children++;
      }
    }
  }
  return { pairs: [...pairs.values()], edges: [...edges.values()] };
}

export function baselineOf(from: string, to: string, rest: Partial<PairBaseline> = {}): PairBaseline {
  return {
    caller: serviceOf(from),
    peer: `${to}:80`,
    callee: serviceOf(to),
    calleeRatio: 1,
    stretches: 30,
    answeredRatio: 1,
    answeredRatioMad: 0,
    ...rest,
  };
}
