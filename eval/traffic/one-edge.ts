import type { Fleet } from './fleet.ts';

/** `caller` asks `callee` at a steady rate: the smallest fleet in which a loss of the caller shows. */
export function oneEdge(of: {
  readonly perSecond: number;
  readonly exportMs: number;
  readonly instances: number;
  readonly hasBursts?: boolean;
}): Fleet {
  return {
    services: [
      {
        name: 'caller',
        instances: of.instances,
        exportMs: of.exportMs,
        workMs: 5,
        calls: [{ to: 'callee', probability: 1 }],
      },
      { name: 'callee', instances: 1, exportMs: 1_000, workMs: 5, calls: [] },
    ],
    entries: [{ to: 'caller', perSecond: of.perSecond }],
    hasRhythm: false,
    hasBursts: of.hasBursts ?? false,
    deployEveryMs: Number.POSITIVE_INFINITY,
    networkMs: 30,
    skewMsMax: 0,
    metricEveryMs: 60_000,
    pointsPerReport: 1,
    logRatio: 0,
  };
}
