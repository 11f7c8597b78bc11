import { createHash } from 'node:crypto';
import { binomialUpperTail } from '../../core/binomial-tail.ts';
import type { CohortTally } from '../../core/cohort-tally.ts';
import type { Retraction } from '../../core/retraction.ts';
import { type Source, sourceKey } from '../../core/source.ts';
import { PROMISED_RATIO } from './watermark.ts';

/** Event windows that are closed one by one. */
const WINDOW_MS = 10_000;
/** A window that changes later than that is history sent again: kept, and no news about a promise. */
const LOOK_BACK_MS = 600_000;
const ITEMS_MIN = 30;
/** Of promises that are just kept, so many are taken back if records come alone: a window in twelve days of a source. */
const CHANCE = 1e-5;

/** A window when it was called complete, with what was there. */
export interface ClosedWindow {
  readonly source: Source;
  readonly startMs: number;
  readonly endMs: number;
  readonly closedAtMs: number;
  readonly heldItems: number;
}

/** What to read as cohorts for `closeWindows` and `findRetractions`: whole windows, whose counts are then exact. */
export function closingRange(nowMs: number) {
  const untilMs = Math.floor(nowMs / WINDOW_MS) * WINDOW_MS;
  return { youngestMs: 0, oldestMs: WINDOW_MS, stepMs: WINDOW_MS, fromMs: untilMs - LOOK_BACK_MS, untilMs };
}

/** Stable text key of a source's window. */
export function windowKey({
  source,
  startMs,
}: {
  readonly source: Source;
  readonly startMs: number;
}): string {
  return `${sourceKey(source)}\u001f${startMs}`;
}

/**
 * The windows that end at or before their source's watermark, as they stand now.
 * @param windows cohorts of 10 s
 * @param watermarks by `sourceKey`; a source without one closes nothing
 */
export function closeWindows(
  windows: readonly CohortTally[],
  watermarks: ReadonlyMap<string, number>,
  nowMs: number,
): ClosedWindow[] {
  return windows
    .filter(({ source, endMs }) => endMs <= (watermarks.get(sourceKey(source)) ?? Number.NEGATIVE_INFINITY))
    .map(({ source, startMs, endMs, items }) => ({
      source,
      startMs,
      endMs,
      closedAtMs: nowMs,
      heldItems: items,
    }));
}

/**
 * Which promises were not kept: windows that were closed and of which more came since than the 1 % that was allowed
 * for, beyond chance (exact binomial, one in 100,000), among at least 30 records. Late records come in batches, so
 * a window that lost one batch of two to a delay is taken back, as it should be: it held half.
 * @param before windows as they were closed, each once
 * @param after cohorts of 10 s as they are now; data are only ever added
 */
export function findRetractions(
  before: readonly ClosedWindow[],
  after: readonly CohortTally[],
): Retraction[] {
  const now = new Map(after.map((window) => [windowKey(window), window.items]));
  return before.flatMap((closed) => {
    const key = windowKey(closed);
    const items = now.get(key) ?? closed.heldItems;
    const lateItems = items - closed.heldItems;
    if (items < ITEMS_MIN || lateItems <= items * (1 - PROMISED_RATIO)) return [];
    if (binomialUpperTail(lateItems, items, 1 - PROMISED_RATIO) > CHANCE) return [];
    const id = createHash('sha256').update(key).digest('hex').slice(0, 32);
    return [{ ...closed, id, promisedRatio: PROMISED_RATIO, items }];
  });
}
