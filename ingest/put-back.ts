import { openSpoolFiles, type SetAside, type SpoolFiles } from './open-spool-files.ts';
import { readSetAside } from './read-set-aside.ts';

/** Why a request stays set aside: some of its rows may be stored, and would count twice. */
type StaysAside = 'nobody knows what of it is stored' | 'it belongs to a batch that is not yet finished';

export interface PutBack {
  readonly request: SetAside;
  /** Null: the next start stores it. */
  readonly stays: StaysAside | null;
}

/**
 * Puts requests that were set aside back into the spool, as batches of one with their old seq. The next start
 * inserts them under the token they had, and leaves out the tables that took their rows before, so nothing counts
 * twice; one that is still refused is set aside again.
 * Care: the spool must belong to nobody else, the caller holds the lock of the data directory.
 * @throws PipelineError data_dir_unwritable, disk_full
 */
export async function putBack(
  folder: string,
  wanted: (request: SetAside) => boolean,
): Promise<readonly PutBack[]> {
  const files = await openSpoolFiles(folder);
  try {
    const done = readSetAside(files)
      .filter(wanted)
      .map((request) => ({ request, stays: staysAside(files, request) }));
    await files.root.batch(() => {
      for (const { request, stays } of done) if (stays === null) move(files, request);
    });
    return done;
  } finally {
    await files.root.close();
  }
}

function staysAside({ batches }: SpoolFiles, { signal, seq, storedTables }: SetAside): StaysAside | null {
  if (storedTables === null) return 'nobody knows what of it is stored';
  const range = batches.getRange({ start: [signal, 0], end: [signal, Number.MAX_SAFE_INTEGER] });
  const isBetween = [...range].some(({ value }) => seq >= value.fromSeq && seq <= value.toSeq);
  return isBetween ? 'it belongs to a batch that is not yet finished' : null;
}

function move({ records, batches, poisoned, poisonedWhy }: SpoolFiles, request: SetAside): void {
  const { signal, seq, storedTables } = request;
  const bytes = poisoned.getBinary([signal, seq]);
  if (bytes === undefined) return;
  void records[signal].put(seq, bytes);
  void batches.put([signal, seq], {
    signal,
    fromSeq: seq,
    toSeq: seq,
    split: { storedTables: storedTables ?? [] },
  });
  void poisoned.remove([signal, seq]);
  void poisonedWhy.remove([signal, seq]);
}
