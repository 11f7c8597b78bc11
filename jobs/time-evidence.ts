import type { ClickHouseClient } from '@clickhouse/client';
import type { ClockTally } from '../core/clock-tally.ts';
import type { CohortTally } from '../core/cohort-tally.ts';
import type { Retraction } from '../core/retraction.ts';
import { type Source, sourceKey } from '../core/source.ts';
import { rfc3339 } from '../core/time.ts';
import { insertRetractions } from '../store/retractions.ts';
import { readClockTallies } from '../store/tallies/read-clock-tallies.ts';
import { readCohorts } from '../store/tallies/read-cohorts.ts';
import { readHostPairs } from '../store/tallies/read-host-pairs.ts';
import { checkClockSkew } from '../validators/time/check-clock-skew.ts';
import { checkFutureStamps } from '../validators/time/check-future-stamps.ts';
import { checkLateShare, LATE_AGES } from '../validators/time/check-late-share.ts';
import { checkSilence } from '../validators/time/check-silence.ts';
import { type ClockSkew, clockGraph } from '../validators/time/clock-graph.ts';
import { completenessAtAge } from '../validators/time/completeness-at-age.ts';
import {
  type ClosedWindow,
  closeWindows,
  findRetractions,
  WINDOW_MS,
  windowKey,
} from '../validators/time/find-retractions.ts';
import { cohortRange, matureCohorts } from '../validators/time/mature-cohorts.ts';
import type { TimePart } from '../validators/time/time-part.ts';
import { sharedWatermark } from '../validators/time/watermark.ts';
import { SLOW_MS } from '../validators/windows.ts';
import { refreshed } from './refreshed.ts';

interface Known {
  readonly client: ClickHouseClient;
}
type Asked = Known & { readonly nowMs: number };

/** What verdicts of timeliness rest on beside freshness and lateness; as of the moment it was read. */
export interface TimeFacts {
  partsOf(source: Source): readonly TimePart[];
  /** The watermark, how much of the last minute is here, promises that were not kept. */
  describe(source: Source): Readonly<Record<string, unknown>>;
}

export interface TimeEvidence {
  read(asked: Asked): Promise<TimeFacts>;
}

const CLOCKS_EVERY_MS = 5_000;
const COHORTS_EVERY_MS = 30_000;
const SKEW_WINDOW_MS = 120_000;
const LAST_MINUTE = { youngestMs: 0, oldestMs: 60_000 };

export function newTimeEvidence(): TimeEvidence {
  const clocks = refreshed({ everyMs: CLOCKS_EVERY_MS, phaseMs: 3_000 }, readClocks);
  const cohorts = refreshed({ everyMs: COHORTS_EVERY_MS, phaseMs: 500 }, readLateness);
  const closed = new Map<string, ClosedWindow>();
  const kept = refreshed(
    { everyMs: COHORTS_EVERY_MS, phaseMs: 1_500 },
    (asked: Asked & { clocks: ClockFacts }) => takeBack(asked, closed),
  );
  return {
    read: async ({ client, nowMs }) => {
      const facts = await clocks.get({ client, nowMs });
      const lateness = await cohorts.get({ client, nowMs });
      const retractions = await kept.get({ client, nowMs, clocks: facts });
      return factsOf(facts, lateness, retractions);
    },
  };
}

interface ClockFacts {
  readonly atMs: number;
  readonly talliesOf: ReadonlyMap<string, readonly ClockTally[]>;
  readonly skews: ReadonlyMap<string, ClockSkew>;
}

async function readClocks({ client, nowMs }: Asked): Promise<ClockFacts> {
  const [tallies, pairs] = await Promise.all([
    readClockTallies(client, nowMs - SLOW_MS),
    readHostPairs(client, { fromMs: nowMs - SKEW_WINDOW_MS, untilMs: nowMs }),
  ]);
  return { atMs: nowMs, talliesOf: byService(tallies), skews: clockGraph(pairs, SKEW_WINDOW_MS) };
}

interface LatenessFacts {
  readonly atMs: number;
  readonly minuteOld: ReadonlyMap<string, readonly CohortTally[]>;
  readonly lastMinute: ReadonlyMap<string, readonly CohortTally[]>;
}

async function readLateness({ client, nowMs }: Asked): Promise<LatenessFacts> {
  const [minuteOld, lastMinute] = await Promise.all([
    readCohorts(client, cohortRange(LATE_AGES, nowMs)),
    readCohorts(client, cohortRange(LAST_MINUTE, nowMs)),
  ]);
  return { atMs: nowMs, minuteOld: byService(minuteOld), lastMinute: byService(lastMinute) };
}

/**
 * Closes the windows that lie before their source's watermark, and takes back those of which more came since. What was
 * closed before a restart is not known after it; promises made since then are.
 * @returns those of the last ten minutes, by `sourceKey`
 */
async function takeBack(
  { client, nowMs, clocks }: Asked & { clocks: ClockFacts },
  closed: Map<string, ClosedWindow>,
): Promise<ReadonlyMap<string, readonly Retraction[]>> {
  const untilMs = Math.floor(nowMs / WINDOW_MS) * WINDOW_MS;
  const windows = await readCohorts(client, {
    youngestMs: 0,
    oldestMs: WINDOW_MS,
    stepMs: WINDOW_MS,
    fromMs: untilMs - SLOW_MS,
    untilMs,
  });
  const retractions = findRetractions([...closed.values()], windows);
  await insertRetractions(client, retractions, nowMs);
  const watermarks = new Map<string, number>();
  for (const [key, tallies] of clocks.talliesOf) {
    const watermarkMs = sharedWatermark(tallies, clocks.atMs);
    if (watermarkMs !== null) watermarks.set(key, watermarkMs);
  }
  for (const window of closeWindows(windows, watermarks, nowMs)) {
    const key = windowKey(window);
    if (!closed.has(key)) closed.set(key, window);
  }
  for (const [key, { endMs }] of closed) if (endMs < untilMs - SLOW_MS) closed.delete(key);
  return byService(retractions);
}

function factsOf(
  clocks: ClockFacts,
  lateness: LatenessFacts,
  retractions: ReadonlyMap<string, readonly Retraction[]>,
): TimeFacts {
  return {
    partsOf: (source) => {
      const key = sourceKey(source);
      const tallies = clocks.talliesOf.get(key) ?? [];
      const parts = [
        checkSilence(tallies, clocks.atMs),
        checkLateShare(lateness.minuteOld.get(key) ?? [], lateness.atMs),
        checkClockSkew(tallies, clocks.skews, clocks.atMs),
        tallies.length === 0 ? null : checkFutureStamps(tallies, clocks.atMs),
      ];
      return parts.filter((part) => part !== null);
    },
    describe: (source) => {
      const key = sourceKey(source);
      const watermarkMs = sharedWatermark(clocks.talliesOf.get(key) ?? [], clocks.atMs);
      const { estimate, lower, n, batches } = completenessAtAge(
        matureCohorts(lateness.lastMinute.get(key) ?? [], lateness.atMs),
      );
      return {
        watermark: watermarkMs === null ? null : rfc3339(watermarkMs),
        hereOfLastMinute: { estimate, lower, confidence: 0.95, n, batches: Math.round(batches) },
        retractions: (retractions.get(key) ?? []).map((one) => ({
          window: { start: rfc3339(one.startMs), end: rfc3339(one.endMs) },
          closedAt: rfc3339(one.closedAtMs),
          promisedRatio: one.promisedRatio,
          heldItems: one.heldItems,
          items: one.items,
        })),
      };
    },
  };
}

function byService<Tally extends { readonly source: Source }>(tallies: readonly Tally[]) {
  return Map.groupBy(tallies, ({ source }) => sourceKey({ ...source, serviceInstanceId: '' }));
}
