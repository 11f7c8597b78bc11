import { statfsSync } from 'node:fs';
import type { PipelineError } from '../../core/errors.ts';
import { probeDataDir } from '../data-dir.ts';
import { type Check, fail, ok, warn } from './check.ts';

const FREE_BYTES_LOW = 5 * 1024 ** 3;
/** Ingest stops acknowledging at 64 MiB; merges of the engine need room before that. */
const FREE_BYTES_MIN = 512 * 1024 ** 2;

const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

export function checkDataDir(dataDir: string): Check[] {
  try {
    probeDataDir(dataDir);
  } catch (error) {
    const [text, todo] = (error as PipelineError).message.split(': ');
    return [fail('data directory', text as string, todo ?? 'make it writable')];
  }
  return [ok('data directory', `${dataDir} can be written`), checkSpace(dataDir)];
}

function checkSpace(dataDir: string): Check {
  const { bavail, bsize, blocks } = statfsSync(dataDir);
  const freeBytes = bavail * bsize;
  const text = `${gibibytes(freeBytes)} of ${gibibytes(blocks * bsize)} free for ${dataDir}`;
  const todo = 'free some space, or move PLUMBLINE_DATA_DIR to a larger disk';
  if (freeBytes < FREE_BYTES_MIN) return fail('disk', text, todo);
  return freeBytes < FREE_BYTES_LOW ? warn('disk', text, todo) : ok('disk', text);
}
