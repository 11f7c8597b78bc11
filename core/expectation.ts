import type { CountingUnit } from './sampling/aligned-window.ts';
import type { Signal } from './signal.ts';
import type { Dimension, Limits } from './verdict.ts';

/** What people wrote about one service's data; validators judge against it, else against their defaults. */
export interface SourceExpectation {
  /** `set/id` of the constraint it comes from. */
  readonly constraint: string;
  readonly serviceName: string;
  readonly signal: Signal;
  readonly limits: Readonly<Partial<Record<Dimension, Limits>>>;
  /** The quantile the timeliness limits speak of, 0 to 1. */
  readonly latenessQuantile: number;
  /** What counts the service's requests without a sampler; null: it is looked for. */
  readonly counter: DeclaredCounter | null;
  /** Adjusted counts must be shown to be so near, 0 to 1; left out: a tenth. */
  readonly countsWithin?: number;
}

/** A counter or histogram that people named as the population of a service. */
export interface DeclaredCounter {
  /** Who counts; a load balancer may count for the service behind it. */
  readonly serviceName: string;
  /** As the sender spells it. */
  readonly metric: string;
  /** Labels that its series must have. */
  readonly where: Readonly<Record<string, string>>;
  readonly counts: CountingUnit;
}

export const INTENT_METRICS = ['ok_ratio', 'p50_ms', 'p95_ms', 'p99_ms'] as const;
export type IntentMetric = (typeof INTENT_METRICS)[number];

/** A design-intent target: written by people, never learned. */
export interface IntentTarget {
  readonly constraint: string;
  readonly serviceName: string;
  readonly metric: IntentMetric;
  /** As the service's own metrics count its requests; left out: by its spans. */
  readonly by?: 'metrics';
  readonly comparator: '>=' | '<=';
  readonly target: number;
  readonly why: string;
}

/** When a state outside intent that no longer changes is a finding. */
export interface StabilisedBadRule {
  readonly outsideIntentForMs: number;
  /** The state counts as settled when it changes by less than this share per hour. */
  readonly changeRatioPerHour: number;
}
