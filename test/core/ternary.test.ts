import fc from 'fast-check';
import { expect, it } from 'vitest';
import { and, not, or, type Ternary } from '../../core/ternary.ts';

const ternary = fc.constantFrom<Ternary>('true', 'false', 'unknown');

it.each<[Ternary, Ternary, Ternary, Ternary]>([
  ['true', 'unknown', 'unknown', 'true'],
  ['false', 'unknown', 'false', 'unknown'],
  ['unknown', 'unknown', 'unknown', 'unknown'],
  ['true', 'false', 'false', 'true'],
])('%s, %s: and is %s, or is %s', (a, b, conjunction, disjunction) => {
  expect(and([a, b])).toBe(conjunction);
  expect(or([a, b])).toBe(disjunction);
});

it('follows De Morgan, in any order', () => {
  fc.assert(
    fc.property(fc.array(ternary), (values) => {
      expect(not(and(values))).toBe(or(values.map(not)));
      expect(and([...values].reverse())).toBe(and(values));
    }),
  );
});
