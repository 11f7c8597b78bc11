import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GrowingBytes } from '../../../ingest/transcode/columns/growing-bytes.ts';

it('repeats a tail of any length any number of times, and nothing before it', () => {
  const tail = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
    fc.uint8Array({ minLength: 13, maxLength: 400 }),
  );
  const repeated = fc.property(
    fc.uint8Array({ maxLength: 5 }),
    tail,
    fc.nat(300),
    (before, repeats, times) => {
      const bytes = new GrowingBytes(1);
      bytes.copy(before);
      bytes.copy(repeats);
      bytes.repeatTail(repeats.length, times);
      bytes.uint8(7);
      const tails = Array.from({ length: times + 1 }, () => repeats);
      expect(Buffer.from(bytes.filled())).toEqual(Buffer.concat([before, ...tails, Buffer.of(7)]));
    },
  );
  fc.assert(repeated, { numRuns: 500 });
});
