const REPEAT_MS = 60_000;
const KEYS_MAX = 10_000;

/**
 * Lets a warning about one source's data through once a minute: SDKs log every one they get, and the source
 * knows after the first. Rejections are not limited; their count must always be right.
 */
export class WarningLimiter {
  readonly #now: () => number;
  readonly #toldAtMs = new Map<string, number>();

  /** @param now milliseconds of a clock that never goes back: after a step of an hour nothing would be due for an hour */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The warnings that are due for this source; numbers in a text do not make it another one. */
  due(source: string, warnings: readonly string[]): string[] {
    const nowMs = this.#now();
    return warnings.filter((warning) => {
      const key = `${source}\n${warning.replaceAll(/\d+/g, '#')}`;
      if (nowMs - (this.#toldAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return false;
      this.#toldAtMs.delete(key); // a map keeps the order of insertion: the oldest stands first
      this.#toldAtMs.set(key, nowMs);
      for (const oldest of this.#toldAtMs.keys()) {
        if (this.#toldAtMs.size <= KEYS_MAX) break;
        this.#toldAtMs.delete(oldest);
      }
      return true;
    });
  }
}
