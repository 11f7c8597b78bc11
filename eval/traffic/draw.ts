import { randomFrom } from '../../core/random-from.ts';

export interface Draw {
  /** In [0, 1). */
  uniform(): number;
  exponential(mean: number): number;
  poisson(mean: number): number;
  happens(probability: number): boolean;
}

/** Random draws that replay from a seed. */
export function drawFrom(seed: number): Draw {
  const uniform = randomFrom(seed);
  return {
    uniform,
    exponential: (mean) => -Math.log(1 - uniform()) * mean,
    poisson: (mean) => {
      // Knuth: one uniform number per event; means here are below a hundred.
      const floor = Math.exp(-mean);
      let count = 0;
      for (let product = uniform(); product > floor; product *= uniform()) count++;
      return count;
    },
    happens: (probability) => uniform() < probability,
  };
}
