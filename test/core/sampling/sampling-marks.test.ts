import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjustedCount, thresholdOffset } from '../../../core/sampling/adjusted-count.ts';
import { parseTraceState } from '../../../core/sampling/parse-trace-state.ts';
import { readSamplingMarks } from '../../../core/sampling/read-sampling-marks.ts';

const RANGE = 2n ** 56n;
const hex56 = fc
  .oneof(
    fc.bigInt({ min: 0n, max: RANGE - 1n }),
    // Close to the ends, where a double would round.
    fc.bigInt({ min: 0n, max: 64n }),
    fc.bigInt({ min: RANGE - 64n, max: RANGE - 1n }),
  )
  .map((value) => value.toString(16).padStart(14, '0'));
const traceId = fc
  .tuple(fc.stringMatching(/^[0-9a-f]{18}$/), hex56)
  .map(([head, tail]) => head + tail)
  .filter((id) => /[^0]/.test(id));
const number = (hex: string) => BigInt(`0x${hex}`);

describe('marks of a span', () => {
  it('decide and weigh as whole numbers do', () => {
    const header = fc.record({
      threshold: hex56,
      digits: fc.integer({ min: 1, max: 14 }),
      rv: fc.option(hex56),
      traceId,
      flags: fc.constantFrom(0, 1, 2, 3, 0x100, 0x101, 0x301, 0x303),
    });
    let kept = 0;
    fc.assert(
      fc.property(header, ({ threshold, digits, rv, traceId: id, flags }) => {
        const th = threshold.slice(0, digits);
        const t = number(th.padEnd(14, '0'));
        const r = number(rv ?? id.slice(18));
        const marks = readSamplingMarks({
          traceState: `vendor=1,ot=th:${th}${rv === null ? '' : `;rv:${rv}`}`,
          traceId: id,
          flags,
        });
        const isConsistent = r >= t;
        const isKnown = isConsistent && (flags === 0 || (flags & 1) === 1);
        if (isKnown) kept++;
        expect(number(marks.threshold as string)).toBe(t);
        expect(number(marks.randomness as string)).toBe(r);
        expect(marks.isConsistent).toBe(isConsistent);
        expect(marks.adjustedCount).toBe(isKnown ? 2 ** 56 / Number(RANGE - t) : null);
        expect(marks.isValid).toBe(isKnown || (!isConsistent && marks.error === null));
        // What is read is read again from how it ought to be sent.
        const again = parseTraceState(`ot=th:${marks.thresholdCanonical}`);
        expect(again.threshold).toBe(marks.threshold);
        expect(again.thresholdCanonical).toBe(marks.thresholdCanonical);
      }),
      { numRuns: 2_000 },
    );
    expect(kept).toBeGreaterThan(200);
  });

  it('place R above T as exactly as a double can', () => {
    fc.assert(
      fc.property(fc.tuple(hex56, hex56), (pair) => {
        const [threshold, randomness] = pair.sort() as [string, string];
        const above = number(randomness) - number(threshold);
        const range = RANGE - number(threshold);
        const offset = thresholdOffset({ randomness, threshold });
        expect(offset).toBeLessThan(1);
        // U in units of 2^-80. Numerator, denominator and quotient are rounded once each.
        const exact = Number((above * 2n ** 80n) / range) / 2 ** 80;
        expect(Math.abs(offset - exact)).toBeLessThanOrEqual(
          3 * 2 ** -53 * exact * (1 + 2 ** -50) + 2 ** -79,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('weigh one in 2^56 without rounding to nothing', () => {
    expect(adjustedCount('ffffffffffffff')).toBe(2 ** 56);
    expect(adjustedCount('00000000000000')).toBe(1);
  });

  it('never throw, and never weigh what is in error', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^(?:[ \t]*(?:ot|k)=[a-z]{1,2}[:=;]?[0-9a-fA-F;:.thrv]{0,20}[ \t]*,?){0,4}$/),
    );
    fc.assert(
      fc.property(text, traceId, (traceState, id) => {
        const marks = readSamplingMarks({ traceState, traceId: id, flags: 1 });
        expect(marks.error !== null && marks.adjustedCount !== null).toBe(false);
        expect(marks.threshold === null && marks.adjustedCount !== null).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['a blank is a blank or a tab, and no other', 'ot=th:8\u00a0', 'tracestate_syntax'],
    ['empty members are none', `${','.repeat(40)}ot=th:8`, null],
    ['syntax comes before the count', `${'k=v,'.repeat(33)}=`, 'tracestate_syntax'],
    ['two entries of ot', 'ot=th:8,ot=th:8', 'ot_duplicate_entry'],
    ['two entries of ot, one broken', 'ot=:,ot=th:8', 'ot_duplicate_entry'],
    ['two of another vendor are its own affair', 'k=1,k=2,ot=th:8', null],
    ['a broken entry comes before a repeated one', 'ot=th:8;th:8;;', 'ot_syntax'],
    ['a trailing semicolon', 'ot=th:8;', 'ot_syntax'],
    ['th comes before rv', 'ot=rv:1;th:x', 'th_not_hex'],
    ['too long comes before not hex', 'ot=th:xxxxxxxxxxxxxxx', 'th_too_long'],
    ['upper case that is not hex either', 'ot=th:FG', 'th_not_hex'],
    ['a value of 256 characters', `ot=th:8;x:${'a'.repeat(249)}`, null],
    ['a value of 257 characters', `ot=th:8;x:${'a'.repeat(250)}`, 'tracestate_syntax'],
    ['a key of 256 characters', `${'k'.repeat(256)}=v`, null],
    ['a key of 257 characters', `${'k'.repeat(257)}=v`, 'tracestate_syntax'],
  ])('%s', (_, text, error) => {
    expect(parseTraceState(text).error).toBe(error);
  });

  it.each([
    ['ot=p:3;r:5', 3, 5],
    ['ot=p:63', 63, null],
    ['ot=p:64;r:5', null, 5],
    ['ot=p:3;r:63', null, null],
    ['ot=p:3;r:x', null, null],
    ['ot=p:a;r:62', null, 62],
  ])('of the scheme before: %s', (text, power, powerRandomness) => {
    expect(parseTraceState(text)).toMatchObject({ power, powerRandomness, error: null });
  });
});
