import { logBin } from '../../core/log-bin.ts';
import { sourceKey } from '../../core/source.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import { estimateCaptureRecapture } from '../../validators/graph/estimate-capture-recapture.ts';
import { estimateOrdinalGaps } from '../../validators/graph/estimate-ordinal-gaps.ts';
import { estimateReferences } from '../../validators/graph/estimate-references.ts';
import { FAST_MS, SLOW_MS } from '../../validators/windows.ts';
import { NOW_MS } from '../simulators/checkout.ts';
import { mentions } from '../simulators/mentions.ts';
import { ordinalTallies } from '../simulators/ordinal-tallies.ts';
import { baselineOf, pairsOfShop } from '../simulators/pairs-of-shop.ts';
import { serviceOf } from '../simulators/shop-of-edges.ts';
import type { CaseGroup } from './case.ts';
import { lossCases } from './observe-loss.ts';

const SECONDS = { fast: FAST_MS / 1_000, slow: SLOW_MS / 1_000 };
const KINDS = [
  { by: 'span', text: 'records, each alone' },
  { by: 'batch', text: 'whole batches of 1 s' },
] as const;
const PER_SECOND = 20;
const SETTLED = { untilMs: NOW_MS, lagMs: 5_000 };
/** Ordinals are waited for so long after a window. */
const ORDINALS_MS = 10_000;

const keyOf = (name: string) => sourceKey({ ...serviceOf(name), serviceInstanceId: '', signal: 'traces' });
const CALL = { from: 'gateway', to: 'cart', perSecond: PER_SECOND };

/** C7, C8, C10: what callers, log records and numbers on records say was lost. */
export function graph(): CaseGroup {
  return {
    name: 'graph',
    title: 'C7, C8, C10: lost share by callers, by log records and by ordinals',
    coverage: KINDS.flatMap(({ by, text }) => [
      ...lossCases({
        check: 'C7 capture-recapture',
        fault: text,
        estimate: ({ ratio, window, seed }) => {
          const seconds = SECONDS[window];
          const shop = { calls: [CALL], losses: { cart: { ratio, by } }, seconds, seed };
          const input = {
            ...pairsOfShop({ ...shop, startMs: NOW_MS - seconds * 1_000 }),
            baselines: [baselineOf(CALL.from, CALL.to)],
            arrivals: [alive(CALL.from), alive(CALL.to)],
            settled: SETTLED,
            inconsistent: new Set<string>(),
          };
          return estimateCaptureRecapture(input, NOW_MS).get(keyOf('cart'));
        },
      }),
      ...lossCases({
        check: 'C8 log references',
        fault: text,
        estimate: ({ ratio, window, seed }) => {
          const seconds = SECONDS[window];
          const references = mentions({ lostRatio: ratio, by, perSecond: PER_SECOND, seconds, seed });
          const input = { references, settled: SETTLED, inconsistent: new Set<string>() };
          return estimateReferences('log', input).get(keyOf('shop'));
        },
      }),
      ...lossCases({
        check: 'C10 ordinal gaps',
        fault: text,
        estimate: ({ ratio, window, seed }) => {
          const run = { lostRatio: ratio, by, perSecond: 50, seconds: SECONDS[window], seed };
          return estimateOrdinalGaps(ordinalTallies(run), NOW_MS + ORDINALS_MS).get(keyOf('shop'));
        },
      }),
    ]),
    alarms: [],
  };
}

/** A service whose spans come half a second after their end. */
function alive(name: string): SourceTally {
  const latenessMs = 500;
  return {
    source: { ...serviceOf(name), serviceInstanceId: 'pod-1', signal: 'traces' },
    receiveStartMs: NOW_MS,
    items: 500,
    eventTimeMsMax: NOW_MS - latenessMs,
    receivedMsMax: NOW_MS,
    latenessMsMin: latenessMs,
    latenessMsMax: latenessMs,
    latenessBins: new Map([[logBin(latenessMs), 500]]),
    anomalous: 0,
    rhythmBucketsMs: [NOW_MS],
  };
}
