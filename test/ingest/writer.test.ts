import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Signal } from '../../core/signal.ts';
import type { IngestConfig } from '../../ingest/config.ts';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { exportProtobuf, type TestItems } from './export-body.ts';
import { post } from './http/post.ts';
import { startIngestProcess } from './ingest-process.ts';
import { countsOf } from './rows-of.ts';
import { startTestIngest, type TestIngest } from './start-test-ingest.ts';
import { StoreGate } from './store-gate.ts';
import { temporaryFolder } from './temporary-folder.ts';

const TABLES = [
  'otel_traces',
  'otel_logs',
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'tally_rejection',
  'tally_source',
];

let engine: TestEngine;
let gate: StoreGate;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
  gate = await StoreGate.to(engine.url);
});
beforeEach(async () => {
  await gate.shut();
  for (const table of TABLES) await engine.client.command({ query: `TRUNCATE TABLE ${table}` });
});
afterAll(async () => {
  await gate.shut();
  await engine.close();
});

const startBehindGate = (config: Partial<IngestConfig> = {}) =>
  startTestIngest(config, createStoreClient({ url: gate.url, token: engine.token }));

async function sendAll(httpUrl: string, signal: Signal, bodies: readonly TestItems[]): Promise<number[]> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const answers = await Promise.all(
    bodies.map((items) =>
      post(httpUrl, { path: `/v1/${signal}`, headers, body: exportProtobuf(signal, items) }),
    ),
  );
  return answers.map(({ status }) => status);
}

const seeds = (count: number, valid = 1): TestItems[] =>
  Array.from({ length: count }, (_, index) => ({ seed: `seed${index}`, valid }));

const spooled = (ingest: TestIngest) => ingest.metric('plumbline.ingest.spool.records');

const logBodies = (bodies: readonly TestItems[]) =>
  new Map(
    bodies.flatMap(({ seed, valid = 1, padding = '' }) =>
      Array.from({ length: valid }, (_, index) => [`${seed}/${index}${padding}`, 1] as const),
    ),
  );

describe('a store that is down', () => {
  it('37: requests are acknowledged, and stored exactly once when it comes back', async () => {
    await using ingest = await startBehindGate();
    const bodies = seeds(30, 3);
    expect(await sendAll(ingest.httpUrl, 'logs', bodies)).toEqual(bodies.map(() => 200));
    await expect.poll(() => ingest.complaints.join()).toContain('Rows wait in the spool');
    expect(await spooled(ingest)).toBe(30);
    await gate.open();
    await expect.poll(() => spooled(ingest), { timeout: 10_000 }).toBe(0);
    expect(await countsOf(engine.client, { table: 'otel_logs', column: 'Body' })).toEqual(logBodies(bodies));
  });

  it('more than a batch: rows beyond the open one come from the spool, in order, exactly once', async () => {
    await using ingest = await startBehindGate({ batchRowsMax: 150, holdMsMax: 0 });
    const bodies = seeds(200, 4);
    for (let from = 0; from < 200; from += 20) {
      expect(new Set(await sendAll(ingest.httpUrl, 'traces', bodies.slice(from, from + 20)))).toEqual(
        new Set([200]),
      );
    }
    await gate.open();
    const late = seeds(20).map((items) => ({ ...items, seed: `late ${items.seed}` }));
    expect(new Set(await sendAll(ingest.httpUrl, 'traces', late))).toEqual(new Set([200]));
    await expect.poll(() => spooled(ingest), { timeout: 15_000 }).toBe(0);
    const counts = await countsOf(engine.client, { table: 'otel_traces', column: 'TraceId' });
    expect(counts.size).toBe(820);
    expect(new Set(counts.values())).toEqual(new Set([1]));
  });

  it('what was not stored at a shutdown is stored by the next start', async () => {
    await using folder = await temporaryFolder();
    const first = await startBehindGate({ dataDir: folder.path });
    const bodies = seeds(12);
    await sendAll(first.httpUrl, 'logs', bodies);
    await first[Symbol.asyncDispose]();
    await gate.open();
    await using second = await startBehindGate({ dataDir: folder.path });
    await expect.poll(() => spooled(second), { timeout: 10_000 }).toBe(0);
    expect(await countsOf(engine.client, { table: 'otel_logs', column: 'Body' })).toEqual(logBodies(bodies));
  });

  it('what was sent just before a shutdown is stored by it', async () => {
    await gate.open();
    const ingest = await startBehindGate({ batchAgeMsMax: 60_000, drainMsMax: 5_000 });
    await sendAll(ingest.httpUrl, 'logs', seeds(5));
    await ingest[Symbol.asyncDispose]();
    expect(await countsOf(engine.client, { table: 'otel_logs', column: 'Body' })).toEqual(
      logBodies(seeds(5)),
    );
  });
});

it('45: an insert whose answer is lost is repeated, and counts once, also in the tallies', async () => {
  await using ingest = await startBehindGate();
  await gate.open({ losesAnswers: true });
  const bodies = seeds(10, 2);
  await sendAll(ingest.httpUrl, 'logs', bodies);
  await expect
    .poll(() => ingest.metric('plumbline.ingest.insert.failures'), { timeout: 10_000 })
    .toBeGreaterThan(1);
  await gate.shut();
  await gate.open();
  await expect.poll(() => spooled(ingest), { timeout: 15_000 }).toBe(0);
  expect(await countsOf(engine.client, { table: 'otel_logs', column: 'Body' })).toEqual(logBodies(bodies));
  const tally = await engine.client.query({
    query: 'SELECT sum(Items) AS n FROM tally_source',
    format: 'JSONEachRow',
  });
  expect(await tally.json()).toEqual([{ n: '20' }]);
});

describe('rows that the store refuses', () => {
  const forbid = (table: string, check: string) =>
    engine.client.command({ query: `ALTER TABLE ${table} ADD CONSTRAINT forbidden CHECK ${check}` });
  const permit = (table: string) =>
    engine.client.command({ query: `ALTER TABLE ${table} DROP CONSTRAINT forbidden` });

  it('only the request at fault is set aside, with a reason; the others are stored once', async () => {
    await using ingest = await startBehindGate({ batchAgeMsMax: 300 });
    const bodies = [...seeds(5), { seed: 'poison' }, ...seeds(9).slice(5)];
    await forbid('otel_logs', "Body NOT LIKE 'poison%'");
    await sendAll(ingest.httpUrl, 'logs', bodies);
    await gate.open();
    await expect.poll(() => spooled(ingest), { timeout: 10_000 }).toBe(0);
    await permit('otel_logs');
    expect(await countsOf(engine.client, { table: 'otel_logs', column: 'Body' })).toEqual(
      logBodies(seeds(9)),
    );
    expect(await ingest.metric('plumbline.ingest.spool.poisoned')).toBe(1);
    expect(await ingest.metric('plumbline.ingest.set_aside', { signal: 'logs' })).toBe(1);
    expect(ingest.complaints.join()).toMatch(/set aside: the store refuses its rows/);
    expect(await sendAll(ingest.httpUrl, 'logs', [{ seed: 'after' }])).toEqual([200]);
  });

  it('tables that took the batch before one refused it do not get its rows twice', async () => {
    await using ingest = await startBehindGate({ batchAgeMsMax: 300 });
    const bodies = seeds(6).map((items) => ({ ...items, valid: 2, invalid: 1 }));
    await forbid('tally_rejection', "Reason = 'nothing'");
    await sendAll(ingest.httpUrl, 'metrics', bodies);
    await gate.open();
    await expect.poll(() => spooled(ingest), { timeout: 10_000 }).toBe(0);
    await permit('tally_rejection');
    const gauges = await countsOf(engine.client, { table: 'otel_metrics_gauge', column: 'MetricName' });
    expect(gauges).toEqual(new Map(bodies.map(({ seed }) => [`gauge${seed}`, 2])));
    expect(await ingest.metric('plumbline.ingest.spool.poisoned')).toBe(6);
  });
});

describe('a spool that cannot be written any more', () => {
  it('refuses what it cannot keep, stores what it acknowledged exactly once, and recovers', async () => {
    await using folder = await temporaryFolder();
    const store = { url: gate.url, token: engine.token };
    const ingest = await startIngestProcess({ dataDir: folder.path }, store, {
      fileBlocksMax: 8_000,
      isQuiet: true,
    });
    const acknowledged: TestItems[] = [];
    const statuses = new Set<number>();
    for (let round = 0; round < 12; round++) {
      const bodies = Array.from({ length: 10 }, (_, index) => ({
        seed: `${round}-${index}`,
        padding: 'x'.repeat(60_000),
      }));
      const answers = await sendAll(ingest.httpUrl, 'logs', bodies);
      for (const status of answers) statuses.add(status);
      acknowledged.push(...bodies.filter((_, index) => answers[index] === 200));
    }
    expect(statuses).toEqual(new Set([200, 503]));
    await gate.open();
    const late = [{ seed: 'late' }];
    await expect
      .poll(() => sendAll(ingest.httpUrl, 'logs', late), { timeout: 15_000, interval: 500 })
      .toEqual([200]);
    const wanted = logBodies([...acknowledged, ...late]);
    const counts = () => countsOf(engine.client, { table: 'otel_logs', column: 'Body' });
    await expect.poll(async () => (await counts()).size, { timeout: 15_000 }).toBe(wanted.size);
    await ingest.close();
    expect(await counts()).toEqual(wanted);
  });
});
