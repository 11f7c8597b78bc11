const FIRST_MS = 200;
const LONGEST_MS = 10_000;

/** Delay before try number `attempt` (0 is the first repeat): 0.2 s, doubling, at most 10 s. */
export function backOffMs(attempt: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
}
