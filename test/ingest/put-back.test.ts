import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { putBack } from '../../ingest/put-back.ts';
import { readSetAsideOf } from '../../ingest/read-set-aside.ts';
import { Spool } from '../../ingest/spool.ts';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { exportJson } from './export-body.ts';
import { post } from './http/post.ts';
import { countsOf } from './rows-of.ts';
import { startTestIngest } from './start-test-ingest.ts';
import { temporaryFolder } from './temporary-folder.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
});
afterAll(() => engine.close());

const startOn = (dataDir: string) =>
  startTestIngest(
    { dataDir, drainMsMax: 5_000 },
    createStoreClient({ url: engine.url, token: engine.token }),
  );

const temporal = (seed: string) =>
  exportJson('metrics', { seed, valid: 2, invalid: 1 }).replace(
    '"sum":{',
    '"sum":{"aggregationTemporality":2,"isMonotonic":true,',
  );

async function tallied(): Promise<number> {
  const result = await engine.client.query({
    query: 'SELECT sum(Items) AS n FROM tally_source',
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ n: string }>();
  return Number(row?.n);
}

it('a request whose one table was refused is stored whole and once after it was put back', async () => {
  await using folder = await temporaryFolder();
  const spoolFolder = join(folder.path, 'spool');
  await engine.client.command({
    query: "ALTER TABLE otel_metrics_sum ADD CONSTRAINT forbidden CHECK MetricName != 'sum'",
  });
  const first = await startOn(folder.path);
  const headers = { 'content-type': 'application/json' };
  for (const seed of ['a', 'b', 'c']) {
    expect(await post(first.httpUrl, { path: '/v1/metrics', headers, body: temporal(seed) })).toMatchObject({
      status: 200,
    });
  }
  const reason = 'the store refuses its rows: ClickHouse code 469, VIOLATED_CONSTRAINT';
  await expect
    .poll(() => first.metric('plumbline.ingest.spool.set_aside', { signal: 'metrics', reason }))
    .toBe(3);
  const aside = await readSetAsideOf(spoolFolder); // beside the process that writes it
  expect(aside).toMatchObject(
    [1, 2, 3].map((seq) => ({ signal: 'metrics', seq, reason, storedTables: ['otel_metrics_gauge'] })),
  );
  expect(aside[0]?.detail).toContain('forbidden');
  await first[Symbol.asyncDispose]();

  await engine.client.command({ query: 'ALTER TABLE otel_metrics_sum DROP CONSTRAINT forbidden' });
  const done = await putBack(spoolFolder, ({ seq }) => seq !== 2);
  expect(done.map(({ request, stays }) => [request.seq, stays])).toEqual([
    [1, null],
    [3, null],
  ]);
  const second = await startOn(folder.path);
  await expect.poll(() => second.metric('plumbline.ingest.spool.records'), { timeout: 10_000 }).toBe(0);
  expect(await second.metric('plumbline.ingest.spool.set_aside')).toBe(1);
  await second[Symbol.asyncDispose]();

  const gauges = await countsOf(engine.client, { table: 'otel_metrics_gauge', column: 'MetricName' });
  expect(gauges).toEqual(new Map(['gaugea', 'gaugeb', 'gaugec'].map((name) => [name, 2])));
  expect(await countsOf(engine.client, { table: 'otel_metrics_sum', column: 'MetricName' })).toEqual(
    new Map([['sum', 2]]),
  );
  expect(await tallied()).toBe(8);

  const spool = await Spool.open({ folder: spoolFolder, bytesMax: 2 ** 30, diskFreeBytesMin: 0 });
  expect(spool.lastSeq('metrics')).toBe(3); // released seqs are older now than the newest: none comes again
  await spool.close();
});

it('what may be stored already, or stands in a batch that is not finished, stays aside', async () => {
  await using folder = await temporaryFolder();
  const spool = await Spool.open({ folder: folder.path, bytesMax: 2 ** 30, diskFreeBytesMin: 0 });
  const record = {
    contentType: 'protobuf',
    contentEncoding: 'identity',
    receivedAtMs: 1,
    tenant: '',
    body: Buffer.from('x'),
  } as const;
  for (const storedTables of [null, []]) {
    const { seq, durable } = spool.append('logs', record);
    await durable;
    await spool.setAside({ signal: 'logs', seq, reason: 'r', detail: '', storedTables, atMs: 1 });
  }
  await spool.recordBatch({ signal: 'logs', fromSeq: 2, toSeq: 2, split: { storedTables: [] } });
  await spool.close();
  const done = await putBack(folder.path, () => true);
  expect(done.map(({ stays }) => stays)).toEqual([
    'nobody knows what of it is stored',
    'it belongs to a batch that is not yet finished',
  ]);
  expect(await readSetAsideOf(folder.path)).toHaveLength(2);
});
