import { describe, it } from 'vitest';
import { fullEngineDisk, fullSpoolDisk, fullToTheReserve } from './full-disk.ts';
import { MAY_MOUNT } from './small-disk.ts';

const MEBIBYTE = 1_048_576;

// The long form has more room, and stops before the disk is full as well. Elsewhere writer.test.ts stands for it, with
// files that may not grow.
describe.runIf(MAY_MOUNT)('a full disk', { timeout: 90_000 }, () => {
  it('of the spool, into which it runs: it refuses for the time being and goes on when space is freed', () =>
    fullSpoolDisk({ bytes: 4 * MEBIBYTE, diskFreeBytesMin: 0 }));

  it('of the engine is a store that is away', () => fullEngineDisk({ fullMs: 1_000 }));

  it('is not filled by the engine, which keeps a reserve for what it has begun', fullToTheReserve);
});
