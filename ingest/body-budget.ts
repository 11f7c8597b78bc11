import { PipelineError } from '../core/errors.ts';

/** Bytes of all bodies that are in memory at once, as sent and inflated: many large requests must not add up. */
export class BodyBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @throws PipelineError overloaded, retryable */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.#bytesMax) {
      throw new PipelineError(
        'overloaded',
        `Requests being processed already hold ${this.#bytes} of ${this.#bytesMax} bytes; send again in a moment.`,
        { bytes: this.#bytes, bytesMax: this.#bytesMax },
      );
    }
    this.#bytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }
}
