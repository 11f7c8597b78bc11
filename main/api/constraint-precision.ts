import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { wilson } from '../../core/interval.ts';
import { rfc3339 } from '../../core/time.ts';
import { type HoldOutcomes, readHoldOutcomes } from '../../store/hold-outcomes.ts';
import type { ApiDeps } from './api-deps.ts';
import { numberJson, toNumberJson } from './number-json.ts';
import { type Operation, serveOperation } from './operation.ts';
import { timeJson } from './time-json.ts';

/** A quarter of a year: holds are few, and outcomes fewer. */
const PERIOD_MS = 90 * 86_400_000;

const time = z.iso.datetime({ offset: true });

const precisionJson = z
  .strictObject({
    constraint: z.string(),
    held: z.number().describe('Decisions that it held or denied in the period.'),
    n: z.number().describe('Of these, with an outcome that is good or bad.'),
    right: z.number().describe('Acting was bad, or leaving it was good.'),
    state: z.enum(['known', 'unknown']).describe('Unknown: nobody told how any of them turned out.'),
    precision: numberJson.describe('right / n.'),
    lower: numberJson.describe('Wilson interval, 95 %.'),
    upper: numberJson,
  })
  .meta({ id: 'ConstraintPrecision', description: 'How often a constraint was right to hold.' });

const precision = {
  method: 'GET',
  path: '/constraints/precision',
  id: 'constraintPrecision',
  summary: 'Of what each constraint held or denied, how much was rightly so, by the outcomes that were told',
  query: z.strictObject({
    from: time.optional().describe('Default: 90 days before until.'),
    until: time.optional().describe('Default: now.'),
  }),
  answer: z.strictObject({ from: timeJson, until: timeJson, constraints: z.array(precisionJson) }),
} satisfies Operation;

export const PRECISION_OPERATIONS: readonly Operation[] = [precision];

export function servePrecision(app: FastifyInstance, { client, now }: ApiDeps): void {
  serveOperation(app, precision, async ({ query }) => {
    const untilMs = query.until === undefined ? now() + 1 : Date.parse(query.until);
    const fromMs = query.from === undefined ? untilMs - PERIOD_MS : Date.parse(query.from);
    const held = await readHoldOutcomes(client, { fromMs, untilMs });
    return { from: rfc3339(fromMs), until: rfc3339(untilMs), constraints: held.map(toPrecisionJson) };
  });
}

function toPrecisionJson(outcomes: HoldOutcomes): z.infer<typeof precisionJson> {
  const { constraint, heldCount, rightCount, wrongCount } = outcomes;
  const n = rightCount + wrongCount;
  const interval = n === 0 ? null : wilson(rightCount, n);
  return {
    constraint,
    held: heldCount,
    n,
    right: rightCount,
    state: interval === null ? 'unknown' : 'known',
    precision: toNumberJson(interval?.estimate ?? null),
    lower: toNumberJson(interval?.lower ?? null),
    upper: toNumberJson(interval?.upper ?? null),
  };
}
