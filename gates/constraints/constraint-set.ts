import { z } from 'zod';
import { STAGES } from '../../core/decision.ts';
import { INTENT_METRICS } from '../../core/expectation.ts';
import { FINDING_KINDS } from '../../core/finding.ts';
import { COUNTING_UNITS } from '../../core/sampling/aligned-window.ts';
import { SAMPLING_PURPOSES } from '../../core/sampling/sampling-purpose.ts';
import { SIGNALS } from '../../core/signal.ts';
import { boundaries } from './boundary-sections.ts';
import * as values from './constraint-values.ts';
import { automation, design, objectives } from './design-sections.ts';
import { guardrails } from './guardrail-sections.ts';
import { publicKey, sharePct } from './guardrail-values.ts';
import { notify } from './notify-section.ts';
import { policies } from './policy-sections.ts';
import { stages } from './stage-sections.ts';
import { tests } from './test-section.ts';
import { failureTolerance } from './tolerance-sections.ts';

/** Of metrics the ratio alone: the buckets of a histogram do not tell a quantile to the millisecond. */
const INTENT_EXPRESSIONS = [
  ...INTENT_METRICS.map((metric) => `traces.${metric}` as const),
  'metrics.ok_ratio',
] as const;

/** A counter of all requests, sampled or not; left out, it is looked for. */
const counter = z.strictObject({
  metric: values.metricName,
  /** Who counts, where it is not the service itself: a load balancer in front of it. */
  service: z.string().min(1).optional(),
  /** Labels of its series: `{ backend: checkout }`. */
  where: z.record(z.string().min(1), z.string()).default({}),
  counts: z.enum(COUNTING_UNITS).default('requests'),
});

const source = z.strictObject({
  id: values.identifier,
  signal: z.enum(SIGNALS),
  /** Sources that count the same requests by another path: where they disagree, neither is known. */
  independentOf: z.array(values.identifier).default([]),
  expect: z
    .strictObject({
      completeness: values.completeness.optional(),
      lag: values.lag.optional(),
      sampling: z
        .strictObject({
          declared: z.enum(['consistent', 'none']),
          /** What decisions take the spans for; left out: by the kind of action. `marks`: only that these hold together. */
          for: z.enum([...SAMPLING_PURPOSES, 'marks']).optional(),
          counter: counter.optional(),
          /** So near the population adjusted counts must be shown to be; left out: 10%. */
          maxRelError: sharePct.optional(),
        })
        .optional(),
      /** The newest item may be this old. */
      heartbeat: values.duration.optional(),
    })
    .default({}),
});

const intent = z.strictObject({
  id: values.identifier,
  expr: z.enum(INTENT_EXPRESSIONS),
  target: values.target,
  since: values.date.optional(),
  why: z.string().default(''),
});

/** Which actions an open finding of a kind holds; what is written for a kind replaces what is built in for it. */
const hold = z.strictObject({
  finding: z.enum(FINDING_KINDS),
  /** An empty list: none by their kind. */
  actions: z.array(values.kindGlob),
  stages: z.array(z.enum(STAGES)).default([]),
  /** `culprit`: only actors that the finding names; where it names none, everybody. */
  by: z.enum(['anyone', 'culprit']).default('anyone'),
  /** Suspects hold nothing unless this is written. */
  suspects: z.boolean().default(false),
});

const drift = z.strictObject({
  hold: z.array(hold).default([]),
  stabilisedBad: z
    .strictObject({
      outsideIntentFor: values.duration.optional(),
      changeRate: values.changeRatioPerHour.optional(),
    })
    .optional(),
});

/**
 * A constraint file as people write it; parsing turns its texts into numbers: every duration and date is in
 * milliseconds, every percentage a ratio.
 */
export const constraintFile = z.strictObject({
  apiVersion: z.literal('constraints/v1alpha1'),
  kind: z.literal('ConstraintSet'),
  metadata: z.strictObject({
    name: values.identifier,
    owner: z.string().min(1),
    oncall: z.string().min(1).optional(),
    reviewBy: values.date.optional(),
  }),
  scope: z.strictObject({
    service: z.string().min(1),
    env: z.string().min(1).optional(),
    namespace: z.string().min(1).optional(),
  }),
  sources: z.array(source).default([]),
  intent: z.array(intent).default([]),
  policies,
  boundaries: boundaries.default({ emptyTargetSet: 'deny', ceilings: [] }),
  guardrails: guardrails.default({ changeBudget: [], cooldown: [], flap: [], repairEffect: [] }),
  failureTolerance: failureTolerance.default({ tolerate: [], kinds: {} }),
  stages: stages.default({}),
  /** Of people whose approval `humanKey: required` asks for. */
  keys: z.array(z.strictObject({ id: values.identifier, publicKey })).default([]),
  drift: drift.default({ hold: [] }),
  design: design.default({ services: {}, fallbacks: {}, cache: {} }),
  objectives: objectives.default({ global: [], local: [] }),
  automation: z.array(automation).default([]),
  notify: notify.optional(),
  tests,
});

export type ConstraintFile = z.infer<typeof constraintFile>;
export type SourceConstraint = ConstraintFile['sources'][number];

/** A constraint set in force, and which text it came from: `revision` is the start of the text's SHA-256. */
export interface ConstraintSet extends ConstraintFile {
  readonly origin: { readonly file: string; readonly revision: string };
}
