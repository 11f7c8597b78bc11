import type { Fleet } from './fleet.ts';

/** Spans of one visit of the shop below. */
const SPANS_PER_ROOT = 9;

/** gateway -> checkout -> cart and payment, and gateway -> cart: a caller with two callees, one of them shared. */
export function smallShop(of: {
  readonly prefix: string;
  readonly spansPerSecond: number;
  readonly exportMs: number;
}): Fleet {
  const name = (service: string) => `${of.prefix}${service}`;
  const service = (own: string, callees: readonly string[]) => ({
    name: name(own),
    instances: 1,
    exportMs: of.exportMs,
    workMs: 10,
    calls: callees.map((to) => ({ to: name(to), probability: 1 })),
  });
  return {
    services: [
      service('gateway', ['checkout', 'cart']),
      service('checkout', ['cart', 'payment']),
      service('cart', []),
      service('payment', []),
    ],
    entries: [{ to: name('gateway'), perSecond: of.spansPerSecond / SPANS_PER_ROOT }],
    hasRhythm: false,
    hasBursts: false,
    deployEveryMs: Number.POSITIVE_INFINITY,
    networkMs: 30,
    skewMsMax: 5,
    metricEveryMs: 60_000,
    pointsPerReport: 60, // a p99 takes 370 points in ten minutes, with some minutes missing too
    logRatio: 0,
  };
}
