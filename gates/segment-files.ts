import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../core/errors.ts';

const SEGMENT = /^(\d{8})\.lines$/;
/** The ledger of an earlier Plumbline: one LMDB file. */
const EARLIER = 'data.mdb';

export interface SegmentFile {
  /** From 1; later lines stand in segments of higher ordinals. */
  readonly ordinal: number;
  readonly path: string;
}

export function ledgerPath(dataDir: string): string {
  return join(dataDir, 'ledger');
}

export function segmentPath(folder: string, ordinal: number): string {
  return join(folder, `${String(ordinal).padStart(8, '0')}.lines`);
}

/**
 * Oldest first.
 * @throws PipelineError data_dir_unwritable when the folder holds another format: a record is never passed over
 */
export function segmentFiles(folder: string): SegmentFile[] {
  const names = readdirSync(folder).sort();
  if (names.includes(EARLIER)) {
    throw new PipelineError(
      'data_dir_unwritable',
      `The ledger at ${folder} was written by an earlier Plumbline (${EARLIER}). Keep it elsewhere, where that version can verify it; then start again, and the lines begin at 1.`,
      { folder },
    );
  }
  return names.flatMap((name) => {
    const match = SEGMENT.exec(name);
    return match === null ? [] : [{ ordinal: Number(match[1]), path: join(folder, name) }];
  });
}
