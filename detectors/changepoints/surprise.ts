import { MagnitudesSeen } from './magnitudes-seen.ts';

/** A third quartile of magnitudes of a normal variable is 1.15 standard deviations: 0.87 x it is one. */
const QUARTILE_TO_DEVIATION = 0.87;
const SEEN_MIN = 20;

export interface Surprise {
  /** Robust standard deviations of the deviation's own past. */
  readonly z: number;
  /** Times the largest ever seen; Infinity where all before were 0. */
  readonly record: number;
}

/** How unusual one kind of deviation is against all it has been before; then it is part of the past itself. */
export class SurpriseOf {
  readonly #seen = new MagnitudesSeen();

  push(deviation: number): Surprise {
    const magnitude = Math.abs(deviation);
    const surprise = this.#judge(magnitude);
    this.#seen.add(magnitude);
    return surprise;
  }

  #judge(magnitude: number): Surprise {
    const { count, max } = this.#seen;
    if (count < SEEN_MIN || magnitude === 0) return { z: 0, record: 0 };
    const deviation = Math.max(1e-9, QUARTILE_TO_DEVIATION * this.#seen.quantile(0.75));
    return { z: magnitude / deviation, record: magnitude / max };
  }
}
