import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectQueues } from '../../jobs/queues.ts';
import { recordingLog } from './recording-log.ts';
import { waitUntil } from './wait-until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe('the embedded queue', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'plumbline-queue-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  const path = () => join(dataDir, 'queue');
  const killFirstStart = async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'queue-main.ts'), dataDir], {
      stdio: 'ignore',
    });
    const exited = once(child, 'exit');
    try {
      await waitUntil('a half made directory', () => existsSync(join(path(), 'global')));
    } finally {
      child.kill('SIGKILL');
    }
    await exited;
  };
  async function openAndUse(): Promise<readonly string[]> {
    const log = recordingLog();
    const connection = await connectQueues({ dataDir, log, now: Date.now });
    const job = await connection.queue('work').add('work', { n: 1 });
    expect(job.id).toBeDefined();
    await connection.close();
    return log.lines.map(({ level, text }) => `${level}: ${text.split(':')[0]}`);
  }

  it('is made after a first start that was killed half way', async () => {
    await killFirstStart();
    await openAndUse();
    expect(await openAndUse()).toEqual([]);
  });

  it('is set aside and begun anew when its tables are gone', async () => {
    rmSync(join(path(), 'base'), { recursive: true });
    expect(await openAndUse()).toEqual(['error: The job queue cannot be opened']);
    // One is kept, for whoever wants to look.
    expect(readdirSync(dataDir).filter((name) => name.startsWith('queue.broken-'))).toHaveLength(1);
    expect(await openAndUse()).toEqual([]);
  });

  it('says what to do when there is nothing it could begin', async () => {
    const file = join(dataDir, 'a-file');
    writeFileSync(file, '');
    const opening = connectQueues({ dataDir: file, log: recordingLog(), now: Date.now });
    await expect(opening).rejects.toMatchObject({ code: 'queue_unavailable' });
  });
});
