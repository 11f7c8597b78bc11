import { EDGE_STEP_MINUTES } from '../../../core/system-history.ts';

/** Steps of an edge spread over their minutes; a step is known when its last minute is over. */
export function edgeMinutes(steps: Float64Array, minutes: number): Float64Array {
  return Float64Array.from(
    { length: minutes },
    (_, minute) => steps[Math.floor(minute / EDGE_STEP_MINUTES)] ?? Number.NaN,
  );
}
