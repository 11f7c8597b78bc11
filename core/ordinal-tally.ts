import type { ServiceId } from './service-key.ts';
import type { Signal } from './signal.ts';

/**
 * What the numbers of a service's processes (plumbline/beacon) say about one 5 s bucket of arrival: how many numbers
 * the bucket moved the highest one up by, and how many of these ever came. All processes of the service together.
 */
export interface OrdinalTally {
  readonly service: ServiceId;
  readonly signal: Signal;
  readonly receiveStartMs: number;
  /** Numbers between the highest that came before the bucket and the highest of the bucket. */
  readonly numbered: number;
  /** Of these, distinct ones that came, in this bucket or later. */
  readonly found: number;
  /** Unbroken runs of missing numbers: a lost export is one run. */
  readonly gaps: number;
  /** Distinct arrival times: one for each export that came. */
  readonly arrivals: number;
  /** Of the process that misses most: `pod-7 (boot 3f…-112)`; empty when nothing is missing. */
  readonly worstProcess: string;
  /** Records that came without a number from a process that numbers, as it said last. */
  readonly unnumbered: number;
}
