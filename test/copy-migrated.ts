import { cp } from 'node:fs/promises';
import { join } from 'node:path';

/** Gives `dataDir` the tables, where a directory with them was made before all tests. */
export async function copyMigrated(dataDir: string): Promise<void> {
  const folder = process.env['PLUMBLINE_TEST_MADE'];
  if (folder === undefined) return;
  await cp(join(folder, 'migrated'), dataDir, { recursive: true, verbatimSymlinks: true });
}
