import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listenBriefly } from '../../main/listen-briefly.ts';
import { readOrCreateEngineToken } from '../../store/engine/engine-token.ts';
import { runPlumbline, type Server, startServer } from './run-plumbline.ts';

let folder: string;
const servers: Server[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-elsewhere-'));
});
afterAll(async () => {
  for (const server of servers) {
    if (server.groupLives()) server.signalGroup('SIGKILL');
    await server.exitCode();
  }
  rmSync(folder, { recursive: true, force: true });
});

it('accepts and keeps while a store elsewhere is away, makes its tables and writes when it comes', async () => {
  const port = (await listenBriefly('127.0.0.1', 0)) as number;
  const storeDir = join(folder, 'store');
  const token = await readOrCreateEngineToken(storeDir);
  const env = {
    CLICKHOUSE_URL: `http://plumbline:${token}@127.0.0.1:${port}`,
    PLUMBLINE_ROLES: 'ingest,api',
  };
  const dataDir = join(folder, 'ingest');
  const server = await startServer({ dataDir, env });
  servers.push(server);
  expect(server.output.stdout).not.toContain(token);
  expect(server.output.stderr).toContain('ClickHouse does not answer');
  expect(server.output.stderr).not.toContain(token);

  const log = { timeUnixNano: `${Date.now()}000000`, body: { stringValue: 'kept' } };
  const response = await fetch(`http://127.0.0.1:${server.ports.otlpHttpPort}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [log] }] }] }),
  });
  expect(response.status).toBe(200);
  expect(await fetch(`http://127.0.0.1:${server.ports.apiPort}/readyz`)).toMatchObject({ status: 503 });

  const store = await startServer({
    dataDir: storeDir,
    env: { PLUMBLINE_ROLES: 'store', PLUMBLINE_CLICKHOUSE_PORT: String(port) },
  });
  servers.push(store);
  const count = async (): Promise<string> => {
    const args = ['sql', '--format', 'TSV', "SELECT count() FROM otel_logs WHERE Body = 'kept'"];
    return (await runPlumbline(args, { dataDir, env })).stdout;
  };
  await expect.poll(count, { timeout: 25_000, interval: 500 }).toBe('1\n');
}, 60_000);
