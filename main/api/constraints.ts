import type { ClickHouseClient } from '@clickhouse/client';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { rfc3339 } from '../../core/time.ts';
import { constraintJsonSchema } from '../../gates/constraints/json-schema.ts';
import { effectiveConstraints } from '../../gates/effective-constraints.ts';
import { recentSpanMs } from '../../gates/recent-span.ts';
import {
  type Earlier,
  type PastDecision,
  type Replayed,
  replayDecisions,
} from '../../gates/trials/replay-decision.ts';
import { readDecisions } from '../../store/decisions.ts';
import { readFindings } from '../../store/findings.ts';
import { readIncidents } from '../../store/incidents.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';
import { timeJson } from './time-json.ts';

const OUTCOMES = ['allow', 'deny', 'hold'] as const;
/** Each is decided again several times, beside the questions of now. */
const DECISIONS_MAX = 2_000;
/** Of before the first: these are only remembered. */
const EARLIER_MAX = 10_000;

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
  query: z.strictObject({
    service: z.string().min(1).optional().describe('Only sets about this service, and what they come to.'),
    env: z.string().min(1).optional(),
    namespace: z.string().min(1).optional(),
    kind: z
      .string()
      .min(1)
      .optional()
      .describe('Only this kind of action; left out: all that are described.'),
  }),
  answer: z.strictObject({
    sets: z.array(z.record(z.string(), z.unknown())),
    effective: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe(
        'Of the service asked for: merged limits, the fail mode of each kind, policies, guardrails, what stages ask, holds; else null.',
      ),
  }),
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

const replayedJson = {
  decisionId: z.string(),
  decidedAt: timeJson,
  service: z.string(),
  kind: z.string(),
  was: z.enum(OUTCOMES).describe('What was decided.'),
};

const replay = {
  method: 'POST',
  path: '/constraints/replay',
  id: 'replayConstraints',
  summary:
    'Which past decisions would have been others under a changed file, and of which that cannot be told',
  body: z.strictObject({
    text: z.string().describe('YAML of the changed file; it takes the place of the set of its name.'),
    file: z.string().default('constraints.yaml').describe('How problems name the file.'),
    from: timeJson,
    to: timeJson,
    limit: z.int().min(1).max(DECISIONS_MAX).default(DECISIONS_MAX).describe('The newest so many.'),
  }),
  answer: z.strictObject({
    valid: z.boolean().describe('False: the file has errors, and nothing was replayed.'),
    problems: z.array(problemJson),
    decisions: z.int().describe('How many were looked at.'),
    isCut: z.boolean().describe('There may be more of them in the time asked for than were looked at.'),
    same: z.int(),
    flipped: z.array(
      z.strictObject({
        ...replayedJson,
        now: z.enum(OUTCOMES),
        reasons: z.array(z.strictObject({ code: z.string(), constraint: z.string(), text: z.string() })),
      }),
    ),
    unclear: z
      .array(z.strictObject({ ...replayedJson, why: z.string() }))
      .describe('Cannot be replayed, and why.'),
  }),
} satisfies Operation;

/** Guardrails look back: what was decided in the longest of their times before the first that is replayed. */
async function readEarlier(
  client: ClickHouseClient,
  of: { past: readonly PastDecision[]; spanMs: number; fromMs: number },
): Promise<Earlier> {
  const firstMs = of.past.at(-1)?.decidedAtMs ?? of.fromMs;
  const fromMs = firstMs - of.spanMs;
  const decisions = await readDecisions(client, { fromMs, untilMs: firstMs, limit: EARLIER_MAX });
  const oldestMs = decisions.at(-1)?.decidedAtMs ?? fromMs;
  return { decisions, sinceMs: decisions.length === EARLIER_MAX ? oldestMs : fromMs };
}

export const CONSTRAINT_OPERATIONS: readonly Operation[] = [effective, lint, schema, replay];

export function serveConstraints(app: FastifyInstance, { gate, client, now }: ApiDeps): void {
  serveOperation(app, effective, ({ query: { service, ...more } }) => ({
    sets: gate.effective().filter(({ scope }) => service === undefined || scope.service === service),
    effective:
      service === undefined
        ? null
        : effectiveConstraints(gate.effective(), { service, ...more, nowMs: now() }),
  }));
  serveOperation(app, schema, () => constraintJsonSchema);
  serveOperation(app, lint, ({ body: { text, file } }) => {
    const { set, problems } = gate.lint(text, file);
    return { valid: set !== null, problems };
  });
  serveOperation(app, replay, async ({ body }) => {
    const { set, problems } = gate.lint(body.text, body.file);
    if (set === null) {
      return { valid: false, problems, decisions: 0, isCut: false, same: 0, flipped: [], unclear: [] };
    }
    const range = { fromMs: Date.parse(body.from), untilMs: Date.parse(body.to), limit: body.limit };
    const past = await readDecisions(client, range);
    const before = gate.effective();
    const after = [...before.filter(({ metadata }) => metadata.name !== set.metadata.name), set];
    const [findings, incidents, earlier] = await Promise.all([
      readFindings(client),
      readIncidents(client, { isOpen: false }),
      readEarlier(client, { past, spanMs: recentSpanMs([...before, ...after]), fromMs: range.fromMs }),
    ]);
    const report = await replayDecisions(past, { before, after, findings, incidents, earlier });
    const shown = ({ decisionId, decidedAtMs, service, kind, was }: Replayed) => ({
      decisionId,
      decidedAt: rfc3339(decidedAtMs),
      service,
      kind,
      was,
    });
    return {
      valid: true,
      problems,
      decisions: report.decisions,
      isCut: past.length === body.limit,
      same: report.same,
      flipped: report.flipped.map((one) => ({
        ...shown(one),
        now: one.now,
        reasons: one.reasons.map(({ code, constraint, text }) => ({ code, constraint, text })),
      })),
      unclear: report.unclear.map((one) => ({ ...shown(one), why: one.why })),
    };
  });
}
