import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { copyMigrated } from '../copy-migrated.ts';
import { copyQueue } from '../copy-queue.ts';
import { runPlumbline, type Server, startServer } from './run-plumbline.ts';

let folder: string;
const servers: Server[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-serve-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if (server.groupLives()) server.signalGroup('SIGKILL');
    await server.exitCode();
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serve(dataDir: string, env: NodeJS.ProcessEnv = {}): Promise<Server> {
  const server = await startServer({ dataDir, env });
  servers.push(server);
  return server;
}

async function isReady({ ports }: Server): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${ports.apiPort}/readyz`)).ok;
  } catch {
    return false;
  }
}

async function sendSpan({ ports }: Server, spanId: string): Promise<number> {
  const nanos = `${Date.now()}000000`;
  const span = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId,
    name: 'pay',
    kind: 2,
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
  };
  const response = await fetch(`http://127.0.0.1:${ports.otlpHttpPort}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  await response.text();
  return response.status;
}

async function countSpans({ ports }: Server, spanId: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${ports.clickhousePort}/`, {
    method: 'POST',
    body: `SELECT count() FROM otel_traces WHERE SpanId = '${spanId}' FORMAT TSV`,
  });
  return (await response.text()).trim();
}

/** Judging has no part in what these tests look at, and its queue takes the longest to make. */
const WITHOUT_JUDGE = { PLUMBLINE_ROLES: 'store,ingest,api' };

describe('serve', { timeout: 60_000 }, () => {
  it('takes a free port for KEDA, and says which', async () => {
    const dataDir = join(folder, 'keda');
    copyMigrated(dataDir, { tallies: [] });
    const server = await serve(dataDir, { PLUMBLINE_ROLES: 'store,api', PLUMBLINE_KEDA_PORT: '0' });
    const { kedaPort } = server.ports;
    expect(kedaPort).toBeGreaterThan(0);
    expect(server.output.stdout).toContain(`KEDA          127.0.0.1:${kedaPort}`);
    const checksOf = async () =>
      ((await (await fetch(`http://127.0.0.1:${server.ports.apiPort}/readyz`)).json()) as { checks: unknown })
        .checks;
    await expect
      .poll(checksOf, { timeout: 10_000 })
      .toContainEqual({ name: 'keda', ok: true, detail: `port ${kedaPort} answers` });
    const { stdout } = await runPlumbline(['doctor'], { dataDir, env: { PLUMBLINE_KEDA_PORT: '0' } });
    expect(stdout).toContain(`port ${kedaPort}`);
  });

  it('survives its engine being killed: what is sent meanwhile is stored once it is back', async () => {
    const dataDir = join(folder, 'engine');
    copyMigrated(dataDir, { tallies: [] }); // that a server makes its tables itself shows store-elsewhere.test.ts
    await copyQueue(dataDir);
    const server = await serve(dataDir);
    await expect.poll(() => isReady(server), { timeout: 25_000 }).toBe(true);
    const roles = async () => [...(await server.rolePids()).keys()].sort(); // a role too busy to answer in time is left out
    await expect.poll(roles, { timeout: 10_000 }).toEqual(['api', 'ingest', 'judge', 'store']);
    const before = await server.rolePids();
    process.kill(before.get('store') as number, 'SIGKILL');
    expect(await sendSpan(server, 'aaaaaaaaaaaaaaaa')).toBe(200);
    await expect
      .poll(() => countSpans(server, 'aaaaaaaaaaaaaaaa').catch(() => 'no answer'), { timeout: 25_000 })
      .toBe('1');
    const after = await server.rolePids();
    expect(after.get('store')).not.toBe(before.get('store'));
    expect(after.get('ingest')).toBe(before.get('ingest'));
    expect(server.output.stderr).toContain('The store process ended and is started again');
  });

  it('47: drains on SIGTERM, ends with 0 and leaves no process behind', async () => {
    const dataDir = join(folder, 'drain');
    copyMigrated(dataDir, { tallies: [] });
    const server = await serve(dataDir, WITHOUT_JUDGE);
    expect(await sendSpan(server, 'bbbbbbbbbbbbbbbb')).toBe(200);
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);
    expect(server.groupLives()).toBe(false);
    const again = await serve(dataDir, WITHOUT_JUDGE);
    expect(await countSpans(again, 'bbbbbbbbbbbbbbbb')).toBe('1');
  });

  it('starts again on the same directory after SIGKILL of the whole group, with all it acknowledged', async () => {
    const dataDir = join(folder, 'killed');
    copyMigrated(dataDir, { tallies: [] });
    await copyQueue(dataDir);
    const server = await serve(dataDir);
    expect(await sendSpan(server, 'cccccccccccccccc')).toBe(200);
    server.signalGroup('SIGKILL');
    await server.exitCode();
    const again = await serve(dataDir);
    await expect.poll(() => isReady(again), { timeout: 25_000 }).toBe(true);
    await expect.poll(() => countSpans(again, 'cccccccccccccccc'), { timeout: 25_000 }).toBe('1');
  });

  it('takes its roles along when only the supervisor is killed, so that a start succeeds at once', async () => {
    const dataDir = join(folder, 'orphans');
    copyMigrated(dataDir, { tallies: [] });
    const server = await serve(dataDir, WITHOUT_JUDGE);
    server.child.kill('SIGKILL');
    const again = await serve(dataDir, WITHOUT_JUDGE);
    await expect.poll(() => isReady(again), { timeout: 25_000 }).toBe(true);
    await expect.poll(() => server.groupLives(), { timeout: 5_000 }).toBe(false);
  });
});
