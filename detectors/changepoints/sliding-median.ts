/** Median of the last `width` values: a sorted array beside the queue, O(log width) to find and a short move. */
export class SlidingMedian {
  readonly #width: number;
  readonly #queue: number[] = [];
  readonly #sorted: number[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  push(value: number): void {
    this.#sorted.splice(this.#rank(value), 0, value);
    this.#queue.push(value);
    if (this.#queue.length > this.#width) this.#sorted.splice(this.#rank(this.#queue.shift() as number), 1);
  }

  /** NaN of no values. */
  get value(): number {
    const n = this.#sorted.length;
    return ((this.#sorted[n >> 1] as number) + (this.#sorted[(n - 1) >> 1] as number)) / 2;
  }

  #rank(value: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
