import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Report } from '../../core/report.ts';
import type { Outcome, Verdict } from '../../core/verdict.ts';
import { NOTIFY_QUEUE } from '../../jobs/notification-job.ts';
import { createNotifier } from '../../jobs/notify.ts';
import { connectQueues, type QueueConnection } from '../../jobs/queues.ts';
import { createTeller, type Teller } from '../../jobs/tell.ts';
import { writeFinding } from '../../store/findings.ts';
import { readNotifications } from '../../store/notifications.ts';
import { readReports } from '../../store/reports.ts';
import { makeFinding } from '../alerts/make-finding.ts';
import { makeVerdict, T0_MS } from '../alerts/make-verdict.ts';
import { copyQueue } from '../copy-queue.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { testMetrics } from './metric-values.ts';
import { recordingLog } from './recording-log.ts';
import { waitUntil } from './wait-until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe('createTeller', () => {
  let engine: TestEngine;
  let dataDir: string;
  let connection: QueueConnection;
  let server: Server;
  let webhookUrl: string;
  const log = recordingLog();
  const { meter, values } = testMetrics();
  const seen: { delivery: string; report: Report }[] = [];
  /** Answers still to be given before 200. */
  const answers: number[] = [];

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen.push({ delivery: String(request.headers['x-plumbline-delivery']), ...JSON.parse(body) });
      response.writeHead(answers.shift() ?? 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    dataDir = await mkdtemp(join(tmpdir(), 'plumbline-tell-'));
    await copyQueue(dataDir);
    [engine, connection] = await Promise.all([
      startTestEngine({ migrate: true, tallies: [] }),
      connectQueues({ dataDir, log, now: Date.now }),
    ]);
    const { client } = engine;
    const { signal } = new AbortController();
    const deps = { client, webhookUrl, webhookSecret: 's', fetch, now: Date.now, log, meter, signal };
    connection.worker(NOTIFY_QUEUE, createNotifier(deps), { concurrency: 1 });
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
    const notifyQueue = connection.queue(NOTIFY_QUEUE);
    const constraintFor = () => 'checkout/traces';
    return createTeller({
      client: engine.client,
      notifyQueue,
      dataDir,
      webhookUrl,
      log,
      constraintFor,
      oncallOf: () => null,
      digestMinuteOf: () => 540,
      notifyDelayMs: 100,
    });
  }

  async function tellSeconds(
    teller: Teller,
    service: string,
    fromS: number,
    untilS: number,
    outcome: Outcome,
  ) {
    for (let second = fromS; second <= untilS; second++) {
      const evaluatedAtMs = T0_MS + second * 1_000;
      const changes: Partial<Omit<Verdict, 'source'>> = { outcome, evaluatedAtMs };
      await teller.tellVerdicts(
        [makeVerdict({ ...changes, source: { serviceName: service } })],
        evaluatedAtMs,
      );
    }
  }

  const deliveries = (service: string) => seen.filter(({ report }) => report.headline.includes(service));
  const reportsOf = async (service: string) =>
    (await readReports(engine.client, { limit: 100 })).filter(({ headline }) => headline.includes(service));

  it('writes, files and tells a failure once, through a restart, and closes it', async () => {
    const first = newTeller();
    await tellSeconds(first, 'cart', 0, 12, 'fail');
    const [opened] = await reportsOf('cart');
    expect(opened).toMatchObject({ state: 'open', openedAt: '2026-11-23T14:02:10.000Z' });
    const path = join(dataDir, 'reports', `${opened?.id}.md`);
    expect(readFileSync(path, 'utf8')).toBe(opened?.markdown);
    expect(opened?.markdown).toContain('(constraint checkout/traces)');
    await waitUntil('the delivery', () => deliveries('cart').length === 1);

    const second = newTeller();
    await tellSeconds(second, 'cart', 13, 40, 'fail');
    await tellSeconds(second, 'cart', 41, 71, 'pass');
    await waitUntil('the close', () => deliveries('cart').length === 2);
    const [closed, ...others] = await reportsOf('cart');
    expect(others).toEqual([]);
    expect(closed).toMatchObject({ id: opened?.id, state: 'closed', openedAt: opened?.openedAt });
    expect(readFileSync(path, 'utf8')).toContain('**closed**');
    expect(deliveries('cart').map(({ report }) => report.state)).toEqual(['open', 'closed']);
  });

  it('opens once where two workers share the ticks', async () => {
    const workers = [newTeller(), newTeller()];
    for (let second = 0; second < 60; second++) {
      await tellSeconds(workers[second % 2] as Teller, 'search', second, second, 'fail');
    }
    await waitUntil('the delivery', () => deliveries('search').length === 1);
    for (let second = 60; second < 130; second++) {
      await tellSeconds(workers[second % 2] as Teller, 'search', second, second, 'pass');
    }
    await waitUntil('the close', () => deliveries('search').length === 2);
    expect(deliveries('search').map(({ report }) => report.state)).toEqual(['open', 'closed']);
  });

  it('tries again on 503 and delivers once', async () => {
    answers.push(503, 503);
    await tellSeconds(newTeller(), 'payment', 0, 12, 'fail');
    await waitUntil('the record', async () => (await notificationsOf('payment')).length === 1);
    expect(new Set(deliveries('payment').map(({ delivery }) => delivery)).size).toBe(1);
    expect(deliveries('payment')).toHaveLength(3);
    expect(await notificationsOf('payment')).toMatchObject([
      { state: 'delivered', attempts: 3, detail: 'answered 200', channel: 'webhook' },
    ]);
  });

  it('gives up on 400 at once, and says so', async () => {
    answers.push(400);
    await tellSeconds(newTeller(), 'shipping', 0, 12, 'fail');
    await waitUntil('the record', async () => (await notificationsOf('shipping')).length === 1);
    expect(await notificationsOf('shipping')).toMatchObject([{ state: 'failed', attempts: 1 }]);
    expect(deliveries('shipping')).toHaveLength(1);
    const counted = await values('plumbline.notifications');
    expect(counted['{"state":"retry","channel":"webhook"}']).toBe(2);
    expect(counted['{"state":"failed","channel":"webhook"}']).toBe(1);
  });

  it('tells a finding from suspicion to close, also when the closing tick was cut short', async () => {
    const teller = newTeller();
    const suspect = makeFinding({ id: 'f-1', subject: 'billing' });
    await teller.tellFindings([suspect], T0_MS);
    await teller.tellFindings([suspect], T0_MS + 5_000);
    await teller.tellFindings([{ ...suspect, state: 'confirmed' }], T0_MS + 10_000);
    // The detector wrote the close and handed it out to nobody: the process had ended.
    const closed = makeFinding({ ...suspect, state: 'closed', closedAtMs: T0_MS + 14_000 });
    await writeFinding(engine.client, closed, T0_MS + 14_000);
    const next = newTeller();
    await next.tellFindings([], T0_MS + 15_000);
    await next.tellFindings([], T0_MS + 20_000);
    await waitUntil('three deliveries', () => deliveries('billing').length === 3);
    expect(
      deliveries('billing').map(({ report }) => (report.facts['told'] as { news: string }).news),
    ).toEqual(['opened', 'confirmed', 'closed']);
    expect(await reportsOf('billing')).toMatchObject([
      { state: 'closed', closedAt: '2026-11-23T14:02:24.000Z' },
    ]);
  });

  it('has told nothing when the store is away, and tells it when it is back', async () => {
    const teller = newTeller();
    await tellSeconds(teller, 'stock', 0, 9, 'fail');
    const { dataDir: engineDir } = engine;
    await engine.kill();
    await expect(tellSeconds(teller, 'stock', 10, 10, 'fail')).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(deliveries('stock')).toHaveLength(0);
    engine = await startTestEngine({ dataDir: engineDir });
    await tellSeconds(newTeller(), 'stock', 11, 22, 'fail');
    await waitUntil('the delivery', () => deliveries('stock').length === 1);
    expect(existsSync(join(dataDir, 'reports'))).toBe(true);
  });

  async function notificationsOf(service: string) {
    const ids = new Set((await reportsOf(service)).map(({ id }) => id));
    return (await readNotifications(engine.client)).filter(({ reportId }) => ids.has(reportId));
  }
});
