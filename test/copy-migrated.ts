import { cpSync } from 'node:fs';
import { join } from 'node:path';

/** The definition of a view: those of store/migrations are named after the tally that they write, and end like this. */
const VIEW = /\/(\w+)_mv\.sql$/;

/**
 * Gives `dataDir` the tables, where a directory with them was made before all tests.
 * @param options.tallies only the views that write these: all of them cost 140 ms of CPU for an insert of spans, none 10.
 *   Long forms of tests have all.
 */
export function copyMigrated(dataDir: string, { tallies }: { tallies?: readonly string[] } = {}): void {
  const folder = process.env['PLUMBLINE_TEST_MADE'];
  if (folder === undefined) return;
  const kept = process.env['PLUMBLINE_TEST_LONG'] ? undefined : tallies;
  const isLeftOut = (path: string) => {
    const view = VIEW.exec(path)?.[1];
    return view !== undefined && kept?.some((name) => view.startsWith(name)) === false;
  };
  cpSync(join(folder, 'migrated'), dataDir, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !isLeftOut(path),
  });
}
