/** That there is something new to look at. Told several times before anybody looked is told once. */
export class News {
  #isTold = false;
  /** Ends of waiting. No promise that many race against: it would hold what each of them left behind until it is told. */
  readonly #waiting = new Set<() => void>();

  tell(): void {
    this.#isTold = true;
    for (const end of this.#waiting) end();
  }

  /** Resolves at once, or as soon as something is told, with true; with false after `patienceMs`, or when aborted. */
  async within(patienceMs: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#isTold && !signal.aborted) await this.#wait(patienceMs, signal);
    const isTold = this.#isTold;
    this.taken();
    return isTold;
  }

  /** What was told so far is about to be looked at. */
  taken(): void {
    this.#isTold = false;
  }

  #wait(patienceMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, patienceMs);
      signal.addEventListener('abort', end);
      this.#waiting.add(end);
    });
  }
}
