const REQUESTS_PER_SECOND_AND_REPLICA = 6;
/** A real load swings; the demo's is steady, so the wish swings in its place and every tick has a question. */
const SWING = [0, 1, 0, -1] as const;
const REPLICAS_MIN = 2;
const REPLICAS_MAX = 10;

/**
 * How many replicas the autoscaler wants next: one step towards what the load asks for.
 * @param seen.tick counts from 0; the wish swings with it
 */
export function nextStep(seen: { replicas: number; requestsPerSecond: number; tick: number }): number {
  const swing = SWING[seen.tick % SWING.length] as number;
  const wish = Math.round(seen.requestsPerSecond / REQUESTS_PER_SECOND_AND_REPLICA) + swing;
  const bounded = Math.min(REPLICAS_MAX, Math.max(REPLICAS_MIN, wish));
  return seen.replicas + Math.sign(bounded - seen.replicas);
}
