import { randomFrom } from '../../core/random-from.ts';
import type { StreamPoint, StreamsOfService, StreamTally } from '../../core/stream-tally.ts';

const SERVICE = { tenant: 't', serviceNamespace: 'shop', serviceName: 'checkout' };

export interface Fleet {
  readonly writers?: number;
  readonly series?: number;
  readonly intervalMs?: number;
  /** How late a collection may be, as a share of the interval. */
  readonly jitterRatio?: number;
  readonly loss?: { readonly ratio: number; readonly by: 'point' | 'export' };
  readonly temporality?: StreamTally['temporality'];
  readonly seconds?: number;
  /** Share of its life that a writer does not see: begins late, ends early. */
  readonly churnRatio?: number;
  readonly seed: number;
  readonly endMs: number;
}

export function stream(rest: Partial<StreamTally> = {}): StreamTally {
  return {
    service: SERVICE,
    serviceInstanceId: 'pod-1',
    resource: '0',
    metricName: 'requests',
    series: '1',
    kind: 'sum',
    temporality: 'cumulative',
    isMonotonic: true,
    epochStartMs: 1_600_000_000_000,
    repeats: 0,
    fastRepeats: 0,
    unrecorded: 0,
    overflow: 0,
    points: [],
    peak: null,
    fastPeak: null,
    last: null,
    ...rest,
  };
}

export function pointsAt(timesMs: readonly number[], rest: Partial<StreamPoint> = {}): StreamPoint[] {
  return timesMs.map((timeMs) => ({ timeMs, valueHash: 1, durationMs: 0, ...rest }));
}

export function serviceOf(streams: readonly StreamTally[]): StreamsOfService {
  return { service: SERVICE, streams, seriesCount: streams.length, seriesRead: streams.length };
}

/** Processes that export all their series at an interval, each at a phase of its own. */
export function simulateStreams(fleet: Fleet): StreamsOfService {
  const random = randomFrom(fleet.seed);
  const intervalMs = fleet.intervalMs ?? 10_000;
  const spanMs = (fleet.seconds ?? 600) * 1_000;
  const streams: StreamTally[] = [];
  for (let writer = 0; writer < (fleet.writers ?? 1); writer++) {
    const phaseMs = random() * intervalMs;
    const bornMs = random() * (fleet.churnRatio ?? 0) * spanMs;
    const diedMs = spanMs * (1 - random() * (fleet.churnRatio ?? 0));
    const times = Array.from({ length: Math.ceil(spanMs / intervalMs) }, (_, slot) => {
      const jitterMs = random() * (fleet.jitterRatio ?? 0.05) * intervalMs;
      return Math.round(fleet.endMs - spanMs + phaseMs + slot * intervalMs + jitterMs);
    }).filter((timeMs) => timeMs >= fleet.endMs - spanMs + bornMs && timeMs <= fleet.endMs - spanMs + diedMs);
    const lost = { ratio: 0, by: 'point' as const, ...fleet.loss };
    const arrived = times.filter(() => lost.by === 'point' || random() >= lost.ratio);
    for (let series = 0; series < (fleet.series ?? 20); series++) {
      const own = arrived.filter(() => lost.by === 'export' || random() >= lost.ratio);
      const temporality = fleet.temporality ?? 'cumulative';
      const durationMs = temporality === 'delta' ? intervalMs * 0.9 : 0;
      const count = own.length;
      const value = temporality === 'cumulative' ? { peak: count, fastPeak: count, last: count } : {};
      streams.push(
        stream({
          serviceInstanceId: `pod-${writer}`,
          series: `${series}`,
          temporality,
          epochStartMs: temporality === 'cumulative' ? 1_600_000_000_000 : 0,
          points: pointsAt(own, { durationMs }),
          ...value,
        }),
      );
    }
  }
  return serviceOf(streams);
}
