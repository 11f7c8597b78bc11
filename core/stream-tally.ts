import type { ServiceId } from './service-key.ts';

/** One point of a stream; points that are alike in all three are one point, delivered again. */
export interface StreamPoint {
  readonly timeMs: number;
  /** 22 bits of a hash of start and value: two at one time are two writers. */
  readonly valueHash: number;
  /** Time - start of a delta point; 0 of others. */
  readonly durationMs: number;
}

/** One metric series of one writer within one epoch, over a stretch of arrival. */
export interface StreamTally {
  readonly service: ServiceId;
  readonly serviceInstanceId: string;
  /** Tells writers without an instance id apart; '0' where there is one. */
  readonly resource: string;
  readonly metricName: string;
  readonly series: string;
  readonly kind: 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary';
  readonly temporality: 'none' | 'delta' | 'cumulative';
  readonly isMonotonic: boolean;
  /** 0 of delta points, and where no start was sent. */
  readonly epochStartMs: number;
  /** Recorded points that were delivered again, in the whole stretch and in its newest part. */
  readonly repeats: number;
  readonly fastRepeats: number;
  /** Points that say the series ended. */
  readonly unrecorded: number;
  readonly overflow: number;
  /** Distinct recorded points, in order of time. */
  readonly points: readonly StreamPoint[];
  /** Monotonic cumulative streams only, of the whole stretch and of its newest part; null of no value. */
  readonly peak: number | null;
  readonly fastPeak: number | null;
  readonly last: number | null;
}

/** How much of a service's streams was read: the rest was left out, by a hash of the series. */
export interface StreamsOfService {
  readonly service: ServiceId;
  readonly streams: readonly StreamTally[];
  readonly seriesCount: number;
  readonly seriesRead: number;
}
