import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestEngine } from './engine-process.ts';
import { memoryFolder } from './memory-folder.ts';

/**
 * Before all tests: one engine's directory with all tables, to be copied. A migration takes a second and a half, and
 * fifty files need its result. Beside it stands what else is made once (copy-queue.ts) and what Node compiled: every
 * process that a test starts would strip types and compile anew, a third of a second of CPU each time.
 */
export default async function setup(): Promise<() => Promise<void>> {
  process.env['TMPDIR'] ??= memoryFolder() ?? tmpdir();
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-made-'));
  process.env['NODE_COMPILE_CACHE'] ??= join(folder, 'compiled');
  const dataDir = join(folder, 'migrated');
  const engine = await startTestEngine({ dataDir, migrate: true });
  await engine.stop();
  process.env['PLUMBLINE_TEST_MADE'] = folder;
  // A process that was just killed may still have written there.
  return () => rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
