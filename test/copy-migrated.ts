import { cpSync } from 'node:fs';
import { join } from 'node:path';

/** Gives `dataDir` the tables, where a directory with them was made before all tests. */
export function copyMigrated(dataDir: string): void {
  const folder = process.env['PLUMBLINE_TEST_MADE'];
  if (folder === undefined) return;
  cpSync(join(folder, 'migrated'), dataDir, { recursive: true, verbatimSymlinks: true });
}
