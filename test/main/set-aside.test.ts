import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStoreClient } from '../../store/client.ts';
import { readOrCreateEngineToken } from '../../store/engine/engine-token.ts';
import { copyMigrated } from '../copy-migrated.ts';
import { runPlumbline, type Server, startServer } from './run-plumbline.ts';

const REASON = 'the store refuses its rows: ClickHouse code 469, VIOLATED_CONSTRAINT';
const ENV = { PLUMBLINE_ROLES: 'store,ingest,api' };

let dataDir: string;
const servers: Server[] = [];
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plumbline-aside-'));
  copyMigrated(dataDir, { tallies: [] });
});
afterAll(async () => {
  for (const server of servers) {
    if (server.groupLives()) server.signalGroup('SIGKILL');
    await server.exitCode();
  }
  await rm(dataDir, { recursive: true, force: true });
});

async function serve(): Promise<Server> {
  const server = await startServer({ dataDir, env: ENV });
  servers.push(server);
  return server;
}

async function store(server: Server, query: string): Promise<string> {
  const url = `http://127.0.0.1:${server.ports.clickhousePort}`;
  const client = createStoreClient({ url, token: await readOrCreateEngineToken(dataDir) });
  try {
    const result = await client.exec({ query });
    return (await result.stream.toArray()).join('').trim();
  } finally {
    await client.close();
  }
}

async function stop(server: Server): Promise<void> {
  server.child.kill('SIGTERM');
  expect(await server.exitCode()).toBe(0);
}

const plumbline = (...args: string[]) => runPlumbline(args, { dataDir, env: ENV });

it('what the store refuses shows with its reason in doctor, API and metrics, and can be put back', async () => {
  const server = await serve();
  const api = `http://127.0.0.1:${server.ports.apiPort}`;
  await store(server, "ALTER TABLE otel_logs ADD CONSTRAINT forbidden CHECK Body != 'poison'");
  for (const stringValue of ['good', 'poison']) {
    const sent = await fetch(`http://127.0.0.1:${server.ports.otlpHttpPort}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue } }] }] }] }),
    });
    expect(sent.status).toBe(200);
  }
  const setAside = async () => (await fetch(`${api}/api/v1/set-aside`)).json();
  await expect
    .poll(setAside, { timeout: 10_000 })
    .toEqual({ setAside: [{ signal: 'logs', reason: REASON, requestCount: 1 }] });
  const metrics = await (await fetch(`${api}/metrics`)).text();
  expect(metrics).toContain(
    `plumbline_ingest_spool_set_aside{signal="logs",reason="${REASON}",plumbline_role="ingest"} 1`,
  );
  expect((await plumbline('doctor')).stdout).toContain(`1 requests (1 of logs: ${REASON})`);
  const listed = JSON.parse((await plumbline('spool', 'list', '--json')).stdout);
  expect(listed.setAside).toMatchObject([
    { signal: 'logs', reason: REASON, detail: expect.stringContaining('forbidden') },
  ]);
  expect((await plumbline('spool', 'put-back')).code).toBe(4);

  await store(server, 'ALTER TABLE otel_logs DROP CONSTRAINT forbidden');
  await stop(server);
  expect(await plumbline('spool', 'put-back')).toMatchObject({
    code: 0,
    stdout: '1 requests were put back; the next start stores them.\n',
  });
  const again = await serve();
  const bodies = () => store(again, 'SELECT Body FROM otel_logs ORDER BY Body FORMAT TSV');
  await expect.poll(bodies, { timeout: 10_000 }).toBe('good\npoison');
  expect((await plumbline('spool', 'list')).stdout).toContain('Nothing is set aside');
  await stop(again);
}, 60_000);
