import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/** Waits that double from 100 ms to 10 s, each between half and all of it, so that many writers do not march in step. */
export class BackOff {
  readonly #random: () => number;
  readonly #signal: AbortSignal;
  #attempt = 0;

  constructor({ random, signal }: { random: () => number; signal: AbortSignal }) {
    this.#random = random;
    this.#signal = signal;
  }

  get attempt(): number {
    return this.#attempt;
  }

  /** @throws AbortError when the signal is aborted */
  async wait(): Promise<void> {
    const fullMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempt++);
    await sleep(fullMs * (0.5 + this.#random() / 2), undefined, { signal: this.#signal });
  }
}
