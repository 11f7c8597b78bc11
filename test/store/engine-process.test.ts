import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feelPulse } from '../../store/engine/engine-pulse.ts';
import { readOrCreateEngineToken } from '../../store/engine/engine-token.ts';
import { migrate } from '../../store/migrate.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

const MIGRATION_COUNT = readdirSync(join(import.meta.dirname, '../../store/migrations')).length;

describe('the engine process', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startTestEngine({ migrate: true });
  });
  afterAll(() => engine.close());

  async function count(table: string): Promise<number> {
    const query = `SELECT count() AS n FROM ${table}`;
    const rows = await (await engine.client.query({ query, format: 'JSONEachRow' })).json<{ n: string }>();
    return Number(rows[0]?.n);
  }

  it('keeps what it answered when it is killed in the middle of inserts, again and again', async () => {
    let answered = 0;
    for (let round = 0; round < 3; round++) {
      let inserting = true;
      const writer = async (name: number) => {
        for (let i = 0; inserting; i++) {
          const values = [{ Id: `${round}-${name}-${i}`, ReportId: 'r' }];
          await engine.client.insert({ table: 'notifications', values, format: 'JSONEachRow' });
          answered++;
        }
      };
      const writers = Promise.allSettled([writer(0), writer(1)]);
      const target = answered + 10;
      await expect.poll(() => answered, { timeout: 10_000 }).toBeGreaterThan(target);
      await engine.kill();
      inserting = false;
      await writers;
      engine = await startTestEngine({ dataDir: engine.dataDir });
      const stored = await count('notifications');
      expect(stored).toBeGreaterThanOrEqual(answered);
      expect(stored).toBeLessThanOrEqual(answered + 2); // one insert of each writer was under way
      answered = stored;
    }
  });

  it('makes every table and view once, however often it is asked', async () => {
    const tables = await count("system.tables WHERE database = 'default'");
    expect(tables).toBeGreaterThan(25);
    await Promise.all([migrate(engine.client), migrate(engine.client)]);
    expect(await count("system.tables WHERE database = 'default'")).toBe(tables);
    expect(await count('schema_migrations FINAL')).toBe(MIGRATION_COUNT);
  });

  it('leaves the directory to one process at a time, and says which', async () => {
    const second = startTestEngine({ dataDir: engine.dataDir });
    await expect(second).rejects.toMatchObject({
      code: 'data_dir_locked',
      message: expect.stringMatching(
        /^Process \d+ has the engine in .* open; stop it, or set PLUMBLINE_DATA_DIR/,
      ),
    });
    expect(await count('schema_migrations FINAL')).toBe(MIGRATION_COUNT);
  });

  it('says which variable moves a port that is taken', async () => {
    const second = startTestEngine({ port: Number(new URL(engine.url).port) });
    await expect(second).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringContaining('PLUMBLINE_CLICKHOUSE_PORT'),
    });
  });

  it('ends in order while statements run', async () => {
    const slow = fetch(`${engine.url}/?query=SELECT+sleep(0.4)+AS+slept`);
    const { dataDir } = engine;
    await expect
      .poll(() => count("system.processes WHERE query LIKE '%slept%' AND query NOT LIKE '%LIKE%'"))
      .toBe(1);
    const stopped = engine.stop();
    expect(await (await slow).text()).toBe('0\n');
    await stopped;
    engine = await startTestEngine({ dataDir });
  });

  it('does not wait long for those who only read', async () => {
    const endless = 'SELECT count() FROM numbers(100000000000000) WHERE NOT ignore(number)';
    const reading = fetch(`${engine.url}/?query=${encodeURIComponent(endless)}`);
    await expect.poll(() => count("system.processes WHERE query LIKE '%ignore%'")).toBeGreaterThan(0);
    const startedAt = performance.now();
    const stopped = engine.stop();
    await expect(reading).rejects.toThrow();
    await stopped;
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    engine = await startTestEngine({ dataDir: engine.dataDir });
  });
});

describe('feelPulse', () => {
  const alive = { queryAsync: async () => ({}) as never };
  const dead = { queryAsync: () => Promise.reject(new Error('aborted')) };
  const aborted = Object.assign(new Error('Code: 236'), { clickhouseCode: 236 });
  const syntax = Object.assign(new Error('Code: 62'), { clickhouseCode: 62 });

  // A fake session: chdb cannot be brought into this state on purpose.
  it.each([
    ['a dead engine that says so', dead, aborted, 1],
    ['a dead engine that cannot be opened', dead, new Error('Failed to create connection'), 1],
    ['an engine that cancelled one statement', alive, aborted, 0],
    ['an engine that refused one statement', dead, syntax, 0],
  ])('ends the process of %s: %#', async (_, session, failure, crashes) => {
    const reasons: Error[] = [];
    await feelPulse(session, failure, (reason) => reasons.push(reason));
    expect(reasons).toHaveLength(crashes);
  });
});

describe('a data directory', () => {
  it('with a pattern in its path is refused with a reason', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-{a,b}-'));
    await expect(startTestEngine({ dataDir })).rejects.toMatchObject({ code: 'config_invalid' });
    await rm(dataDir, { recursive: true });
  });

  it('that cannot be written is refused with a reason', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-file-'));
    await readOrCreateEngineToken(dataDir);
    await writeFile(join(dataDir, 'engine'), 'a file in the way');
    await expect(startTestEngine({ dataDir })).rejects.toMatchObject({ code: 'data_dir_unwritable' });
    await rm(dataDir, { recursive: true });
  });

  it('has one token, which only its owner can read', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-token-'));
    const tokens = await Promise.all(Array.from({ length: 8 }, () => readOrCreateEngineToken(dataDir)));
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toMatch(/^[\w-]{43}$/);
    expect((await stat(join(dataDir, 'engine-token'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(dataDir, 'engine-token'), 'utf8')).trim()).toBe(tokens[0]);
    await writeFile(join(dataDir, 'engine-token'), 'spoilt');
    await expect(readOrCreateEngineToken(dataDir)).rejects.toMatchObject({
      code: 'data_dir_unwritable',
      message: expect.stringContaining('delete it'),
    });
    await rm(dataDir, { recursive: true });
  });
});
