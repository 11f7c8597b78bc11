const HALF_HOUR_MS = 1_800_000;
/** 30 minutes to 8 hours, doubling: short ones see a step at once, long ones a ramp. */
const WINDOWS = [1, 2, 4, 8, 16] as const;
/** A window with fewer of its samples says nothing. */
const KNOWN_RATIO_MIN = 0.5;

export interface WindowDeviation {
  /** Mean beyond the tolerance, in standard errors of the mean; the largest over all windows. */
  readonly z: number;
  /** Mean score of that window against the reference's own, in spreads, with its sign. */
  readonly mean: number;
}

export interface ScoreMoments {
  readonly mean: number;
  readonly deviation: number;
  readonly effectiveRatio: number;
}

/** Means of the scores over sliding windows, held against what the reference leaves to chance. O(windows) a sample. */
export class WindowDeviations {
  readonly #moments: ScoreMoments;
  readonly #tolerance: number;
  readonly #windows: { readonly samples: number; sum: number; known: number }[];
  readonly #recent: (number | null)[] = [];

  constructor(of: { readonly moments: ScoreMoments; readonly tolerance: number; readonly stepMs: number }) {
    this.#moments = of.moments;
    this.#tolerance = of.tolerance;
    const samples = WINDOWS.map((count) => Math.max(1, Math.round((count * HALF_HOUR_MS) / of.stepMs)));
    this.#windows = [...new Set(samples)].map((count) => ({ samples: count, sum: 0, known: 0 }));
  }

  push(score: number | null): WindowDeviation {
    const recent = this.#recent;
    recent.push(score);
    let largest: WindowDeviation = { z: 0, mean: 0 };
    for (const window of this.#windows) {
      this.#count(window, score, 1);
      if (recent.length > window.samples) {
        this.#count(window, recent[recent.length - 1 - window.samples] ?? null, -1);
      }
      const isFull = recent.length >= window.samples;
      if (!isFull || window.known < KNOWN_RATIO_MIN * window.samples) continue;
      const deviation = this.#judge(window);
      if (deviation.z > largest.z) largest = deviation;
    }
    const longest = this.#windows.at(-1)?.samples ?? 0;
    if (recent.length > longest) recent.shift();
    return largest;
  }

  #count(window: { sum: number; known: number }, score: number | null, sign: 1 | -1): void {
    if (score === null) return;
    window.sum += sign * score;
    window.known += sign;
  }

  #judge({ sum, known }: { readonly sum: number; readonly known: number }): WindowDeviation {
    const { mean: expected, deviation, effectiveRatio } = this.#moments;
    const mean = sum / known - expected;
    const beyond = Math.max(0, Math.abs(mean) - this.#tolerance);
    // A window holds one independent sample at least, however much its samples hang together.
    return { z: (beyond * Math.sqrt(Math.max(1, known * effectiveRatio))) / deviation, mean };
  }
}
