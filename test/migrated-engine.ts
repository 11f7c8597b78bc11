import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestEngine } from './engine-process.ts';

/**
 * Before all tests: one engine's directory with all tables, to be copied. A migration takes a second and a half, and
 * forty files need its result.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-migrated-'));
  const engine = await startTestEngine({ dataDir: folder, migrate: true });
  await engine.stop();
  process.env['PLUMBLINE_TEST_MIGRATED'] = folder;
  return () => rm(folder, { recursive: true, force: true });
}
