import { randomUUID } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { closedByPerson } from '../../core/close-by-person.ts';
import { constraintOfFinding } from '../../core/constraint-of-finding.ts';
import { effectSize } from '../../core/effect-size.ts';
import { PipelineError } from '../../core/errors.ts';
import type { Finding } from '../../core/finding.ts';
import { FEEDBACKS, type FindingAct } from '../../core/finding-act.ts';
import { rfc3339 } from '../../core/time.ts';
import { insertFindingActs } from '../../store/finding-acts.ts';
import { readFinding, writeFinding } from '../../store/findings.ts';
import type { ApiDeps } from './api-deps.ts';
import { findingJson } from './finding-json.ts';
import { type Operation, serveOperation } from './operation.ts';
import { readFindingJson } from './read-finding-json.ts';

/** Nobody is silenced for good: who wants that closes the finding, or accepts a reference. */
const SNOOZE_MS_MAX = 7 * 86_400_000;

const by = z.string().trim().min(1).max(200).describe('The person who does it.');
const reason = z.string().trim().min(1).max(2_000);
const note = reason.optional();
const params = z.object({ id: z.string() });

const ack = {
  method: 'POST',
  path: '/findings/{id}/ack',
  id: 'ackFinding',
  summary: 'Acknowledge: nobody is told again unless it doubles; it stays open, and gates go on holding',
  params,
  body: z.strictObject({ by, note }),
  answer: findingJson,
  failures: ['not_found', 'finding_closed'],
} satisfies Operation;

const snooze = {
  method: 'POST',
  path: '/findings/{id}/snooze',
  id: 'snoozeFinding',
  summary: 'Tell nobody until then, or until it doubles; it stays open, and gates go on holding',
  params,
  body: z.strictObject({
    by,
    reason,
    until: z.iso.datetime({ offset: true }).describe('At most 7 days from now.'),
  }),
  answer: findingJson,
  failures: ['not_found', 'finding_closed'],
} satisfies Operation;

const feedback = {
  method: 'POST',
  path: '/findings/{id}/feedback',
  id: 'rateFinding',
  summary: 'Say whether a finding was useful; the last word of each finding counts',
  params,
  body: z.strictObject({
    by,
    feedback: z.enum(FEEDBACKS).describe('noise: true, but nobody needs it; wrong: not true.'),
    note,
  }),
  answer: findingJson,
  failures: ['not_found'],
} satisfies Operation;

const close = {
  method: 'POST',
  path: '/findings/{id}/close',
  id: 'closeFinding',
  summary:
    'Close a finding: it opens anew when it doubles, or comes back after a recovery; twice changes nothing',
  params,
  body: z.strictObject({ by, reason }),
  answer: findingJson,
  failures: ['not_found'],
} satisfies Operation;

export const FINDING_ACT_OPERATIONS: readonly Operation[] = [ack, snooze, feedback, close];

export function serveFindingActs(app: FastifyInstance, { client, now }: ApiDeps): void {
  serveOperation(app, ack, async ({ params: { id }, body }) => {
    const finding = await knownFinding(client, id);
    assertOpen(finding, 'acknowledged');
    await record(client, finding, { act: 'ack', by: body.by, reason: body.note ?? '', atMs: now() });
    return readFindingJson(client, finding, now());
  });
  serveOperation(app, snooze, async ({ params: { id }, body }) => {
    const finding = await knownFinding(client, id);
    assertOpen(finding, 'snoozed');
    const nowMs = now();
    const untilMs = endOfSnooze(body.until, nowMs);
    await record(client, finding, { act: 'snooze', by: body.by, reason: body.reason, untilMs, atMs: nowMs });
    return readFindingJson(client, finding, nowMs);
  });
  serveOperation(app, feedback, async ({ params: { id }, body }) => {
    const finding = await knownFinding(client, id);
    const { by: person, feedback: word, note: why = '' } = body;
    await record(client, finding, { act: 'feedback', by: person, reason: why, feedback: word, atMs: now() });
    return readFindingJson(client, finding, now());
  });
  serveOperation(app, close, async ({ params: { id }, body }) => {
    const finding = await knownFinding(client, id);
    if (finding.state === 'closed') return readFindingJson(client, finding, now());
    const nowMs = now();
    const act = await record(client, finding, { act: 'close', ...body, atMs: nowMs });
    // The act is the record and detectors go by it; this is what everybody sees until they have looked again.
    const closed = closedByPerson(finding, act);
    await writeFinding(client, closed, nowMs);
    return readFindingJson(client, closed, nowMs);
  });
}

export async function knownFinding(client: ClickHouseClient, id: string): Promise<Finding> {
  const finding = await readFinding(client, id);
  if (finding !== null) return finding;
  const text = `There is no finding ${id}; GET /api/v1/findings lists them.`;
  throw new PipelineError('not_found', text, { id });
}

function assertOpen({ id, state, closedAtMs }: Finding, what: string): void {
  if (state !== 'closed') return;
  const at = closedAtMs === null ? '' : ` since ${rfc3339(closedAtMs)}`;
  const text = `Finding ${id} is closed${at}; only one that is open can be ${what}.`;
  throw new PipelineError('finding_closed', text, { id });
}

function endOfSnooze(until: string, nowMs: number): number {
  const untilMs = Date.parse(until);
  if (untilMs > nowMs && untilMs <= nowMs + SNOOZE_MS_MAX) return untilMs;
  const wrong = untilMs > nowMs ? 'is more than 7 days away' : 'is over';
  const text = `until ${until} ${wrong}; name a time before ${rfc3339(nowMs + SNOOZE_MS_MAX)}, or close the finding.`;
  throw new PipelineError('request_invalid', text, { until });
}

type Done = Pick<FindingAct, 'act' | 'by' | 'reason' | 'atMs'> &
  Partial<Pick<FindingAct, 'untilMs' | 'feedback'>>;

async function record(client: ClickHouseClient, finding: Finding, done: Done): Promise<FindingAct> {
  const size = effectSize(finding);
  const act: FindingAct = {
    untilMs: null,
    feedback: null,
    ...done,
    id: `a_${randomUUID()}`,
    findingId: finding.id,
    kind: finding.kind,
    subject: finding.subject,
    metric: finding.effect.metric,
    constraint: constraintOfFinding(finding) ?? '',
    effectSize: size !== null && Number.isFinite(size) ? size : null,
  };
  await insertFindingActs(client, [act]);
  return act;
}
