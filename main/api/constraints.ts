import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { constraintJsonSchema } from '../../gates/constraints/json-schema.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';

const problemJson = z
  .strictObject({
    file: z.string(),
    line: z.int(),
    column: z.int(),
    message: z.string(),
    hint: z.string(),
    severity: z.enum(['error', 'warning']),
  })
  .meta({
    id: 'ConstraintProblem',
    description: 'What is wrong with a constraint file, where, and what to do.',
  });

const effective = {
  method: 'GET',
  path: '/constraints/effective',
  id: 'effectiveConstraints',
  summary: 'Constraint sets in force; every duration in ms, every percentage a ratio',
  query: z.strictObject({ service: z.string().optional().describe('Only sets about this service.') }),
  answer: z.strictObject({ sets: z.array(z.record(z.string(), z.unknown())) }),
} satisfies Operation;

const lint = {
  method: 'POST',
  path: '/constraints/lint',
  id: 'lintConstraints',
  summary: 'Check the text of a constraint file; a file with errors is a 200 that lists them',
  body: z.strictObject({
    text: z.string().describe('YAML.'),
    file: z.string().default('constraints.yaml').describe('How problems name the file.'),
  }),
  answer: z.strictObject({ valid: z.boolean(), problems: z.array(problemJson) }),
} satisfies Operation;

const schema = {
  method: 'GET',
  path: '/constraints/schema',
  id: 'constraintSchema',
  summary: 'JSON Schema of a constraint file, for editors',
  answer: z.record(z.string(), z.unknown()),
} satisfies Operation;

export const CONSTRAINT_OPERATIONS: readonly Operation[] = [effective, lint, schema];

export function serveConstraints(app: FastifyInstance, { gate }: ApiDeps): void {
  serveOperation(app, effective, ({ query: { service } }) => ({
    sets: gate.effective().filter(({ scope }) => service === undefined || scope.service === service),
  }));
  serveOperation(app, schema, () => constraintJsonSchema);
  serveOperation(app, lint, ({ body: { text, file } }) => {
    const { set, problems } = gate.lint(text, file);
    return { valid: set !== null, problems };
  });
}
