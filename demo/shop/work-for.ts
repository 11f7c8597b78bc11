import { setTimeout as sleep } from 'node:timers/promises';

/** How far single requests stray from the median: log-normal with this sigma, p95 about 1.5 times the median. */
const SIGMA = 0.25;

/** Stands in for work: waits around `medianMs`, log-normal as real service times are. */
export async function workFor(medianMs: number, random: () => number): Promise<void> {
  // Box-Muller; 1 - random() is never 0, which has no logarithm.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  await sleep(medianMs * Math.exp(SIGMA * normal));
}
