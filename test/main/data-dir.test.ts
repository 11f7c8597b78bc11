import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readServing, takeDataDir, takeRole, writeServing } from '../../main/data-dir.ts';
import { isDirectoryLocked } from '../../main/directory-lock.ts';

let folder: string;
const holders: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-data-dir-'));
});
afterEach(() => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Another process that takes the directory, and keeps it until it is killed. */
async function holdElsewhere(): Promise<ChildProcess> {
  const module = join(import.meta.dirname, '../../main/data-dir.ts');
  const code = `
    const { takeDataDir, takeRole, writeServing } = await import(${JSON.stringify(module)});
    const [dataDir] = process.argv.slice(1);
    takeDataDir(dataDir);
    takeRole({ dataDir, role: 'store', waitMs: 0 });
    writeServing(dataDir, { pid: process.pid, startedAt: 'now', ports: {} });
    console.log('held');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', code, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  holders.push(holder);
  await once(holder.stdout as NonNullable<typeof holder.stdout>, 'data');
  return holder;
}

describe('data directory', () => {
  it('is made when it is not there, and given back', () => {
    const dataDir = join(folder, 'a', 'b');
    takeDataDir(dataDir).release();
    takeDataDir(dataDir).release();
    expect(isDirectoryLocked(join(dataDir, 'lock'))).toBe(false);
  });

  it('serves one process, and names it to the second', async () => {
    const holder = await holdElsewhere();
    expect(() => takeDataDir(folder)).toThrow(
      expect.objectContaining({
        code: 'data_dir_locked',
        message: expect.stringContaining(`pid ${holder.pid}`),
      }),
    );
    expect(readServing(folder)).toMatchObject({ pid: holder.pid });
  });

  it('is free again at once after kill -9 of its holder', async () => {
    const holder = await holdElsewhere();
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(readServing(folder)).toBeNull();
    takeDataDir(folder).release();
    takeRole({ dataDir: folder, role: 'store', waitMs: 0 }).release();
  });

  it('waits for an older process of a role to go', async () => {
    const holder = await holdElsewhere();
    expect(() => takeRole({ dataDir: folder, role: 'store', waitMs: 50 })).toThrow(/older store process/);
    setTimeout(() => holder.kill('SIGKILL'), 100);
    await once(holder, 'exit');
    takeRole({ dataDir: folder, role: 'store', waitMs: 5_000 }).release();
  });

  it('is refused in one sentence when it cannot be written', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => takeDataDir(join(folder, 'file', 'data'))).toThrow(
      expect.objectContaining({
        code: 'data_dir_unwritable',
        message: expect.stringMatching(/cannot be written \(ENOTDIR\).*PLUMBLINE_DATA_DIR/),
      }),
    );
  });

  it('says who serves only while somebody does', () => {
    const lock = takeDataDir(folder);
    const ports = { otlpGrpcPort: 1, otlpHttpPort: 2, apiPort: 3, clickhousePort: 4 };
    writeServing(folder, { pid: 1, startedAt: '2026-01-01T00:00:00.000Z', ports });
    expect(readServing(folder)?.ports).toEqual(ports);
    lock.release();
    expect(readServing(folder)).toBeNull();
  });
});
