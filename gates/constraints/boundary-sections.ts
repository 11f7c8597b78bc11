import { z } from 'zod';
import * as values from './constraint-values.ts';

/** A number that an action may say of itself, and what it may be at most and at least. */
const ceiling = z.strictObject({
  /** Where the request says it, below `action`: `to.nodes`, `blastRadius.pct`, `to.costPerDay`. */
  of: values.actionPath,
  max: z.number().optional(),
  min: z.number().optional(),
  /** Kinds that have to say it. */
  for: z.array(values.kindGlob).min(1).default(['*']),
});

export const boundaries = z.strictObject({
  replicas: z.strictObject({ min: z.int().min(0).optional(), max: z.int().min(0).optional() }).optional(),
  /** Where the service may be acted on and moved to. */
  regions: z.array(z.string().min(1)).min(1).optional(),
  /** How much must stay in rotation whatever is drained, shifted or restarted. */
  inRotation: values.inRotation.optional(),
  ceilings: z.array(ceiling).default([]),
  actors: z
    .strictObject({
      /** When written, nobody else may act. */
      allow: z.array(values.actorGlob).min(1).optional(),
      /** `- agent/*: [delete, wipe]`: these actors may not do these kinds. Wins over `allow`. */
      deny: z.array(z.record(values.actorGlob, z.array(values.kindGlob).min(1))).default([]),
    })
    .optional(),
  /** Always in force; it may be written to say so, and cannot be switched off. */
  emptyTargetSet: z.literal('deny').default('deny'),
});
