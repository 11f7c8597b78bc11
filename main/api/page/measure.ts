import type { Dimension, Verdict } from '../../../core/verdict.ts';

const NOUN: Readonly<Partial<Record<Dimension, string>>> = {
  completeness: 'lost',
  timeliness: 'late',
  sampling: 'marked wrongly',
};

function number(value: number | null, unit: Verdict['unit']): string {
  if (value === null || !Number.isFinite(value)) return '?';
  return unit === 'ratio' ? (value * 100).toFixed(1) : value.toFixed(2);
}

/** `2.1 % lost (0.4 to 4.8 %)`; what is not known is a question mark, never a number. */
export function measure(verdict: Verdict): string {
  const { unit, dimension, estimate, lower, upper } = verdict;
  if (estimate === null) return 'not measured';
  const sign = unit === 'ratio' ? ' %' : ' s';
  const noun = NOUN[dimension] === undefined ? '' : ` ${NOUN[dimension]}`;
  return `${number(estimate, unit)}${sign}${noun} (${number(lower, unit)} to ${number(upper, unit)}${sign})`;
}
