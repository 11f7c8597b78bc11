import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startJudge } from '../../jobs/start-judge.ts';
import { copyQueue } from '../copy-queue.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { testMetrics } from './metric-values.ts';
import { recordingLog } from './recording-log.ts';
import { waitUntil } from './wait-until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Ticks that come within seconds. */
const KINDS = ['judge', 'settle', 'detect'].map((kind) => JSON.stringify({ kind }));

describe('startJudge', () => {
  let engine: TestEngine;
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'plumbline-judge-'));
    await copyQueue(dataDir);
    engine = await startTestEngine({ migrate: true });
  });
  afterAll(async () => {
    await engine.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('runs every kind of tick on the real store without a complaint, and starts again', async () => {
    for (let life = 0; life < 2; life++) {
      const log = recordingLog();
      const { meter, values } = testMetrics();
      const judge = await startJudge({ dataDir }, { client: engine.client, now: Date.now, log, meter });
      const ran = async () => Object.keys(await values('plumbline.judge.tick.age')).sort();
      await waitUntil('every kind', async () => {
        const kinds = await ran();
        return KINDS.every((kind) => kinds.includes(kind));
      });
      await judge.close();
      expect(await values('plumbline.judge.tick.failures')).toEqual({});
      expect(log.lines).toEqual([]);
    }
  });

  it('does not start with constraints that have errors, nor leaves a queue behind', async () => {
    const constraintsPath = join(dataDir, 'bad.yaml');
    writeFileSync(constraintsPath, 'kind: ConstraintSet\n');
    const elsewhere = join(dataDir, 'elsewhere');
    const { meter } = testMetrics();
    const deps = { client: engine.client, now: Date.now, log: recordingLog(), meter };
    const starting = startJudge({ dataDir: elsewhere, constraintsPath }, deps);
    await expect(starting).rejects.toMatchObject({ code: 'constraints_invalid' });
    expect(existsSync(elsewhere)).toBe(false);
  });
});
