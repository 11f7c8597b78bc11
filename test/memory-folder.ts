import { statfsSync } from 'node:fs';

const MEMORY_FOLDER = '/dev/shm';
/** A container gives 64 MB unless told otherwise, which is too little. */
const FREE_BYTES_MIN = 2 * 1024 ** 3;

/**
 * A file system in memory, or null. An insert writes a part of many small files for each of its views: three took 1.1
 * to 1.6 s on a disk and 0.6 s here, and to remove the engine's directory after them 1.2 s and 10 ms. What a kill
 * leaves is the same on both; nothing here cuts the power.
 */
export function memoryFolder(): string | null {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
    return bavail * bsize >= FREE_BYTES_MIN ? MEMORY_FOLDER : null;
  } catch {
    return null;
  }
}
