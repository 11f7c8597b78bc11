import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../core/log.ts';
import { parseConfig } from '../../main/config.ts';
import { takeDataDir } from '../../main/data-dir.ts';
import type { DirectoryLock } from '../../main/directory-lock.ts';
import type { Role } from '../../main/settings.ts';
import { createSupervisor, type Supervisor } from '../../main/supervisor.ts';

let folder: string;
let lock: DirectoryLock;
let supervisor: Supervisor | null;
const logged: string[] = [];
const log: Log = {
  info: (_facts, text) => logged.push(text),
  warn: (_facts, text) => logged.push(text),
  error: (_facts, text) => logged.push(text),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-supervisor-'));
  lock = takeDataDir(folder);
  supervisor = null;
  logged.length = 0;
});
afterEach(async () => {
  await supervisor?.stop();
  lock.release();
  rmSync(folder, { recursive: true, force: true });
});

const ALL = ['store', 'ingest', 'judge', 'api'] as const;

/** @param roles those that the test is about: each is a process, a third of a second of CPU to start */
function supervise(behaviour: NodeJS.ProcessEnv = {}, roles: readonly Role[] = ALL): Supervisor {
  const scripts = roles.map((role) => ({
    role,
    path: join(import.meta.dirname, 'fake-role.ts'),
    execArgv: [],
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      FAKE_ROLE: role,
      FAKE_DIARY: join(folder, 'diary'),
      ...behaviour,
    },
  }));
  supervisor = createSupervisor({ scripts, log, now: Date.now, drainBudgetMs: 1_500 });
  return supervisor;
}

async function start(
  of: Supervisor,
  betweenStoreAndRest: () => Promise<void> = async () => {},
): Promise<void> {
  const config = parseConfig({
    env: { PLUMBLINE_DATA_DIR: folder, OTEL_SDK_DISABLED: 'true' },
    fileText: null,
    folder,
  });
  await of.start({ config, instanceId: 'test' }, betweenStoreAndRest);
}

const diary = (): string[] => readFileSync(join(folder, 'diary'), 'utf8').trim().split('\n');
const pidOf = (role: string): number => {
  const line = diary().findLast((entry) => entry.startsWith(`${role} starts`)) as string;
  return Number(line.split(' ')[2]);
};

describe('supervisor', () => {
  it('starts the store, prepares it, then the rest; stops sources first and the store last', async () => {
    const subject = supervise();
    let before: string[] = [];
    await start(subject, async () => {
      before = diary();
    });
    expect(before.map((line) => line.split(' ')[0])).toEqual(['store']);
    await subject.stop();
    const closes = diary().filter((line) => / clos/.test(line));
    expect(closes.slice(0, 2)).toEqual(['ingest closes', 'ingest closed']);
    expect(closes.slice(-2)).toEqual(['store closes', 'store closed']);
    expect(closes).toHaveLength(8);
  });

  it.each([
    [
      'the judge',
      'that ingest stored rows',
      { FAKE_INGEST: 'stores', FAKE_JUDGE: 'hears', FAKE_API: 'hears' },
      'judge hears stored true',
    ],
    [
      'the gate',
      'that the judge wrote verdicts',
      { FAKE_JUDGE: 'judges', FAKE_INGEST: 'hears', FAKE_API: 'hears' },
      'api hears judged true',
    ],
  ])('tells %s, and nobody else, %s', async (_who, _what, behaviours, heard) => {
    await start(supervise(behaviours));
    await expect.poll(diary).toContain(heard);
    expect(diary().filter((line) => line.endsWith('true'))).toEqual([heard]);
  });

  it('starts a killed role again while the others go on, and counts it', async () => {
    const subject = supervise();
    await start(subject);
    const others = ['store', 'judge', 'api'].map(pidOf);
    const killed = pidOf('ingest');
    process.kill(killed, 'SIGKILL');
    await expect.poll(() => pidOf('ingest'), { timeout: 8_000 }).not.toBe(killed);
    await expect.poll(() => logged.at(-1), { timeout: 8_000 }).toContain('ingest process is ready again');
    expect(['store', 'judge', 'api'].map(pidOf)).toEqual(others);
    const metrics = await subject.metrics();
    expect(metrics).toContain('plumbline_role_restarts_total{plumbline_role="ingest"} 1');
    expect(metrics).toContain('plumbline_role_restarts_total{plumbline_role="store"} 0');
  });

  it('merges the metrics of all roles', async () => {
    const subject = supervise();
    await start(subject);
    const metrics = await subject.metrics();
    expect(metrics.match(/# TYPE fake_items_total counter/g)).toHaveLength(1);
    expect(metrics).toContain('fake_items_total{plumbline_role="judge"} 5');
    expect(metrics).toContain('fake_items_total{plumbline_role="ingest"} 6');
    expect(metrics).toContain('process_memory_usage');
    expect(metrics).toContain('plumbline_role_metrics_missing{plumbline_role="api"} 0');
  });

  it('hands on why a role cannot start', async () => {
    const failure = start(supervise({ FAKE_INGEST: 'port-taken' }, ['store', 'ingest']));
    await expect(failure).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringMatching(/Port 4318 is taken/),
    });
  });

  it('puts a known error of the system into words', async () => {
    const failure = start(supervise({ FAKE_API: 'system-error' }, ['store', 'api']));
    await expect(failure).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringMatching(/free some space/),
    });
  });

  it('gives up a role that ends three times without saying why', async () => {
    const failure = start(supervise({ FAKE_JUDGE: 'dies-at-once' }, ['store', 'judge']));
    await expect(failure).rejects.toMatchObject({
      code: 'role_failed',
      message: expect.stringMatching(/exit code 7/),
    });
  });

  it('does not wait for ever for a role that does not drain', async () => {
    const subject = supervise({ FAKE_INGEST: 'hangs' }, ['store', 'ingest']);
    await start(subject);
    await subject.stop();
    expect(logged.at(-1)).toContain('ingest process did not drain in time and is killed');
    expect(diary()).not.toContain('ingest closed');
    expect(diary()).toContain('store closed');
  });
});
