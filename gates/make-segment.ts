import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Written piece by piece: what else waits for the disk gets its turn in between. */
const PIECE_BYTES = 1_048_576;

/**
 * Makes a segment full of zeros at `path`, on disk with its name before this returns; one that is there stays.
 * It has its name only when it is whole: a crash leaves no half one.
 */
export async function makeSegment(path: string, sizeBytes: number): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, 'next.tmp');
  if (!existsSync(path)) {
    try {
      await writeZeros(temporary, sizeBytes);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined); // the disk may be full: leave it no fuller
      throw error;
    }
  }
  await withFile(folder, 'r', (file) => file.sync());
}

async function writeZeros(path: string, sizeBytes: number): Promise<void> {
  await withFile(path, 'w', async (file) => {
    const zeros = Buffer.alloc(Math.min(PIECE_BYTES, sizeBytes));
    for (let offset = 0; offset < sizeBytes; offset += zeros.length)
      await file.writeFile(zeros.subarray(0, Math.min(zeros.length, sizeBytes - offset)));
    await file.sync();
  });
}

async function withFile(path: string, flags: string, use: (file: FileHandle) => Promise<void>) {
  const file = await open(path, flags);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}
