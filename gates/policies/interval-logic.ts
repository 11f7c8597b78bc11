import { not, type Ternary } from '../../core/ternary.ts';

/** A number that surely lies in [lower, upper]. */
export interface Range {
  readonly lower: number;
  readonly upper: number;
}

export type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!=';
export type Arithmetic = '+' | '-' | '*' | '/';

function isEqual(a: Range, b: Range): Ternary {
  if (a.upper < b.lower || b.upper < a.lower) return 'false';
  const arePoints = a.lower === a.upper && b.lower === b.upper;
  return arePoints ? 'true' : 'unknown';
}

function isLess(a: Range, b: Range): Ternary {
  if (a.upper < b.lower) return 'true';
  return a.lower >= b.upper ? 'false' : 'unknown';
}

/** True or false when it is so for every pair of numbers of the two ranges, else unknown. */
export function compareRanges(operator: Comparison, a: Range, b: Range): Ternary {
  switch (operator) {
    case '<':
      return isLess(a, b);
    case '>':
      return isLess(b, a);
    case '>=':
      return not(isLess(a, b));
    case '<=':
      return not(isLess(b, a));
    case '==':
      return isEqual(a, b);
    case '!=':
      return not(isEqual(a, b));
  }
}

function apply(operator: Arithmetic, a: number, b: number): number {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  return operator === '*' ? a * b : a / b;
}

/** Every result of the two ranges; null where one of them is no number, such as a division by what may be 0. */
export function combineRanges(operator: Arithmetic, a: Range, b: Range): Range | null {
  if (operator === '/' && b.lower <= 0 && b.upper >= 0) return null;
  const [p, q] = [apply(operator, a.lower, b.lower), apply(operator, a.lower, b.upper)];
  const [r, t] = [apply(operator, a.upper, b.lower), apply(operator, a.upper, b.upper)];
  const range = { lower: Math.min(p, q, r, t), upper: Math.max(p, q, r, t) };
  return Number.isFinite(range.lower) && Number.isFinite(range.upper) ? range : null;
}

/** Whether two numbers differ by at most `tolerance` of the larger one, a share of 0 to 1. */
export function agree(a: number, b: number, tolerance: number): boolean {
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}

function magnitude({ lower, upper }: Range): Range {
  const [a, b] = [Math.abs(lower), Math.abs(upper)];
  return { lower: lower <= 0 && upper >= 0 ? 0 : Math.min(a, b), upper: Math.max(a, b) };
}

/** `agree` of every pair of the two ranges; where the answers differ it is unknown. */
export function rangesAgree(a: Range, b: Range, tolerance: Range): Ternary {
  const gap = combineRanges('-', a, b);
  if (gap === null || tolerance.lower < 0) return 'unknown';
  const distance = magnitude(gap);
  const [sizeA, sizeB] = [magnitude(a), magnitude(b)];
  if (distance.upper <= tolerance.lower * Math.max(sizeA.lower, sizeB.lower)) return 'true';
  return distance.lower > tolerance.upper * Math.max(sizeA.upper, sizeB.upper) ? 'false' : 'unknown';
}
