import type { Fleet } from './fleet.ts';

const HOUR_MS = 3_600_000;

/** A shop of ten services, well: bursts, days and nights, deploys, scale-in, long requests, queues and a job. */
export function tenServices(rootsPerSecond: number): Fleet {
  return {
    services: [
      {
        name: 'gateway',
        instances: 3,
        exportMs: 1_000,
        workMs: 4,
        calls: [
          { to: 'catalog', probability: 0.6 },
          { to: 'search', probability: 0.3 },
          { to: 'cart', probability: 0.3 },
          { to: 'checkout', probability: 0.2 },
        ],
      },
      {
        name: 'search',
        instances: 2,
        exportMs: 1_000,
        workMs: 20,
        calls: [{ to: 'catalog', probability: 0.5 }],
      },
      {
        name: 'catalog',
        instances: 2,
        exportMs: 5_000,
        workMs: 8,
        calls: [{ to: 'inventory', probability: 0.5 }],
      },
      {
        name: 'cart',
        instances: 2,
        exportMs: 5_000,
        workMs: 6,
        calls: [{ to: 'inventory', probability: 0.3 }],
      },
      {
        name: 'checkout',
        instances: 2,
        exportMs: 1_000,
        workMs: 15,
        calls: [
          { to: 'cart', probability: 1 },
          { to: 'payment', probability: 0.9 },
          { to: 'mail', probability: 0.9, queuedMs: 2_000 },
        ],
      },
      {
        name: 'payment',
        instances: 2,
        exportMs: 5_000,
        workMs: 60,
        calls: [{ to: 'fraud', probability: 0.7 }],
      },
      {
        name: 'fraud',
        instances: 1,
        exportMs: 5_000,
        workMs: 30,
        calls: [],
        long: { ratio: 0.005, ms: 20_000 },
      },
      { name: 'inventory', instances: 2, exportMs: 5_000, workMs: 5, calls: [] },
      {
        name: 'mail',
        instances: 1,
        exportMs: 5_000,
        workMs: 200,
        calls: [],
        long: { ratio: 0.02, ms: 60_000 },
      },
      {
        name: 'reporter',
        instances: 1,
        exportMs: 5_000,
        workMs: 1_000,
        calls: [
          { to: 'inventory', probability: 1, times: 40 },
          { to: 'catalog', probability: 1, times: 20 },
        ],
      },
    ],
    entries: [
      { to: 'gateway', perSecond: rootsPerSecond },
      { to: 'reporter', everyMs: 300_000 },
    ],
    hasRhythm: true,
    hasBursts: true,
    deployEveryMs: 2 * HOUR_MS,
    networkMs: 30,
    skewMsMax: 20,
    metricEveryMs: 60_000,
    pointsPerReport: 10,
    logRatio: 0.2,
  };
}
