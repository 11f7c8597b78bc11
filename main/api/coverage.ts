import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { STAGES } from '../../core/decision.ts';
import { rfc3339 } from '../../core/time.ts';
import { designIntentOf } from '../../gates/constraints/design-intent-of.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';
import { readCoverage } from './read-coverage.ts';
import { timeJson } from './time-json.ts';
import { timeRangeOf, timeRangeQuery } from './time-range-query.ts';

const count = z.int().min(0);
const counts = {
  actions: count,
  covered: count.describe('A gate was asked, and allowed it.'),
  standing: count.describe('People said that nobody need be asked.'),
};

const coverageJson = z
  .strictObject({
    from: timeJson,
    until: timeJson,
    stages: z.array(
      z.strictObject({
        stage: z.enum(STAGES),
        state: z
          .enum(['none-seen', 'gated', 'partly', 'standing', 'open'])
          .describe('`none-seen` says nothing of gates: no action of this stage was seen.'),
        ...counts,
        open: count.describe('Neither.'),
      }),
    ),
    actors: z.array(
      z.strictObject({
        actor: z.string(),
        stage: z.enum(STAGES).nullable().describe('null: of kinds of action that no stage has.'),
        isPerson: z.boolean().describe('By hand.'),
        kinds: z.array(z.string()),
        ...counts,
        open: z
          .record(z.string(), count)
          .describe(
            'By why: not-asked, silent (no record of it), refused, decision-missing, decision-expired.',
          ),
        lastAt: timeJson,
      }),
    ),
    unread: z
      .strictObject({
        tooLong: count.describe('Records of more than 64 KiB: whether they told of an action is not known.'),
        isCut: z.boolean().describe('There were more records than are read at once: the oldest are missing.'),
      })
      .describe('What may be missing above.'),
  })
  .meta({ id: 'Coverage', description: 'Which lifecycle stages are gated and which are open.' });

const getCoverage = {
  method: 'GET',
  path: '/coverage',
  id: 'getCoverage',
  summary:
    'Actions seen in telemetry, by actor and lifecycle stage, and which of them a decision of the gate covers',
  query: z.strictObject(timeRangeQuery),
  answer: coverageJson,
} satisfies Operation;

export const COVERAGE_OPERATIONS: readonly Operation[] = [getCoverage];

export function serveCoverage(app: FastifyInstance, { client, gate, now }: ApiDeps): void {
  serveOperation(app, getCoverage, async ({ query }): Promise<z.output<typeof coverageJson>> => {
    const range = timeRangeOf(query, now());
    const { automation = [] } = designIntentOf(gate.effective());
    const { stages, rows, tooLong, isCut, fromMs } = await readCoverage(client, { ...range, automation });
    return {
      from: rfc3339(range.fromMs),
      until: rfc3339(range.untilMs),
      stages: [...stages],
      actors: rows.map(({ lastMinute, kinds, open, ...row }) => ({
        ...row,
        kinds: [...kinds],
        open: { ...open },
        lastAt: rfc3339(fromMs + lastMinute * 60_000),
      })),
      unread: { tooLong, isCut },
    };
  });
}
