/** Whole seconds, 1 to 5: SDKs that have less than that left give up, and without jitter all come back at once. */
export function retryAfterS(random: () => number): number {
  return 1 + Math.floor(random() * 5);
}
