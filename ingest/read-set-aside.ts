import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import type { SetAside, SpoolFiles } from './open-spool-files.ts';

/** What was set aside and why, by signal and seq. */
export function readSetAside({ poisonedWhy }: Pick<SpoolFiles, 'poisonedWhy'>): SetAside[] {
  return [...poisonedWhy.getRange()].map(({ value }) => value);
}

/** As above, of a spool that another process may be writing; nothing when there is none in this folder. */
export async function readSetAsideOf(folder: string): Promise<SetAside[]> {
  if (!existsSync(join(folder, 'data.mdb'))) return [];
  const root = open({ path: folder, noSubdir: false, readOnly: true });
  try {
    return readSetAside({ poisonedWhy: root.openDB('poisoned-why', { encoding: 'json' }) });
  } finally {
    await root.close();
  }
}
