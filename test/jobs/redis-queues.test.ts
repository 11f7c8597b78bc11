import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectQueues, type QueueConnection } from '../../jobs/queues.ts';
import { createTickMetrics } from '../../jobs/tick-metrics.ts';
import { startTicks } from '../../jobs/ticks.ts';
import { findRedis, startTestRedis, type TestRedis } from '../redis-server.ts';
import { testMetrics } from './metric-values.ts';
import { type RecordingLog, recordingLog } from './recording-log.ts';
import { waitUntil } from './wait-until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const program = findRedis();

interface TestWorker {
  readonly connection: QueueConnection;
  readonly log: RecordingLog;
  readonly startedMs: number[];
  close(): Promise<void>;
}

describe.runIf(program !== null)('queues on Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis(program as string);
  });
  afterAll(() => redis.close());

  /** One judge process as far as the queue sees it. */
  async function startWorker(name: string, tookMs: number): Promise<TestWorker> {
    const log = recordingLog();
    const connection = await connectQueues({ redisUrl: redis.url, dataDir: 'unused', log, now: Date.now });
    const startedMs: number[] = [];
    const kind = {
      name,
      everyMs: 100,
      run: async () => {
        startedMs.push(Date.now());
        await sleep(tookMs);
      },
    };
    const metrics = createTickMetrics(testMetrics().meter);
    const ticks = startTicks(kind, { connection, log, now: Date.now, metrics, checkEveryMs: 300 });
    const close = async () => {
      ticks.close();
      await connection.close();
    };
    return { connection, log, startedMs, close };
  }

  it('share the ticks: two workers do the work of one, never at the same time', async () => {
    const workers = await Promise.all([startWorker('shared', 60), startWorker('shared', 60)]);
    const all = () => workers.flatMap(({ startedMs }) => startedMs).sort((a, b) => a - b);
    await waitUntil('twenty ticks', () => all().length >= 20);
    await Promise.all(workers.map((worker) => worker.close()));
    const gaps = all()
      .slice(1, 20)
      .map((startMs, index) => startMs - (all()[index] as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(55);
    expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toBeGreaterThan(80);
  });

  it('pause while Redis is dead, say so, and go on by themselves when it is back and empty', async () => {
    const worker = await startWorker('paused', 0);
    await waitUntil('ticks', () => worker.startedMs.length >= 3);
    await redis.kill();
    await sleep(1_000);
    const before = worker.startedMs.length;
    await sleep(500);
    expect(worker.startedMs.length).toBe(before);
    const errors = worker.log.lines.filter(({ level }) => level === 'error');
    expect(errors[0]?.text).toContain('Redis does not answer');
    expect(errors.length).toBeLessThanOrEqual(4);
    await redis.restart();
    await waitUntil('ticks again', () => worker.startedMs.length >= before + 3);
    await waitUntil('that it says so', () => worker.log.lines.some(({ level }) => level === 'info'));
    await worker.close();
  });

  it('starts against a dead Redis, and closes', async () => {
    await redis.kill();
    const worker = await startWorker('late', 0);
    await waitUntil('that it says so', () => worker.log.lines.length > 0);
    const startedMs = Date.now();
    await worker.close();
    expect(Date.now() - startedMs).toBeLessThan(30_000);
    await redis.restart();
  });
});
