/** Choices from one stream of random numbers. */
export class Pick {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.#random() * below);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bytes(countMax: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(countMax + 1) }, () => this.below(256)));
  }
}
