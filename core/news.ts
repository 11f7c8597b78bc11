import { setTimeout as sleep } from 'node:timers/promises';

/** That there is something new to look at. Told several times before anybody looked is told once. */
export class News {
  #isTold = false;
  #told = Promise.withResolvers<void>();

  tell(): void {
    this.#isTold = true;
    this.#told.resolve();
  }

  /** Resolves at once, or as soon as something is told, with true; with false after `patienceMs`, or when aborted. */
  async within(patienceMs: number, signal: AbortSignal): Promise<boolean> {
    const giveUp = new AbortController();
    const patience = sleep(patienceMs, undefined, { signal: AbortSignal.any([signal, giveUp.signal]) });
    await Promise.race([this.#told.promise, patience.catch(() => undefined)]);
    giveUp.abort();
    const isTold = this.#isTold;
    this.taken();
    return isTold;
  }

  /** What was told so far is about to be looked at. */
  taken(): void {
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#told = Promise.withResolvers();
  }
}
