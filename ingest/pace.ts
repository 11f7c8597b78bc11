import { setTimeout as sleep } from 'node:timers/promises';

/** Share of the allowed backlog from which on senders are slowed down: one batch being stored, half of the next. */
const BEGINS_AT_FILL = 0.375;
/** Speed relative to the store's when slowing begins, and when the backlog is full; 1 lies at 0.58 between them. */
const SPEED_FIRST = 1.25;
const SPEED_LAST = 0.5;
/** Weight of the newest batch in the measured speed. */
const NEWEST_WEIGHT = 0.3;

/**
 * Lets requests in one after the other, as fast as the store takes what they bring. Without it senders fill the
 * backlog at their own speed and then all wait until a whole batch is stored: a p99 of seconds instead of the mean.
 */
export class Pace {
  readonly #now: () => number;
  readonly #holdMsMax: number;
  #bytesPerMs: number | null = null;
  #freeAtMs = 0;

  /** @param options.now a clock that never steps, in ms */
  constructor({ now, holdMsMax }: { now: () => number; holdMsMax: number }) {
    this.#now = now;
    this.#holdMsMax = holdMsMax;
  }

  /** A batch is stored: how many bytes of bodies, as sent, it was made of, and how long that took. */
  stored(bodyBytes: number, tookMs: number): void {
    const newest = bodyBytes / Math.max(1, tookMs);
    this.#bytesPerMs =
      this.#bytesPerMs === null ? newest : this.#bytesPerMs + NEWEST_WEIGHT * (newest - this.#bytesPerMs);
  }

  /**
   * Resolves when it is this request's turn.
   * @param fill share of the allowed backlog that there is, 0 to 1
   */
  async turn(bodyBytes: number, fill: number): Promise<void> {
    if (this.#bytesPerMs === null || fill < BEGINS_AT_FILL) return;
    const rest = (1 - Math.min(1, fill)) / (1 - BEGINS_AT_FILL);
    const speed = this.#bytesPerMs * (SPEED_LAST + (SPEED_FIRST - SPEED_LAST) * rest);
    const nowMs = this.#now();
    const waitMs = Math.min(this.#holdMsMax, Math.max(0, this.#freeAtMs - nowMs));
    this.#freeAtMs = nowMs + waitMs + bodyBytes / speed;
    if (waitMs >= 1) await sleep(waitMs);
  }
}
