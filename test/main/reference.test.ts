import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyMigrated } from '../copy-migrated.ts';
import { waitUntil } from '../jobs/wait-until.ts';
import { runPlumbline, type Server, startServer } from './run-plumbline.ts';

const MINUTE = 60_000;
const FROM = Math.floor(Date.now() / 600_000) * 600_000 - 5 * 3_600_000;
const MINUTES = 180;
const PERIOD = [
  '--from',
  new Date(FROM).toISOString(),
  '--until',
  new Date(FROM + MINUTES * MINUTE).toISOString(),
  '--service',
  'cart',
];

let dataDir: string;
let server: Server;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-reference-'));
  copyMigrated(dataDir);
  server = await startServer({ dataDir, env: { PLUMBLINE_ROLES: 'store,ingest,api' } });
});
afterAll(async () => {
  server.signalGroup('SIGKILL');
  await server.exitCode();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Three hours of request metrics, a delta a minute, as an SDK sends them. */
async function sendRequests(): Promise<void> {
  const nanos = (timeMs: number) => `${timeMs}000000`;
  const dataPoints = Array.from({ length: MINUTES }, (_, minute) => ({
    startTimeUnixNano: nanos(FROM + minute * MINUTE),
    timeUnixNano: nanos(FROM + (minute + 1) * MINUTE),
    count: '600',
    sum: 30,
    explicitBounds: [0.05, 0.1],
    bucketCounts: ['300', '300', '0'],
    attributes: [{ key: 'http.response.status_code', value: { intValue: '200' } }],
  }));
  const histogram = { aggregationTemporality: 1, dataPoints };
  const metrics = [{ name: 'http.server.request.duration', unit: 's', histogram }];
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] };
  const response = await fetch(`http://127.0.0.1:${server.ports.otlpHttpPort}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }),
  });
  expect([response.status, await response.json()]).toEqual([200, {}]);
}

const run = (...args: readonly string[]) => runPlumbline(['reference', ...args], { dataDir });

it('a reference is proposed from what was sent, accepted as shown, listed and revoked', async () => {
  expect((await run('list')).stdout).toBe('No reference was ever accepted: nothing says what is normal.\n');
  await sendRequests();
  let shown = '{}';
  await waitUntil('what was sent is proposed', async () => {
    shown = (await run('propose', ...PERIOD, '--json')).stdout;
    return shown.includes('p50Ms');
  });
  const proposal = JSON.parse(shown) as { hash: string };
  const text = await run('propose', ...PERIOD);
  expect(text.stdout).toMatch(/cart +p50Ms +100 % +180 +1 +new/);
  expect(text.stdout).toContain('(SHORT_PERIOD)');
  expect(text.stdout).toContain(`--service cart --hash ${proposal.hash}`);

  const person = ['--by', 'Ada', '--reason', 'a calm afternoon'];
  const wrong = await run('accept', ...PERIOD, ...person, '--hash', '0'.repeat(64));
  expect(wrong).toMatchObject({ code: 1, stdout: '' });
  expect(wrong.stderr).toContain(`has the hash ${proposal.hash}`);
  const accepted = await run('accept', ...PERIOD, ...person, '--hash', proposal.hash, '--json');
  const { id } = JSON.parse(accepted.stdout) as { id: string };
  expect((await run('list')).stdout).toMatch(/in-force +cart .* Ada .* a calm afternoon/);

  const revoked = await run('revoke', id, '--by', 'Grace', '--reason', 'the cache was cold');
  expect(revoked).toMatchObject({ code: 0, stdout: `Revoked by Grace: ${id}\n` });
  expect((await run('list')).stdout).toMatch(/revoked +cart /);
});
