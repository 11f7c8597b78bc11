import type { FamilyExtremes, SamplerFamily } from '../../core/sampling/sampling-window.ts';
import { SAMPLER_FAMILIES } from '../../core/sampling/sampling-window.ts';

/** Ids of 63 random bits fill the lower half of two families and are nobody's sampling. */
const MAX_OF_SAMPLER = 0.45;
/** Of a uniform spread from 0: the smallest of n is above min/max so rarely. */
const FROM_ZERO_ALPHA = 1e-3;

/** A rate read off the trace ids: inferred, and never declared by anybody. */
export interface InferredSampler {
  readonly family: SamplerFamily;
  readonly ratio: number;
  /** Of ids that nobody sampled by this family. */
  readonly pValue: number;
}

/**
 * Which old ratio sampler kept these traces, if one did: all its values lie below its rate, the largest of n within
 * 1/n of it, and the smallest near 0 (the date of an X-Ray id and the version of a UUID are in one place instead).
 * @param traces distinct trace ids
 * @param isShaped a threshold has cut these ids again: of what is left the smallest need not be near 0, except in the
 *   first eight bytes, which no threshold touches
 * @returns null where no family is proven at `alpha`
 * @see sampling.md section 5, c7
 */
export function inferSampler(
  {
    traces,
    families,
    isShaped,
  }: { readonly traces: number; readonly families: FamilyExtremes; readonly isShaped: boolean },
  alpha: number,
): InferredSampler | null {
  let found: InferredSampler | null = null;
  for (const family of SAMPLER_FAMILIES) {
    const extremes = families[family];
    // Zero throughout is no sampler: the first eight bytes of a 64-bit id.
    if (extremes === null || extremes.max === 0) continue;
    const { min, max } = extremes;
    const pValue = Math.min(1, SAMPLER_FAMILIES.length * max ** traces);
    const isFromZero =
      (isShaped && family !== 'first8') || (1 - min / max) ** (traces - 1) >= FROM_ZERO_ALPHA;
    if (pValue > alpha || max > MAX_OF_SAMPLER || !isFromZero) continue;
    if (found === null || max < found.ratio) found = { family, ratio: (max * (traces + 1)) / traces, pValue };
  }
  return found;
}

/** Extremes of disjoint windows. */
export function mergeFamilies(all: readonly FamilyExtremes[]): FamilyExtremes {
  return Object.fromEntries(
    SAMPLER_FAMILIES.map((family) => {
      const known = all.map((families) => families[family]).filter((extremes) => extremes !== null);
      if (known.length === 0) return [family, null];
      return [
        family,
        {
          min: known.reduce((least, { min }) => Math.min(least, min), 1),
          max: known.reduce((most, { max }) => Math.max(most, max), 0),
        },
      ];
    }),
  ) as unknown as FamilyExtremes;
}
