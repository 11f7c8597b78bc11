import type { OrdinalTally } from '../../core/ordinal-tally.ts';
import { randomFrom } from '../../core/random-from.ts';
import { NOW_MS } from './checkout.ts';
import { serviceOf } from './shop-of-edges.ts';

/** What the reader would give for a service that exports every second, and loses exports or single records. */
export function ordinalTallies(of: {
  lostRatio: number;
  by: 'span' | 'batch';
  perSecond: number;
  seconds: number;
  seed: number;
}): OrdinalTally[] {
  const random = randomFrom(of.seed);
  const startMs = NOW_MS - of.seconds * 1_000;
  const phase = random();
  const buckets = new Map<number, OrdinalTally>();
  /** Numbers that are missing and whose bucket is not known yet: that of the next number that comes. */
  let [missing, gaps, inGap, started] = [0, 0, false, false];
  for (let second = 0; second < of.seconds; second++) {
    const arrivalMs = startMs + (second + phase) * 1_000;
    const receiveStartMs = Math.floor(arrivalMs / 5_000) * 5_000;
    const batchLost = of.by === 'batch' && random() < of.lostRatio;
    let found = 0;
    for (let i = 0; i < of.perSecond; i++) {
      const lost = of.by === 'batch' ? batchLost : random() < of.lostRatio;
      if (lost && !inGap && started) gaps++;
      inGap = lost;
      if (lost && started) missing++;
      if (!lost) {
        found++;
        started = true;
      }
    }
    if (found === 0) continue;
    const tally = buckets.get(receiveStartMs) ?? {
      service: serviceOf('shop'),
      signal: 'traces',
      receiveStartMs,
      numbered: 0,
      found: 0,
      gaps: 0,
      arrivals: 0,
      worstProcess: '',
      unnumbered: 0,
    };
    buckets.set(receiveStartMs, {
      ...tally,
      numbered: tally.numbered + found + missing,
      found: tally.found + found,
      gaps: tally.gaps + gaps,
      arrivals: tally.arrivals + 1,
      worstProcess: missing > 0 ? 'pod-1 (boot a)' : tally.worstProcess,
    });
    [missing, gaps] = [0, 0];
  }
  return [...buckets.values()];
}
