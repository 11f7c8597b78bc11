import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectQueues } from '../../jobs/queues.ts';
import { copyQueue } from '../copy-queue.ts';
import { recordingLog } from './recording-log.ts';
import { waitUntil } from './wait-until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Life {
  readonly said: Record<string, number | string>[];
  kill(): Promise<void>;
}

const lives: Life[] = [];

function begin(dataDir: string, ...rest: string[]): Life {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, 'queue-main.ts'), dataDir, ...rest],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const said: Life['said'] = [];
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
    said.push(JSON.parse(line)),
  );
  const exited = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const life = { said, kill };
  lives.push(life);
  return life;
}

const count = (life: Life, key: string): number => life.said.filter((line) => key in line).length;

describe('the embedded queue', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'plumbline-queue-'));
    await copyQueue(dataDir);
  });
  afterAll(async () => {
    await Promise.all(lives.map((life) => life.kill()));
    await rm(dataDir, { recursive: true, force: true });
  });

  it('goes on after kill -9, twice, with every job and without errors', async () => {
    const first = begin(dataDir, 'add');
    await waitUntil(
      'ten jobs and some ticks',
      () => count(first, 'added') === 1 && count(first, 'tick') >= 5,
      25_000,
    );
    await first.kill();
    const next = begin(dataDir, 'add');
    await waitUntil('the next life', () => count(next, 'tick') >= 3 && count(next, 'added') === 1);
    await next.kill();
    expect(count(next, 'error')).toBe(0);
    const last = begin(dataDir);
    await waitUntil('all twenty jobs', () => count(last, 'done') >= 20);
    const ready = last.said.find((line) => 'readyMs' in line)?.['readyMs'];
    await last.kill();
    expect(last.said.flatMap((line) => ('done' in line ? [line['done']] : [])).sort()).toEqual(
      Array.from({ length: 20 }, (_, index) => Math.floor(index / 2)),
    );
    expect(count(last, 'error')).toBe(0);
    expect(ready).toBeGreaterThan(0);
    const ticks = last.said.flatMap((line) => ('tick' in line ? [Number(line['tick'])] : []));
    expect(ticks.length).toBeGreaterThan(0);
  });

  it('wakes an idle worker at once', async () => {
    const connection = await connectQueues({ dataDir, log: recordingLog(), now: Date.now });
    const delays: number[] = [];
    connection.worker('idle', async (job) => delays.push(Date.now() - job.data.atMs));
    const queue = connection.queue('idle');
    await sleep(300);
    for (let n = 1; n <= 5; n++) {
      await queue.add('now', { atMs: Date.now() });
      await waitUntil('the job', () => delays.length === n);
    }
    await connection.close();
    // 3 ms on a quiet machine; without notifications it would be the poll, 30 s.
    expect(Math.max(...delays)).toBeLessThan(5_000);
  });
});
