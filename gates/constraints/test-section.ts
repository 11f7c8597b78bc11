import { z } from 'zod';
import { STAGES } from '../../core/decision.ts';

/** `replicas` for short, or everything the request would say. */
const size = z.union([z.int().min(0), z.record(z.string(), z.unknown())]);

/** A question in short form; the target is the service of the file. */
const ask = z.strictObject({
  kind: z.string().min(1),
  from: size.optional(),
  to: size.optional(),
  stage: z.enum(STAGES).optional(),
  /** Left out: somebody whom the boundaries let act. */
  actor: z.string().min(1).optional(),
  actorType: z.string().min(1).optional(),
  reversible: z.boolean().optional(),
  blastRadius: z.record(z.string(), z.unknown()).optional(),
  planGeneration: z.string().min(1).optional(),
  /** Added to the service: `{ region: eu-west-1 }`. */
  target: z.record(z.string(), z.string()).default({}),
});

const test = z.strictObject({
  name: z.string().min(1),
  /** What is known, where it is not that all is well: `traces.completeness: 0.5`, `intent.ok-rate: broken`. */
  given: z.record(z.string(), z.union([z.boolean(), z.number(), z.string()])).default({}),
  ask,
  expect: z.strictObject({
    decision: z.enum(['allow', 'deny', 'hold']),
    /** The code of one of the reasons. */
    reason: z.string().min(1).optional(),
  }),
});

export const tests = z.array(test).default([]);
export type InlineTest = z.infer<typeof test>;
