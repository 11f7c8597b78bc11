import { cpSync, existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedPostgres } from '../jobs/embedded-postgres.ts';

const MAKING_MS_MAX = 100_000;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * Gives `dataDir` an empty job queue. PGlite takes nine seconds of CPU to make one and one to open it: the first of
 * all tests that needs one makes it, the others wait for it and copy.
 */
export async function copyQueue(dataDir: string): Promise<void> {
  const folder = process.env['PLUMBLINE_TEST_MADE'];
  if (folder === undefined) return;
  const made = join(folder, 'queue');
  if (await isFirst(join(folder, 'making'))) await make(join(folder, 'making', 'queue'), made);
  for (const startedMs = Date.now(); !existsSync(made); await sleep(100)) {
    if (Date.now() - startedMs > MAKING_MS_MAX)
      throw new Error(`The test that makes ${made} did not succeed.`);
  }
  cpSync(made, join(dataDir, 'queue'), { recursive: true });
}

/** One process of all makes the directory. */
async function isFirst(making: string): Promise<boolean> {
  try {
    await mkdir(making);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function make(path: string, made: string): Promise<void> {
  const postgres = await openEmbeddedPostgres(path, { log: silent, now: Date.now });
  await postgres.close();
  await rename(path, made);
}
