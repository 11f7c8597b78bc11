import { describe, it } from 'vitest';
import { fullEngineDisk, fullSpoolDisk } from './full-disk.ts';
import { MAY_MOUNT } from './small-disk.ts';

const MEBIBYTE = 1_048_576;

// Elsewhere writer.test.ts stands for it, with files that may not grow.
describe.runIf(MAY_MOUNT)('a full disk', () => {
  it.each([0, 16])('of the spool, with %i MiB kept free', (mebibytes) =>
    fullSpoolDisk({ bytes: 128 * MEBIBYTE, diskFreeBytesMin: mebibytes * MEBIBYTE }),
  );

  it('of the engine is a store that is away', () => fullEngineDisk({ fullMs: 60_000 }));
});
