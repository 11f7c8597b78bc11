import type { ServiceId } from './service-key.ts';
import type { Signal } from './signal.ts';

/** How many records of a service arrived in one minute, all instances together. */
export interface MinuteCount {
  readonly service: ServiceId;
  readonly signal: Signal;
  readonly minuteMs: number;
  readonly items: number;
}

/** The same hour of the week, in one of the weeks before: sums over its minutes, empty ones included. */
export interface VolumeWeek {
  readonly service: ServiceId;
  readonly signal: Signal;
  /** 1: a week ago. */
  readonly weeksAgo: number;
  readonly items: number;
  /** Sum of the squares of the minutes' counts. */
  readonly squares: number;
}
