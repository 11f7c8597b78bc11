import { SLOW_MS } from '../windows.ts';

/** Three exports at OpenTelemetry's default of a minute: in the fast window of traces there would be none or one. */
const STREAM_FAST_MS = 180_000;
const MINUTE_MS = 60_000;

/** Windows of metric streams, on the minutes of their tally. */
export function streamWindowsUntil(nowMs: number) {
  const floor = (timeMs: number) => Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
  return { fastStartMs: floor(nowMs - STREAM_FAST_MS), slowStartMs: floor(nowMs - SLOW_MS), endMs: nowMs };
}
