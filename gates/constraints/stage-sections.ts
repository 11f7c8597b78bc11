import { z } from 'zod';
import * as values from './constraint-values.ts';
import { oneOrMore, rate, sharePct, weeklyWindow } from './guardrail-values.ts';

const every = {
  gate: z.array(values.kindGlob).min(1).default(['*']),
  /** Left out: every source of the set. An empty list would be an allow that rests on nothing. */
  requireSources: z.array(values.identifier).min(1).optional(),
};

/** What each of the seven stages can be told, besides its sources. */
export const stages = z.strictObject({
  provisioning: z
    .strictObject({ ...every, ceiling: z.strictObject({ costPerDay: z.number().positive() }).optional() })
    .optional(),
  deployment: z
    .strictObject({ ...every, bake: values.duration.optional(), effectLag: values.duration.optional() })
    .optional(),
  scaling: z.strictObject(every).optional(),
  routing: z.strictObject({ ...every, floor: sharePct.optional() }).optional(),
  recovery: z
    .strictObject({
      ...every,
      budget: rate.optional(),
      failover: z
        .strictObject({ minOutage: values.duration.optional(), maxReplicaLag: values.duration.optional() })
        .optional(),
    })
    .optional(),
  optimisation: z.strictObject({ ...every, window: oneOrMore(weeklyWindow).optional() }).optional(),
  decommissioning: z
    .strictObject({
      ...every,
      proveUnused: z
        .strictObject({
          for: values.duration,
          completeness: values.completeness.default({ lostRatioMax: 0.005 }),
        })
        .optional(),
      humanKey: z.literal('required').optional(),
    })
    .optional(),
});
