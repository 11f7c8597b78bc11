import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchGlob } from '../../core/glob.ts';

describe('matchGlob', () => {
  it.each([
    ['scale.*', 'scale.down', true],
    ['scale.*', 'scale', false],
    ['scale.down', 'scale.downx', false],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['hpa/*', 'hpa/prod/eu', true],
    ['*b*d', 'abcbd', true],
    ['*b*d', 'abcbdc', false],
    ['scale.down', 'scaleXdown', false],
  ])('%s on "%s": %s', (glob, text, expected) => {
    expect(matchGlob(glob, text)).toBe(expected);
  });

  it('agrees with a regular expression', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/'), maxLength: 12 });
    const glob = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
    const property = fc.property(glob, word, (pattern, text) => {
      const escaped = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
      expect(matchGlob(pattern, text)).toBe(new RegExp(`^${escaped}$`).test(text));
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});
