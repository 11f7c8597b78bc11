import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { News } from '../../core/news.ts';
import { connectQueues, type QueueConnection } from '../../jobs/queues.ts';
import { createTickMetrics } from '../../jobs/tick-metrics.ts';
import { startTicks } from '../../jobs/ticks.ts';
import { copyQueue } from '../copy-queue.ts';
import { findRedis, startTestRedis, type TestRedis } from '../redis-server.ts';
import { testMetrics } from './metric-values.ts';
import { recordingLog } from './recording-log.ts';
import { waitUntil } from './wait-until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const redisProgram = findRedis();
const BACKENDS = redisProgram === null ? (['embedded'] as const) : (['embedded', 'redis'] as const);

describe.each(BACKENDS)('ticks on %s', (backend) => {
  let dataDir: string;
  let redis: TestRedis | null = null;
  let connection: QueueConnection;
  const log = recordingLog();

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'plumbline-ticks-'));
    if (backend === 'embedded') await copyQueue(dataDir);
    if (backend === 'redis') redis = await startTestRedis(redisProgram as string);
    connection = await connectQueues({ redisUrl: redis?.url, dataDir, log, now: Date.now });
  });
  afterAll(async () => {
    await connection.close();
    await redis?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('come in their rhythm, one at a time, and count', async () => {
    const { meter, values } = testMetrics();
    const startedMs: number[] = [];
    let running = 0;
    const kind = {
      name: `steady-${backend}`,
      everyMs: 100,
      run: async () => {
        startedMs.push(Date.now());
        expect(++running).toBe(1);
        await sleep(10);
        running--;
      },
    };
    const ticks = startTicks(kind, { connection, log, now: Date.now, metrics: createTickMetrics(meter) });
    await waitUntil('eleven ticks', () => startedMs.length >= 11);
    ticks.close();
    const took = (startedMs[10] as number) - (startedMs[0] as number);
    expect(took).toBeGreaterThan(800);
    const of = `{"kind":"${kind.name}"}`;
    expect((await values('plumbline.judge.tick.duration'))[of]).toBeGreaterThanOrEqual(10);
    expect((await values('plumbline.judge.tick.age'))[of]).toBeLessThan(60);
  });

  it('do not pile up behind a slow one', async () => {
    const { meter } = testMetrics();
    let count = 0;
    const kind = {
      name: `slow-${backend}`,
      everyMs: 100,
      run: async () => {
        count++;
        await sleep(400);
      },
    };
    const ticks = startTicks(kind, { connection, log, now: Date.now, metrics: createTickMetrics(meter) });
    await waitUntil('the first', () => count > 0);
    const firstMs = Date.now();
    await sleep(1_500);
    ticks.close();
    expect(count).toBeLessThanOrEqual(1 + Math.ceil((Date.now() - firstMs) / 400));
    const counts = await connection
      .queue(`plumbline-${kind.name}`)
      .getJobCounts('waiting', 'delayed', 'failed', 'completed');
    expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBeLessThanOrEqual(1);
  });

  it('come at once when there is news, not before they have rested, and without news in their rhythm', async () => {
    const { meter } = testMetrics();
    const startedMs: number[] = [];
    const news = new News();
    const kind = {
      name: `news-${backend}`,
      everyMs: 3_000,
      news,
      run: async () => {
        startedMs.push(performance.now());
        await sleep(100);
      },
    };
    const ticks = startTicks(kind, { connection, log, now: Date.now, metrics: createTickMetrics(meter) });
    await waitUntil('the first', () => startedMs.length === 1);
    news.tell(); // while it runs: it may not have seen this
    news.tell();
    await waitUntil('the second', () => startedMs.length === 2);
    await waitUntil('the third', () => startedMs.length === 3);
    ticks.close();
    const gaps = startedMs.slice(1).map((ms, i) => ms - (startedMs[i] as number));
    expect(gaps[0]).toBeGreaterThanOrEqual(290);
    expect(gaps[0]).toBeLessThan(2_000);
    expect(gaps[1]).toBeGreaterThanOrEqual(2_990);
    expect(gaps[1]).toBeLessThan(5_900);
  });

  it('go on after a failure, which is counted and said once', async () => {
    const { meter, values } = testMetrics();
    const ownLog = recordingLog();
    let count = 0;
    const kind = {
      name: `failing-${backend}`,
      everyMs: 50,
      run: async () => {
        if (++count <= 8) throw new Error('no such table');
      },
    };
    const ticks = startTicks(kind, {
      connection,
      log: ownLog,
      now: Date.now,
      metrics: createTickMetrics(meter),
    });
    await waitUntil('recovery', () => ownLog.lines.some(({ level }) => level === 'info'));
    ticks.close();
    expect(await values('plumbline.judge.tick.failures')).toEqual({ [`{"kind":"${kind.name}"}`]: 8 });
    expect(ownLog.lines.map(({ level }) => level)).toEqual(['error', 'info']);
    expect(ownLog.lines[0]).toMatchObject({ facts: { reason: 'no such table', failCount: 1 } });
  });

  it('come back when their schedule is lost', async () => {
    const { meter } = testMetrics();
    let count = 0;
    const kind = {
      name: `lost-${backend}`,
      everyMs: 50,
      run: async () => {
        count++;
      },
    };
    const deps = { connection, log, now: Date.now, metrics: createTickMetrics(meter), checkEveryMs: 200 };
    const ticks = startTicks(kind, deps);
    await waitUntil('ticks', () => count >= 3);
    const queue = connection.queue(`plumbline-${kind.name}`);
    await queue.removeJobScheduler(kind.name);
    await queue.drain(true);
    await sleep(60);
    const before = count;
    await waitUntil('ticks again', () => count >= before + 3);
    ticks.close();
  });
});
