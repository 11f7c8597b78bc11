export interface Opinion {
  readonly changes: readonly number[];
  readonly weight: number;
}

export interface AgreedChange {
  readonly index: number;
  /** Share of the opinions (by weight) that have a change here, 0 to 1. How stable, not a p-value. */
  readonly stability: number;
}

/** Two thirds: what all straight lines say counts without the steps (9 of 13.5), what fewer say needs some of them. */
const AGREE_MIN = 2 / 3;

/**
 * The changes two thirds of the opinions share, within a tolerance of 2 to 5 samples. The most agreed comes first
 * and silences what lies within twice the tolerance; it stands where most opinions have it exactly.
 */
export function agreeOnChanges(opinions: readonly Opinion[], length: number): AgreedChange[] {
  const tolerance = Math.max(2, Math.min(5, Math.floor(length / 20)));
  const total = opinions.reduce((sum, { weight }) => sum + weight, 0);
  const near = new Float64Array(length);
  const exact = new Float64Array(length);
  for (const { changes, weight } of opinions) {
    const seen = new Set<number>();
    for (const change of changes) {
      exact[change] = (exact[change] as number) + weight;
      const last = Math.min(length - 1, change + tolerance);
      for (let i = Math.max(0, change - tolerance); i <= last; i++) seen.add(i);
    }
    for (const i of seen) near[i] = (near[i] as number) + weight / total;
  }
  const at = (values: Float64Array, i: number) => values[i] as number;
  const order = [...near.keys()]
    .filter((i) => at(near, i) >= AGREE_MIN - 1e-9)
    .sort((a, b) => at(near, b) - at(near, a) || at(exact, b) - at(exact, a) || a - b);
  const peaks: number[] = [];
  for (const i of order) {
    if (peaks.every((peak) => Math.abs(peak - i) > 2 * tolerance)) peaks.push(i);
  }
  const stabilityOf = new Map<number, number>();
  for (const peak of peaks) {
    let index = peak;
    const last = Math.min(length - 1, peak + tolerance);
    for (let i = Math.max(1, peak - tolerance); i <= last; i++)
      if (at(exact, i) > at(exact, index)) index = i;
    stabilityOf.set(index, Math.max(at(near, peak), stabilityOf.get(index) ?? 0));
  }
  return [...stabilityOf]
    .map(([index, stability]) => ({ index, stability: Math.min(1, stability) }))
    .sort((a, b) => a.index - b.index);
}
