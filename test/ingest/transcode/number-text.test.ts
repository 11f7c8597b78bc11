import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberText } from '../../../ingest/transcode/number-text.ts';

const number = new NumberText();
const text = (): string =>
  Buffer.from(number.bytes.subarray(number.start, number.start + number.byteCount)).toString('latin1');

function int64(value: bigint): string {
  number.setInt64(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  return text();
}

function double(value: number): string {
  number.setDouble(value);
  return text();
}

describe('NumberText', () => {
  it('spells every Int64', () => {
    const edges = [
      0n,
      -1n,
      9n,
      10n,
      2n ** 31n - 1n,
      -(2n ** 31n),
      2n ** 31n,
      2n ** 32n,
      2n ** 53n,
      2n ** 53n + 1n,
    ];
    for (const edge of [...edges, 2n ** 63n - 1n, -(2n ** 63n)]) expect(int64(edge)).toBe(`${edge}`);
    fc.assert(fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => int64(value) === `${value}`));
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => int64(BigInt(value)) === `${value}`));
  });

  it('spells every double as JavaScript does, which is the shortest', () => {
    const edges = [
      0,
      -0,
      1,
      0.1,
      0.001,
      0.0009,
      1e-7,
      1e12,
      1e12 + 0.5,
      999_999_999_999.999,
      1e21,
      5e-324,
      1.005,
    ];
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE, 2 ** 53];
    for (const edge of [...edges, ...odd]) expect(double(edge)).toBe(String(edge));
    fc.assert(
      fc.property(fc.double(), (value) => double(value) === String(value)),
      { numRuns: 2_000 },
    );
    const thousandths = fc.tuple(fc.maxSafeInteger(), fc.constantFrom(1, 10, 100, 1_000, 10_000));
    const decimal = fc.property(thousandths, ([digits, by]) => double(digits / by) === String(digits / by));
    fc.assert(decimal, { numRuns: 2_000 });
    const small = fc.property(fc.integer(), (digits) => double(digits / 1_000) === String(digits / 1_000));
    fc.assert(small, { numRuns: 2_000 });
  });
});
