import { expect, it } from 'vitest';
import { judge, type Outcome } from '../../core/verdict.ts';

const limits = { warn: 0.01, fail: 0.05 };

it.each<[string, number | null, number | null, Outcome]>([
  ['all below the warn limit', 0, 0.01, 'pass'],
  ['all above the fail limit', 0.051, 0.2, 'fail'],
  ['touching the fail limit decides nothing', 0.05, 0.2, 'unknown'],
  ['too wide', 0, 0.4, 'unknown'],
  ['between the limits', 0.02, 0.04, 'unknown'],
  ['no lower bound', null, 0, 'unknown'],
  ['no upper bound', 0, null, 'unknown'],
  ['not a number', Number.NaN, 0, 'unknown'],
])('%s', (_name, lower, upper, outcome) => {
  expect(judge(lower, upper, limits)).toBe(outcome);
});
