import { setTimeout as sleep } from 'node:timers/promises';
import { type Check, ok, warn } from './check.ts';

const LOOK_MS = 300;
/** A clock under NTP is slewed by at most 0.5 ms/s; a step or a broken timer shows as more. */
const DRIFT_MS_MAX = 5;

/** The wall clock must run as fast as the monotonic one: a step in between would move every lateness. */
export async function checkClock(now: () => number = Date.now): Promise<Check> {
  const wallMs = now();
  const monotonicMs = performance.now();
  await sleep(LOOK_MS);
  const driftMs = Math.abs(now() - wallMs - (performance.now() - monotonicMs));
  if (driftMs <= DRIFT_MS_MAX)
    return ok('clock', `the wall clock runs evenly (${driftMs.toFixed(1)} ms off in ${LOOK_MS} ms)`);
  return warn(
    'clock',
    `the wall clock moved by ${driftMs.toFixed(0)} ms in ${LOOK_MS} ms`,
    'look at what sets the time of this machine',
  );
}
