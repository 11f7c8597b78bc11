import type { Rejections } from '../../core/counter-rejections.ts';
import { ITEM_NOUN } from '../../core/signal.ts';
import { type Source, sourceKey, sourceLabel } from '../../core/source.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import { rfc3339 } from '../../core/time.ts';
import type { WindowEstimate } from '../judge-windows.ts';
import type { Blame, LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { windowsUntil } from '../windows.ts';

/** Our limits, not the sender's faults. */
const OURS = new Set(['value_too_deep']);

/**
 * C14: which share of a source's records did we refuse alone, while their neighbours were stored? Exact: the
 * counters are written with the batch they belong to. SDKs and Collectors count such records as delivered. Never
 * enough to pass on: other ways of losing records do not show here.
 * @param rejections as `readCounterRejections` gives them, with the windows of `windowsUntil`
 * @param tallies of the same windows
 * @returns of sources of which we refused anything
 * @see quality.md 3.1 C14
 */
export function estimateOwnRejections(
  rejections: readonly Rejections[],
  tallies: readonly SourceTally[],
  nowMs: number,
): LossEstimates {
  const windows = windowsUntil(nowMs);
  const whole = (source: Source) => sourceKey({ ...source, serviceInstanceId: '' });
  const stored = Map.groupBy(tallies, (tally) => whole(tally.source));
  return new Map(
    [...Map.groupBy(rejections, ({ source }) => whole(source))].map(([key, own]) => {
      const kept = stored.get(key) ?? [];
      const recent = kept.filter(({ receiveStartMs }) => receiveStartMs >= windows.fastStartMs);
      const fast = { refused: sum(own.map((one) => one.fast)), kept: sum(recent.map((one) => one.items)) };
      const slow = { refused: sum(own.map((one) => one.slow)), kept: sum(kept.map((one) => one.items)) };
      const estimate: LossEstimate = {
        id: 'own-rejections',
        kind: 'counter',
        fast: exactShare(fast, { startMs: windows.fastStartMs, endMs: nowMs }),
        slow: exactShare(slow, { startMs: windows.slowStartMs, endMs: nowMs }),
        veto: null,
        blame: blameOf(own, windows.slowStartMs),
        exampleTraceIds: [],
        evidence: {
          fast,
          slow,
          byReason: Object.fromEntries(own.map(({ reason, slow: refused }) => [reason, refused])),
        },
      };
      return [key, estimate];
    }),
  );
}

function exactShare(
  { refused, kept }: { readonly refused: number; readonly kept: number },
  range: { readonly startMs: number; readonly endMs: number },
): WindowEstimate {
  const n = refused + kept;
  const share = refused / n;
  const interval = n === 0 ? null : { estimate: share, lower: share, upper: share };
  return { interval, n, ...range, mayPass: false };
}

function blameOf(own: readonly Rejections[], sinceMs: number): Blame | null {
  const [worst] = [...own].sort((a, b) => b.slow - a.slow || (a.reason < b.reason ? -1 : 1));
  if (worst === undefined) return null;
  const { source, reason, slow, lastMs } = worst;
  const what = `${slow} ${ITEM_NOUN[source.signal]} of ${sourceLabel(source)} were refused as ${reason} since ${rfc3339(sinceMs)}, last at ${rfc3339(lastMs)}`;
  if (OURS.has(reason)) {
    return {
      at: 'us',
      name: reason,
      text: `${what}: they nest deeper than we store; flatten those attributes.`,
    };
  }
  const text = `${what}: they break OTLP, and their neighbours were stored; the sender counts them as delivered, look at the SDK or processor that made them.`;
  return { at: 'source', name: source.serviceName, text };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
