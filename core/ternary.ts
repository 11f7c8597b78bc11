/** Kleene's three-valued logic: missing, stale, NaN or too few is `unknown`, never false and never a pass. */
export type Ternary = 'true' | 'false' | 'unknown';

/** unknown AND false = false, unknown AND true = unknown; of nothing: true. */
export function and(values: readonly Ternary[]): Ternary {
  if (values.includes('false')) return 'false';
  return values.includes('unknown') ? 'unknown' : 'true';
}

/** unknown OR true = true, unknown OR false = unknown; of nothing: false. */
export function or(values: readonly Ternary[]): Ternary {
  if (values.includes('true')) return 'true';
  return values.includes('unknown') ? 'unknown' : 'false';
}

export function not(value: Ternary): Ternary {
  if (value === 'unknown') return 'unknown';
  return value === 'true' ? 'false' : 'true';
}
