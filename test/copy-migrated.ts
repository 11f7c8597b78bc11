import { cp } from 'node:fs/promises';

/** Gives `dataDir` the tables, where a directory with them was made before all tests. */
export async function copyMigrated(dataDir: string): Promise<void> {
  const folder = process.env['PLUMBLINE_TEST_MIGRATED'];
  if (folder !== undefined) await cp(folder, dataDir, { recursive: true, verbatimSymlinks: true });
}
