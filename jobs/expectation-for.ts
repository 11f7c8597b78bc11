import type { SourceExpectation } from '../core/expectation.ts';
import type { Source } from '../core/source.ts';
import { DIMENSIONS, type Dimension, type Limits } from '../core/verdict.ts';

/**
 * What people expect of a source. Where several constraints speak of one service and signal, the strictest limit of
 * each dimension and the highest quantile hold: who passes those passes all. Of several counters the first holds.
 * @returns null where nobody wrote anything; the validators' defaults hold then
 */
export function expectationFor(
  expectations: readonly SourceExpectation[],
  source: Source,
): SourceExpectation | null {
  const mine = expectations.filter(
    (one) => one.serviceName === source.serviceName && one.signal === source.signal,
  );
  const [first] = mine;
  if (first === undefined || mine.length === 1) return first ?? null;
  const limits: Partial<Record<Dimension, Limits>> = {};
  for (const dimension of DIMENSIONS) {
    const all = mine.map((one) => one.limits[dimension]).filter((one) => one !== undefined);
    if (all.length === 0) continue;
    limits[dimension] = {
      warn: Math.min(...all.map((one) => one.warn)),
      fail: Math.min(...all.map((one) => one.fail)),
    };
  }
  const within = mine.flatMap(({ countsWithin }) => countsWithin ?? []);
  return {
    ...first,
    constraint: mine.map((one) => one.constraint).join(' '),
    limits,
    latenessQuantile: Math.max(...mine.map((one) => one.latenessQuantile)),
    counter: mine.find(({ counter }) => counter !== null)?.counter ?? null,
    ...(within.length === 0 ? {} : { countsWithin: Math.min(...within) }),
  };
}
