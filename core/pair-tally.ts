import type { ServiceId } from './service-key.ts';

/** Calls of one caller to one peer in one second, settled; `callee` null: no span of the called side is here. */
export interface PairTally {
  /** Start of the 5 s of arrival of the calls. */
  readonly windowMs: number;
  readonly caller: ServiceId;
  /** As the caller names it: a service's name, a host and port, a queue; empty when it names nothing. */
  readonly peer: string;
  readonly callee: ServiceId | null;
  /** Start of the second in which the calls started. */
  readonly bucketMs: number;
  /** That did not end in an error. */
  readonly calls: number;
  readonly failedCalls: number;
  /** Hashes of the distinct export requests that brought the answers; empty where these are missing. */
  readonly calleeBatches: readonly string[];
  readonly exampleTraceIds: readonly string[];
}

/** How calls of one caller to one peer were usually answered, from stretches of two minutes over the last day. */
export interface PairBaseline {
  readonly caller: ServiceId;
  readonly peer: string;
  /** Who answers: the service most answers came from. */
  readonly callee: ServiceId;
  /** Part of all answers that came from that service; others answer under the same name below 1. */
  readonly calleeRatio: number;
  /** Stretches with at least 30 calls. */
  readonly stretches: number;
  /** Of the stretches' answered shares: the median, and the median distance from it. */
  readonly answeredRatio: number;
  readonly answeredRatioMad: number;
}
