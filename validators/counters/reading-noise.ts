/** Fewer readings do not tell how much they waver. */
const READINGS_MIN = 6;

/**
 * How far a balance (what went in, less what came out and what is inside) may be off because its counters are not
 * read at one moment. What is lost stays lost, so the true balance never falls: the deepest fall between two
 * readings is noise. One export at worst; where six readings or more waver less, that much less.
 * @param balances at the readings, oldest first
 * @param worst what can be between two counters at a reading
 */
export function readingNoise(balances: readonly number[], worst: number): number {
  if (balances.length < READINGS_MIN) return worst;
  let [highest, fall] = [Number.NEGATIVE_INFINITY, 0];
  for (const balance of balances) {
    highest = Math.max(highest, balance);
    fall = Math.max(fall, highest - balance);
  }
  return Math.min(worst, fall);
}
