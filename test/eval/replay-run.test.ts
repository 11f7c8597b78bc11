import { expect, it } from 'vitest';
import { compare, type Told } from '../../eval/drift/replay-run.ts';

const told = (of: Partial<Told>): Told => ({
  kind: 'intent-drift',
  subject: 'cart',
  culprit: null,
  onsetMinute: 6_000,
  detectedMinute: 6_100,
  ...of,
});

it.each([
  ['the same', [told({})], [told({ onsetMinute: 6_030, detectedMinute: 6_400 })], [true]],
  ['an onset too far away', [told({})], [told({ onsetMinute: 6_031 })], [false]],
  ['another culprit', [told({ culprit: 'tuner' })], [told({ culprit: 'hpa' })], [false]],
  ['one that was not found again', [told({})], [], [false]],
  ['one too many', [told({})], [told({}), told({ subject: 'web' })], [true, false]],
  [
    'two of one kind, in order of time',
    [told({ detectedMinute: 9_000, onsetMinute: 8_900 }), told({})],
    [told({}), told({ detectedMinute: 9_010, onsetMinute: 8_905 })],
    [true, true],
  ],
])('tells %s', (_, direct, replayed, areSame) => {
  expect(compare(direct, replayed).map(({ isSame }) => isSame)).toEqual(areSame);
});
