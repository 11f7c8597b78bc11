import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../gates/canonical-json.ts';

/** The same by way of JSON.stringify, as RFC 8785 defines texts and numbers. */
function plainly(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plainly).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${plainly(member)}`).join(',')}}`;
}

describe('canonical JSON', () => {
  it('is what JSON.stringify makes of every value, with sorted keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        expect(canonicalJson(value)).toBe(plainly(value));
      }),
    );
  });

  it('sorts many keys as it sorts few', () => {
    const names = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 3 }), {
      minLength: 33,
      maxLength: 60,
    });
    const property = fc.property(names, (keys) => {
      const value = Object.fromEntries(keys.map((key) => [key, 1]));
      expect(canonicalJson(value)).toBe(plainly(value));
    });
    fc.assert(property);
  });

  it.each([
    ['\u0000\u001f"\\ \u007f', String.raw`"\u0000\u001f\"\\ ${'\u007f'}"`],
    ['\u2028\ud83d\ude00', '"\u2028\ud83d\ude00"'],
    ['\ud83d', String.raw`"\ud83d"`],
    ['\ue000\uffff', '"\ue000\uffff"'],
    [-0, '0'],
    [1e21, '1e+21'],
    [{ 10: 1, 9: 2, b: undefined, a: null }, '{"10":1,"9":2,"a":null}'],
  ])('writes %j as %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, [undefined], { f: () => 1 }])(
    'has no word for %s',
    (value) => expect(() => canonicalJson(value)).toThrow(RangeError),
  );
});
