import type { Estimator, Reason } from '../core/verdict.ts';
import type { WindowEstimate } from './judge-windows.ts';

/** Where records went missing, as far as one estimator can tell. */
export interface Blame {
  readonly at: 'source' | 'hop' | 'us' | 'unattributed';
  /** The service, the Collector and its component, or the reason of our refusal. */
  readonly name: string;
  /** A sentence for a person: what is wrong there and what to look at. */
  readonly text: string;
}

/**
 * What one way of estimating says about the lost share of one source's records (a service and signal, all instances
 * together). Estimators of different `kind` err in different ways: counters miss what happens after they counted, a
 * graph misses what vanishes whole, ordinals see everything between two numbers that came.
 */
export interface LossEstimate {
  /** Stable, people see it: `sdk-funnel`, `remote-orphans`… */
  readonly id: string;
  readonly kind: Estimator['kind'];
  /** What FAIL rests on; its interval is null where it holds too little. */
  readonly fast: WindowEstimate;
  /** What PASS may rest on. */
  readonly slow: WindowEstimate;
  /** Of who waits longer for its records than others, so that its fast window begins and ends before theirs: the part within theirs. */
  readonly recent?: WindowEstimate;
  /** Why it must not count here, as what it assumes does not hold; null: it counts. */
  readonly veto: Reason | null;
  /** What it says of itself where its numbers alone would not be understood; without, general words are used. */
  readonly reasons?: readonly Reason[];
  /** Null where nothing is lost or nobody can be named. */
  readonly blame: Blame | null;
  /** Of lost or orphaned records, at most five. */
  readonly exampleTraceIds: readonly string[];
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** By `sourceKey` of the source with an empty instance. */
export type LossEstimates = ReadonlyMap<string, LossEstimate>;
