import type { ClickHouseClient } from '@clickhouse/client';
import { readSettledWindows } from '../store/tallies/read-settled-windows.ts';
import { readSpanArrival } from '../store/tallies/read-span-arrival.ts';

const WINDOW_MS = 5_000;
/** Spans are waited for at least one export at the SDKs' default, and at most as long as a gate has patience. */
const LAG_MS_MIN = 5_000;
const LAG_MS_MAX = 60_000;
const ARRIVALS_MS = 120_000;
/** Completeness looks ten minutes back; what is older and unsettled is skipped, and counted. */
const LOOK_BACK_MS = 600_000;
const WINDOWS_AT_ONCE = 24;
/** A window is done again while its spans can still be in a verdict's fast window. */
const RESETTLE_MS = 180_000;
/** A p99 wavers; this much more is no wavering. */
const HASTY_FACTOR = 1.5;

export interface SettleOutcome {
  readonly settledWindows: number;
  /** Windows done again because what is waited for turned out to take longer. */
  readonly resettledWindows: number;
  /** Windows nobody settled while the judge was away: they will not be. */
  readonly skippedWindows: number;
  readonly settledUntilMs: number;
  readonly lagMs: number;
}

/** What is settled: whose spans are waited for, where it is marked, and how a range of windows is done. */
export interface Settling {
  readonly awaited: Parameters<typeof readSpanArrival>[2];
  readonly marks: Parameters<typeof readSettledWindows>[2];
  /** How long a window is; 5 s unless said. */
  readonly windowMs?: number;
  settle(range: {
    readonly fromMs: number;
    readonly untilMs: number;
    readonly lagMs: number;
    readonly settledAtMs: number;
  }): Promise<void>;
}

/**
 * One tick: matches spans with those they name for every 5 s window of arrival that is due, oldest first.
 * A window is due once these had time to arrive: clamp(2 x p99 of how long they take, 5 s, 60 s) after its end, on
 * the clock of what can be read (rows under way into the table are not missing), or after a minute in any case, as
 * a shop that closes for the night sends nothing newer. When spans begin to arrive later, what was settled in the
 * last three minutes with too short a wait is settled again: those spans were late, not lost.
 * State is in the store: several judges may run it, and a restart goes on where the last one stopped.
 * @throws PipelineError store_unavailable; the next tick does what is left
 */
export async function settleWindows(
  client: ClickHouseClient,
  { awaited, marks, windowMs = WINDOW_MS, settle }: Settling,
  nowMs: number,
): Promise<SettleOutcome> {
  const horizonMs = floorToWindow(nowMs - LOOK_BACK_MS, windowMs);
  const [arrival, settled] = await Promise.all([
    readSpanArrival(client, { fromMs: nowMs - ARRIVALS_MS, untilMs: nowMs }, awaited),
    readSettledWindows(client, horizonMs - LOOK_BACK_MS, marks),
  ]);
  const lagMs = Math.round(Math.min(LAG_MS_MAX, Math.max(LAG_MS_MIN, 2 * (arrival.arrivalMsP99 ?? 0))));
  const dueMs = Math.max(
    floorToWindow(Math.min(nowMs, arrival.visibleUntilMs ?? 0) - lagMs, windowMs),
    floorToWindow(nowMs - LAG_MS_MAX - windowMs, windowMs),
  );
  const newest = settled.at(-1);
  const nextMs = newest === undefined ? horizonMs : newest.startMs + windowMs;
  const fromMs = Math.max(nextMs, horizonMs);
  const hasty = settled.filter(
    ({ startMs, lagMs: waitedMs }) =>
      startMs >= nowMs - RESETTLE_MS && startMs < dueMs && waitedMs * HASTY_FACTOR < lagMs,
  );
  const againMs = hasty[0]?.startMs ?? fromMs;
  for (let startMs = againMs; startMs < dueMs; startMs += WINDOWS_AT_ONCE * windowMs) {
    const untilMs = Math.min(dueMs, startMs + WINDOWS_AT_ONCE * windowMs);
    await settle({ fromMs: startMs, untilMs, lagMs, settledAtMs: nowMs });
  }
  return {
    resettledWindows: Math.max(0, Math.min(fromMs, dueMs) - againMs) / windowMs,
    settledWindows: Math.max(0, dueMs - fromMs) / windowMs,
    skippedWindows: (fromMs - nextMs) / windowMs,
    settledUntilMs: Math.max(fromMs, dueMs),
    lagMs,
  };
}

function floorToWindow(timeMs: number, windowMs: number): number {
  return Math.floor(timeMs / windowMs) * windowMs;
}
