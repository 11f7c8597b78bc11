import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ConstraintSet } from '../../gates/constraints/constraint-set.ts';
import { UNKNOWN_MODES } from '../../gates/constraints/tolerance-sections.ts';
import { FAIL_MODES } from '../../gates/fail-modes.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';

const failModeJson = z
  .strictObject({
    kind: z.string().describe('Glob over action.kind; the first that matches counts.'),
    service: z.string().nullable().describe('Only of this one; null: of all.'),
    unknown: z.enum(UNKNOWN_MODES).describe('On unknown data.'),
    capRatio: z.number().nullable(),
    gateDown: z.enum(['open', 'closed']).describe('What a client does while no gate answers.'),
    constraint: z.string(),
    why: z.string(),
  })
  .meta({ id: 'FailMode', description: 'What a kind of action does without data, and without a gate.' });

const list = {
  method: 'GET',
  path: '/fail-modes',
  id: 'listFailModes',
  summary: 'Fail modes in force; clients keep a copy for when no gate answers',
  query: z.strictObject({ service: z.string().optional().describe('What holds for this service.') }),
  answer: z.strictObject({ failModes: z.array(failModeJson) }),
} satisfies Operation;

export const FAIL_MODE_OPERATIONS: readonly Operation[] = [list];

type FailModeJson = z.infer<typeof failModeJson>;

/** What may be done without knowing may be done without asking; the rest waits. */
function gateDownOf(unknown: FailModeJson['unknown']): FailModeJson['gateDown'] {
  return unknown.startsWith('allow') ? 'open' : 'closed';
}

/** As the gate chooses: an exact kind before a glob, a longer glob before a shorter one. */
function written({ metadata, scope, failureTolerance }: ConstraintSet): FailModeJson[] {
  const kinds = Object.entries(failureTolerance.kinds).sort(
    ([left], [right]) =>
      Number(left.includes('*')) - Number(right.includes('*')) || right.length - left.length,
  );
  return kinds.map(([kind, { unknown, cap, gateDown }]) => ({
    kind,
    service: scope.service,
    unknown,
    capRatio: cap ?? null,
    gateDown: gateDown ?? gateDownOf(unknown),
    constraint: `${metadata.name}/failureTolerance.${kind}`,
    why: `${metadata.name} tolerates it`,
  }));
}

function builtIn(): FailModeJson[] {
  const rows = FAIL_MODES.map(
    ({ kind, unknown, capRatio, why }): FailModeJson => ({
      kind,
      service: null,
      unknown,
      capRatio,
      gateDown: gateDownOf(unknown),
      constraint: 'built-in',
      why,
    }),
  );
  const why = 'an action kind without a described safe direction';
  const rest = { unknown: 'hold', gateDown: 'closed', capRatio: null, constraint: 'built-in', why } as const;
  return [...rows, { kind: '*', service: null, ...rest }];
}

export function serveFailModes(app: FastifyInstance, { gate }: ApiDeps): void {
  serveOperation(app, list, ({ query: { service } }) => {
    const sets = gate.effective().filter(({ scope }) => service === undefined || scope.service === service);
    return { failModes: [...sets.flatMap(written), ...builtIn()] };
  });
}
