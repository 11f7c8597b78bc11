import { z } from 'zod';
import * as values from './constraint-values.ts';

/** Words of CEL, https://cel.dev, over the facts that docs/constraints.md lists. */
const expression = z
  .string()
  .min(1)
  .max(4_000)
  .meta({ description: 'a CEL expression that is true or false', examples: ['action.kind == "scale.down"'] });

/** A rule in words of its own: where it applies, what it requires, and when it lets by all the same. */
const policy = z.strictObject({
  id: values.identifier,
  /** Left out: of every action. */
  when: expression.optional(),
  require: expression,
  unless: expression.optional(),
  why: z.string().default(''),
});

export const policies = z.array(policy).default([]);
