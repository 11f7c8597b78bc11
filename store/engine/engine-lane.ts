import { EngineFault } from './engine-fault.ts';

/** Statements of one lane at a time, the rest in line; a full line is an answer, not a wait without end. */
export class EngineLane {
  readonly #name: string;
  readonly #slots: number;
  readonly #queueMax: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(lane: { name: string; slots: number; queueMax: number }) {
    this.#name = lane.name;
    this.#slots = lane.slots;
    this.#queueMax = lane.queueMax;
  }

  /**
   * Runs `work` once a slot is free. A caller that gave up while in line (`signal`) never starts.
   * @throws EngineFault 202 when the line is full
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(signal: AbortSignal): Promise<void> {
    if (this.#running < this.#slots) {
      this.#running++;
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#queueMax) {
      throw new EngineFault(
        202,
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `${this.#slots} ${this.#name} statements run and ${this.#queueMax} wait; try again in a second`,
      );
    }
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(cancelled());
      const start = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1);
        reject(cancelled());
      };
      this.#waiting.push(start);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** The slot passes to the next in line without becoming free in between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}

function cancelled(): EngineFault {
  return new EngineFault(394, 'QUERY_WAS_CANCELLED', 'The caller left before the statement began');
}
