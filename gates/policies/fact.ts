import type { Ternary } from '../../core/ternary.ts';

/**
 * What is known about one thing an expression reads: a value, a number that surely lies between two ends, or that it
 * is not known, and why. There is no fourth: a number nobody knows never becomes a number.
 */
export type Fact =
  | { readonly value: unknown; readonly isTrusted: boolean }
  | { readonly lower: number; readonly upper: number; readonly isTrusted: boolean }
  | { readonly unknown: string };

/** A fact of the question itself, or one that rests on data that passes. */
export function known(value: unknown): Fact {
  return valueFact(value, true);
}

/** NaN and Infinity are no numbers: what holds one is not known. */
export function valueFact(value: unknown, isTrusted: boolean): Fact {
  if (value === undefined || value === null) return { unknown: 'it is not given' };
  if (typeof value === 'number' && !Number.isFinite(value)) return { unknown: `${value} is no number` };
  return { value, isTrusted };
}

export function intervalFact(lower: number | null, upper: number | null, isTrusted: boolean): Fact {
  if (lower === null || upper === null || !Number.isFinite(lower) || !Number.isFinite(upper)) {
    return { unknown: 'it is not measurable' };
  }
  return lower === upper ? { value: lower, isTrusted } : { lower, upper, isTrusted };
}

export function ternaryFact(state: Ternary, of: { isTrusted: boolean; why: string }): Fact {
  return state === 'unknown' ? { unknown: of.why } : { value: state === 'true', isTrusted: of.isTrusted };
}

/** Where expressions read from. */
export interface Facts {
  /** @param path such as `data, traces, rate` or `action, to, replicas` */
  read(path: readonly string[]): Fact;
  /** Whether every intent of the set was met all the time for so long. */
  allMetFor(durationMs: number): Ternary;
}

/** The same facts, but what rests on data that is not trusted is not known. */
export function trustedOnly(facts: Facts): Facts {
  return {
    allMetFor: (durationMs) => facts.allMetFor(durationMs),
    read(path) {
      const fact = facts.read(path);
      return 'unknown' in fact || fact.isTrusted ? fact : { unknown: 'it rests on data that is not trusted' };
    },
  };
}
