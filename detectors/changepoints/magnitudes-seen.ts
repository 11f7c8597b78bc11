const LEAST = 1e-9;
const BINS_PER_E_FOLD = 60;
const BINS = 4_096;

/**
 * All magnitudes a stream has had, as counts in logarithmic bins of 1.7 %: quantiles in O(log bins) and 16 kB,
 * however long the stream. A Fenwick tree holds the running sums. What is below 1e-9 counts as 0.
 */
export class MagnitudesSeen {
  count = 0;
  max = 0;
  readonly #sums = new Int32Array(BINS + 1);

  add(magnitude: number): void {
    this.count++;
    this.max = Math.max(this.max, magnitude);
    for (let i = binOf(magnitude) + 1; i <= BINS; i += i & -i) this.#sums[i] = this.#at(i) + 1;
  }

  /** Smallest magnitude that at least `p` of them do not exceed, to the bin; 0 of none. */
  quantile(p: number): number {
    if (this.count === 0) return 0;
    let left = Math.max(1, Math.ceil(p * this.count));
    let position = 0;
    for (let stride = BINS; stride > 0; stride >>= 1) {
      const next = position + stride;
      if (next <= BINS && this.#at(next) < left) {
        position = next;
        left -= this.#at(next);
      }
    }
    return position === 0 ? 0 : LEAST * Math.exp((position + 0.5) / BINS_PER_E_FOLD);
  }

  #at(i: number): number {
    return this.#sums[i] as number;
  }
}

function binOf(magnitude: number): number {
  if (!(magnitude > LEAST)) return 0;
  return Math.min(BINS - 1, Math.floor(Math.log(magnitude / LEAST) * BINS_PER_E_FOLD));
}
