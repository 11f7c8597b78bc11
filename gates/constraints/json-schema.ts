import { z } from 'zod';
import { constraintFile } from './constraint-set.ts';

/** JSON Schema of a constraint file, for editors; what it cannot say (names, contradictions, CEL) is linting's. */
export const constraintJsonSchema: Readonly<Record<string, unknown>> = {
  ...z.toJSONSchema(constraintFile, { io: 'input' }),
  title: 'Plumbline constraint set',
  description: 'What people promise about a service, and what automation may do to it.',
};
