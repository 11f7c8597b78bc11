import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Finding } from '../../core/finding.ts';
import type { Report } from '../../core/report.ts';
import { digestMinuteOf, oncallOf } from '../../gates/constraints/oncall-of.ts';
import { readConstraintFiles } from '../../gates/constraints/read-constraint-files.ts';
import { addNotification, NOTIFY_QUEUE } from '../../jobs/notification-job.ts';
import { createNotifier } from '../../jobs/notify.ts';
import { createPageBudget } from '../../jobs/page-budget.ts';
import { connectQueues, type QueueConnection } from '../../jobs/queues.ts';
import { createTeller, type Teller } from '../../jobs/tell.ts';
import { insertFindingActs } from '../../store/finding-acts.ts';
import { readNotifications } from '../../store/notifications.ts';
import { readReport } from '../../store/reports.ts';
import { readUndigested, writeToldNews } from '../../store/told-news.ts';
import { makeFinding, makeMaskedFailure } from '../alerts/make-finding.ts';
import { sampleReport } from '../api/samples.ts';
import { copyQueue } from '../copy-queue.ts';
import { makeAct } from '../core/make-act.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { testMetrics } from './metric-values.ts';
import { recordingLog } from './recording-log.ts';
import { waitUntil } from './wait-until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HOUR = 3_600_000;
const NIGHT = Date.parse('2026-11-24T01:00:00Z');
const CONSTRAINTS = join(import.meta.dirname, 'fixtures/oncall');

let engine: TestEngine;
let dataDir: string;
let connection: QueueConnection;
let server: Server;
let webhookUrl: string;
const seen: Report[] = [];
const log = recordingLog();
const sets = readConstraintFiles(CONSTRAINTS, NIGHT).flatMap(({ set }) => set ?? []);

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push((JSON.parse(body) as { report: Report }).report);
    response.writeHead(200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  dataDir = await mkdtemp(join(tmpdir(), 'plumbline-acts-'));
  await copyQueue(dataDir);
  [engine, connection] = await Promise.all([
    startTestEngine({ migrate: true, tallies: [] }),
    connectQueues({ dataDir, log, now: Date.now }),
  ]);
  const { meter } = testMetrics();
  const { signal } = new AbortController();
  const deps = { client: engine.client, webhookUrl, webhookSecret: 's', fetch, now: Date.now };
  connection.worker(NOTIFY_QUEUE, createNotifier({ ...deps, log, meter, signal }), { concurrency: 1 });
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await connection.close();
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** What a judge process that has just started would have. */
function newTeller(): Teller {
  return createTeller({
    client: engine.client,
    notifyQueue: connection.queue(NOTIFY_QUEUE),
    dataDir,
    webhookUrl,
    log,
    constraintFor: () => null,
    oncallOf: (subject) => oncallOf(sets, subject),
    digestMinuteOf: (oncall) => digestMinuteOf(sets, oncall),
    notifyDelayMs: 100,
  });
}

/** A finding against no written intent. */
function found(subject: string, ratio: number, changes: Partial<Finding> = {}): Finding {
  const finding = makeMaskedFailure({ id: `f-${subject}`, subject, ...changes });
  return { ...finding, effect: { ...finding.effect, ratio, lower: ratio, upper: ratio } };
}

const newsOf = (report: Report) => (report.facts['told'] as { news: string } | undefined)?.news;
const of = (subject: string) => seen.filter(({ facts }) => facts['subject'] === subject);
const digestsOf = (oncall: string) => seen.filter(({ facts }) => facts['oncall'] === oncall);

describe('what a person acknowledged or snoozed', () => {
  it('calls nobody, is kept, is told again when it has doubled, and its end is told', async () => {
    const finding = found('acked', 2);
    await newTeller().tellFindings([finding], NIGHT);
    await insertFindingActs(engine.client, [makeAct(finding, { atMs: NIGHT + 1_000 })]);
    await newTeller().tellFindings([found('acked', 2.5, { state: 'confirmed' })], NIGHT + HOUR);
    const report = await readReport(engine.client, finding.id);
    expect(report?.facts).toMatchObject({ confirmed: true, told: { news: 'confirmed' } });
    expect(report?.markdown).toContain('confirmed, acknowledged by Ada (known)');
    const teller = newTeller();
    const doubled = found('acked', 3.1, { state: 'confirmed' });
    await teller.tellFindings([doubled], NIGHT + 2 * HOUR);
    await teller.tellFindings([doubled], NIGHT + 2 * HOUR + 5_000);
    await teller.tellFindings([found('acked', 2.5, { state: 'confirmed' })], NIGHT + 2 * HOUR + 10_000);
    await teller.tellFindings([{ ...doubled, state: 'closed', closedAtMs: NIGHT }], NIGHT + 3 * HOUR);
    await waitUntil('the end', () => of('acked').some(({ state }) => state === 'closed'));
    expect(of('acked').map(newsOf)).toEqual(['opened', 'doubled', 'closed']);
  });

  it('is told once when the snooze ends', async () => {
    const finding = found('snoozed', 2);
    await newTeller().tellFindings([finding], NIGHT);
    const untilMs = NIGHT + 4 * HOUR;
    await insertFindingActs(engine.client, [
      makeAct(finding, { act: 'snooze', atMs: NIGHT + 1_000, untilMs }),
    ]);
    const confirmed = found('snoozed', 2, { state: 'confirmed' });
    for (const atMs of [NIGHT + HOUR, untilMs - 1, untilMs, untilMs + 5_000])
      await newTeller().tellFindings([confirmed], atMs);
    await waitUntil('the end of the snooze', () => of('snoozed').length === 2);
    expect(of('snoozed').map(newsOf)).toEqual(['opened', 'snooze-ended']);
    expect(of('snoozed')[1]?.markdown).toContain('no longer snoozed by Ada');
  });

  it('silences the whole report of one cause', async () => {
    const lead = found('caused', 2);
    const other = found('caused', 2, { id: 'f-caused-2', state: 'confirmed' });
    await newTeller().tellFindings([lead], NIGHT);
    await insertFindingActs(engine.client, [makeAct(lead, { atMs: NIGHT + 1_000 })]);
    await newTeller().tellFindings([lead, other], NIGHT + HOUR);
    await newTeller().tellFindings([found('after', 2)], NIGHT + HOUR);
    await waitUntil('one that came later', () => of('after').length === 1);
    expect(of('caused').map(newsOf)).toEqual(['opened']);
  });
});

describe('the budget of who is on call', () => {
  it('tells the most urgent at once, through a restart, and the rest in one digest at its time', async () => {
    const findings = [
      found('shop-a', 2),
      found('shop-b', 3),
      found('shop-c', 2, { state: 'confirmed' }),
      found('shop-d', 4, { state: 'confirmed' }),
    ];
    await newTeller().tellFindings(findings, NIGHT);
    const breach = makeFinding({ id: 'f-shop-e', subject: 'shop-e' });
    const [, second, ...others] = findings;
    const all = [breach, found('shop-a', 2, { state: 'confirmed' }), second as Finding, ...others];
    await newTeller().tellFindings(all, NIGHT + HOUR);
    await newTeller().tellDigests(NIGHT + 7 * HOUR + 59 * 60_000);
    expect(digestsOf('shop-team')).toEqual([]);
    await newTeller().tellDigests(NIGHT + 8 * HOUR);
    await newTeller().tellDigests(NIGHT + 8 * HOUR + 60_000);
    await waitUntil('the digest', () => digestsOf('shop-team').length === 1);
    const paged = seen.filter(({ facts }) => String(facts['subject']).startsWith('shop-'));
    expect(paged.map(({ facts }) => facts['subject'])).toEqual(['shop-d', 'shop-c', 'shop-e']);
    const [digest] = digestsOf('shop-team');
    expect(digest?.facts['items']).toMatchObject([
      { headline: expect.stringContaining('shop-a'), news: 'confirmed', times: 2, state: 'confirmed' },
      { headline: expect.stringContaining('shop-b'), news: 'opened', times: 1 },
    ]);
    expect(digest?.headline).toBe(
      'Digest for shop-team: 2 reports that were not told at once, 2 of them open',
    );
    expect(await readReport(engine.client, digest?.id ?? '')).toMatchObject({ state: 'closed' });

    // Half a day later there is budget again; the end of what was told in the digest is told there too.
    const later = NIGHT + 14 * HOUR;
    const closed = [found('shop-b', 3, { state: 'closed', closedAtMs: later })];
    await newTeller().tellFindings([...all.filter(({ subject }) => subject !== 'shop-b'), ...closed], later);
    await newTeller().tellFindings([...all, found('shop-f', 2)], later + 1_000);
    await newTeller().tellDigests(NIGHT + 32 * HOUR);
    await waitUntil('the next digest', () => digestsOf('shop-team').length === 2);
    expect(digestsOf('shop-team')[1]?.facts['items']).toMatchObject([
      { headline: expect.stringContaining('shop-b'), news: 'closed' },
    ]);
    expect(of('shop-f')).toHaveLength(1);
  });

  it('sends a digest as it was begun when a judge ended in the middle of it', async () => {
    const news = {
      ...{ id: 'early', oncall: 'cut-off', atMs: NIGHT, reportId: 'r_1', openedAtMs: NIGHT, news: 'opened' },
      ...{ way: 'digest' as const, state: 'suspect', effectSize: 1, confidence: 0.9, headline: 'cut off' },
    };
    const dueMs = NIGHT + 8 * HOUR;
    await writeToldNews(engine.client, [{ ...news, digestId: `r_x.${dueMs}` }], 'inDigest');
    await writeToldNews(engine.client, [{ ...news, id: 'later', digestId: '' }], 'deferred');
    await newTeller().tellDigests(dueMs + 60_000);
    await waitUntil('the digest', () => digestsOf('cut-off').length === 1);
    expect(digestsOf('cut-off')[0]?.updatedAt).toBe('2026-11-24T09:00:00.000Z');
    expect(digestsOf('cut-off')[0]?.facts['items']).toHaveLength(1);
    const waiting = (await readUndigested(engine.client)).filter(({ oncall }) => oncall === 'cut-off');
    expect(waiting.map(({ id }) => id)).toContain('later');
  });

  it('sends nothing twice that two judges queue one after the other', async () => {
    const add = (name: string) => {
      const report = { ...sampleReport({ id: `r_${name}`, subjectId: name }), facts: { subject: name } };
      const job = { deliveryId: `${report.id}.webhook.1`, channel: 'webhook', report } as const;
      return addNotification(connection.queue(NOTIFY_QUEUE), job, 100);
    };
    const recorded = async (name: string) =>
      (await readNotifications(engine.client, { reportId: `r_${name}` })).length === 1;
    for (const name of ['queued-twice', 'queued-twice', 'queued-last']) {
      await add(name);
      await waitUntil('its record', () => recorded(name));
    }
    expect(of('queued-twice')).toHaveLength(1);
    expect(of('queued-last')).toHaveLength(1);
  });

  it('is not exceeded by two judges at once', async () => {
    const judges = [createPageBudget(engine.client), createPageBudget(engine.client)];
    const to = {
      ...{ oncall: 'raced', pagesPerShiftMax: 3, pagesPerWeekMax: 10, digestMinute: 0, isPaged: true },
    };
    const asked = Array.from({ length: 12 }, (_, i) => ({
      ...{ id: `n-${i}`, oncall: 'raced', atMs: NIGHT + i, way: 'page' as const, digestId: '' },
      ...{ reportId: `r-${i}`, openedAtMs: NIGHT, news: 'opened', state: 'suspect', effectSize: 1 },
      ...{ confidence: 1, headline: `${i}` },
    }));
    const told = await Promise.all(
      asked.map((news, i) => judges[i % 2]?.({ news, to, isUrgent: false }) as Promise<boolean>),
    );
    const count = told.filter((isPaged) => isPaged).length;
    expect(count).toBeGreaterThanOrEqual(2);
    expect(count).toBeLessThanOrEqual(3);
    const waiting = (await readUndigested(engine.client)).filter(({ oncall }) => oncall === 'raced');
    expect(waiting).toHaveLength(12 - count);
  });
});

describe('oncallOf', () => {
  const drift = [{ of: 'drift' as const, name: 'masked-failure' }];
  it.each([
    ['the owner where nobody is on call', 'shop-a', drift, { oncall: 'shop-team', pagesPerShiftMax: 2 }],
    [
      'the strictest of the files that name a person',
      'pay',
      drift,
      { oncall: 'ben', pagesPerShiftMax: 1, pagesPerWeekMax: 3 },
    ],
    ['what ticket names is not told at once', 'stock', drift, { oncall: 'ben', isPaged: false }],
    ['what page does not name neither', 'pay', drift, { isPaged: false }],
    ['what page names is', 'pay', [{ of: 'intent' as const, name: 'ok' }], { isPaged: true }],
  ])('%s', (_, service, names, expected) =>
    expect(oncallOf(sets, { services: [service], names })).toMatchObject(expected),
  );
  it('knows nobody where nobody wrote anything', () => {
    expect(oncallOf(sets, { services: ['unheard-of'], names: drift })).toBeNull();
  });
});
