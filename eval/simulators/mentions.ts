import { randomFrom } from '../../core/random-from.ts';
import type { ReferenceTally } from '../../core/reference-tally.ts';
import { NOW_MS } from './checkout.ts';
import { serviceOf } from './shop-of-edges.ts';

/** What log records mention, while spans get lost, alone or by the second, and a tail sampler drops whole traces. */
export function mentions(of: {
  lostRatio?: number;
  by?: 'span' | 'batch';
  tailDropRatio?: number;
  perSecond?: number;
  seconds?: number;
  seed?: number;
  mentionedBy?: ReferenceTally['mentionedBy'];
}): ReferenceTally[] {
  const { lostRatio = 0, by = 'batch', tailDropRatio = 0, perSecond = 20, seconds = 600 } = of;
  const random = randomFrom(of.seed ?? 1);
  const startMs = NOW_MS - seconds * 1_000;
  const phase = random();
  const isLost = new Map<number, boolean>();
  const tallies = new Map<number, ReferenceTally>();
  for (let at = 0; ; ) {
    at += -Math.log(1 - random()) / perSecond;
    if (at >= seconds) break;
    const bucketMs = startMs + Math.floor(at) * 1_000;
    const tally = tallies.get(bucketMs) ?? {
      windowMs: Math.floor(bucketMs / 5_000) * 5_000,
      service: serviceOf('shop'),
      mentionedBy: of.mentionedBy ?? 'log',
      bucketMs,
      found: 0,
      spansMissing: 0,
      tracesMissing: 0,
      spanBatches: [],
      exampleTraceIds: [],
    };
    const batch = Math.floor(at + phase);
    if (!isLost.has(batch)) isLost.set(batch, random() < lostRatio);
    const lost = by === 'batch' ? isLost.get(batch) === true : random() < lostRatio;
    if (random() < tailDropRatio) {
      tallies.set(bucketMs, { ...tally, tracesMissing: tally.tracesMissing + 1 });
    } else if (lost) {
      tallies.set(bucketMs, {
        ...tally,
        spansMissing: tally.spansMissing + 1,
        exampleTraceIds: [`trace-${at}`],
      });
    } else {
      const spanBatches = [...new Set([...tally.spanBatches, String(batch)])];
      tallies.set(bucketMs, { ...tally, found: tally.found + 1, spanBatches });
    }
  }
  return [...tallies.values()];
}
