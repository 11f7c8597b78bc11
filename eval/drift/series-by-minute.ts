/** Grows as later minutes come: how long a run is, its files say only at their end. */
export class SeriesByMinute {
  #values = new Float64Array(1_024).fill(Number.NaN);
  length = 0;

  set(index: number, value: number): void {
    if (index >= this.#values.length) {
      const grown = new Float64Array(Math.max(index + 1, 2 * this.#values.length)).fill(Number.NaN);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[index] = value;
    if (index >= this.length) this.length = index + 1;
  }

  /** @returns `length` values, NaN where none was set */
  cut(length: number): Float64Array {
    if (length <= this.#values.length) return this.#values.slice(0, length);
    const longer = new Float64Array(length).fill(Number.NaN);
    longer.set(this.#values);
    return longer;
  }
}
