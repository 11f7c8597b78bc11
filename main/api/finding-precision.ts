import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { FindingAct } from '../../core/finding-act.ts';
import { wilson } from '../../core/interval.ts';
import { rfc3339 } from '../../core/time.ts';
import { readFeedback } from '../../store/finding-acts.ts';
import type { ApiDeps } from './api-deps.ts';
import { numberJson } from './number-json.ts';
import { type Operation, serveOperation } from './operation.ts';
import { timeJson } from './time-json.ts';

/** A quarter of a year: people rate few findings. */
const PERIOD_MS = 90 * 86_400_000;

const time = z.iso.datetime({ offset: true });

const rated = {
  n: z.number().describe('Findings that people rated; the last word of each counts.'),
  useful: z.number(),
  noise: z.number().describe('True, but nobody needed it.'),
  wrong: z.number().describe('Not true.'),
  precision: numberJson.describe('useful / n.'),
  lower: numberJson.describe('Wilson interval, 95 %.'),
  upper: numberJson,
};
const ratedKindJson = z.strictObject({ kind: z.string(), ...rated }).meta({ id: 'FindingPrecisionOfKind' });
const ratedConstraintJson = z
  .strictObject({
    constraint: z.string().nullable().describe('`set/id`; null: held against none.'),
    ...rated,
  })
  .meta({ id: 'FindingPrecisionOfConstraint' });

const precision = {
  method: 'GET',
  path: '/findings/precision',
  id: 'findingPrecision',
  summary:
    'How many findings people found useful, by kind and by constraint, those that are surely noisy first',
  query: z.strictObject({
    from: time.optional().describe('Default: 90 days before until.'),
    until: time.optional().describe('Default: now.'),
  }),
  answer: z.strictObject({
    from: timeJson,
    until: timeJson,
    kinds: z.array(ratedKindJson),
    constraints: z.array(ratedConstraintJson),
  }),
} satisfies Operation;

export const FINDING_PRECISION_OPERATIONS: readonly Operation[] = [precision];

export function serveFindingPrecision(app: FastifyInstance, { client, now }: ApiDeps): void {
  serveOperation(app, precision, async ({ query }) => {
    const untilMs = query.until === undefined ? now() + 1 : Date.parse(query.until);
    const fromMs = query.from === undefined ? untilMs - PERIOD_MS : Date.parse(query.from);
    const acts = await readFeedback(client, { fromMs, untilMs });
    const ofKinds = [...Map.groupBy(acts, ({ kind }) => kind)];
    const ofConstraints = [...Map.groupBy(acts, ({ constraint }) => constraint || null)];
    return {
      from: rfc3339(fromMs),
      until: rfc3339(untilMs),
      kinds: ofKinds.map(([kind, its]) => ({ kind, ...precisionOf(its) })).sort(noisiestFirst),
      constraints: ofConstraints
        .map(([constraint, its]) => ({ constraint, ...precisionOf(its) }))
        .sort(noisiestFirst),
    };
  });
}

function precisionOf(acts: readonly FindingAct[]) {
  const count = (word: FindingAct['feedback']) => acts.filter(({ feedback }) => feedback === word).length;
  const useful = count('useful');
  const { estimate, lower, upper } = wilson(useful, acts.length);
  const counts = { n: acts.length, useful, noise: count('noise'), wrong: count('wrong') };
  return { ...counts, precision: estimate, lower, upper };
}

/** By the upper end: one report that was noise proves little, twenty of thirty do. */
function noisiestFirst(a: { upper: number; n: number }, b: { upper: number; n: number }): number {
  return a.upper - b.upper || b.n - a.n;
}
