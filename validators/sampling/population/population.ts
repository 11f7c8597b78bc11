import type { CountingUnit } from '../../../core/sampling/aligned-window.ts';
import type { Source } from '../../../core/source.ts';
import type { Reason } from '../../../core/verdict.ts';
import type { CounterCurve } from './counter-curve.ts';

/** A counter of all that a service did, whatever was sampled. */
export interface Population {
  /** The traces of a service, or its logs, instance ''. */
  readonly source: Source;
  /** The metric, or metrics joined by ` + `. */
  readonly counter: string;
  readonly unit: CountingUnit;
  /** One of each process that counts. */
  readonly curves: readonly CounterCurve[];
  readonly tellsErrors: boolean;
  readonly tellsDurations: boolean;
  /** It counts what the SDK's sampler kept. */
  readonly tellsSampled: boolean;
  /** Spans are compared by their end. A counter of starts differs by what is under way: variance of that, at an edge. */
  readonly live: number;
  /** Routes that are counted and never traced, left out. */
  readonly routesNotTraced: readonly string[];
  /** Why nothing can be held against it; null: it is a witness. */
  readonly veto: Reason | null;
}
