import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const pathOf = (folder: string): string => join(folder, 'copied.cursor');

/** Up to which line the ledger was copied into the store; 0 when nobody knows. */
export function readLedgerCursor(folder: string): number {
  try {
    const seq = Number(readFileSync(pathOf(folder), 'utf8'));
    return Number.isSafeInteger(seq) ? seq : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Whole or not at all, but not flushed: at worst lines are copied twice, and the same line stays one in the store. */
export async function writeLedgerCursor(folder: string, seq: number): Promise<void> {
  const path = pathOf(folder);
  await writeFile(`${path}.tmp`, String(seq));
  await rename(`${path}.tmp`, path);
}
