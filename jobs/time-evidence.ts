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
  closingRange,
  findRetractions,
  windowKey,
} from '../validators/time/find-retractions.ts';
import { cohortRange, matureCohorts } from '../validators/time/mature-cohorts.ts';
import type { TimePart } from '../validators/time/time-part.ts';
import { sharedWatermark } from '../validators/time/watermark.ts';
import { SLOW_MS } from '../validators/windows.ts';
import { inTurn, type ReadAt } from './in-turn.ts';
import { refreshed } from './refreshed.ts';

interface Asked {
  readonly client: ClickHouseClient;
  readonly nowMs: number;
  /** Of everything that is judged. */
  readonly serviceNames: readonly string[];
}

/** What verdicts of timeliness rest on beside freshness and lateness, as of the moment it was read. */
export interface TimeFacts {
  partsOf(source: Source): readonly TimePart[];
  /** The watermark, how much of the last minute is here, promises that were not kept. */
  describe(source: Source): Readonly<Record<string, unknown>>;
}

export interface TimeEvidence {
  read(asked: Asked): Promise<TimeFacts>;
}

const SKEW_WINDOW_MS = 120_000;
const LAST_MINUTE = { youngestMs: 0, oldestMs: 60_000 };
/** A silence that was measured longer ago may be over. */
const SILENCE_AGE_MS_MAX = 7_500;
const TURN_FORGET_MS = 1_800_000;

export function newTimeEvidence(): TimeEvidence {
  const skews = refreshed({ everyMs: 5_000, phaseMs: 3_000 }, readSkews);
  const clocks = inTurn(
    { everyMs: 5_000, phaseMs: 3_500, servicesMax: 500, forgetMs: TURN_FORGET_MS },
    readClocks,
  );
  const cohorts = inTurn(
    { everyMs: 30_000, phaseMs: 500, servicesMax: 100, forgetMs: TURN_FORGET_MS },
    readLateness,
  );
  const closed = new Map<string, ClosedWindow>();
  const retractions = refreshed({ everyMs: 30_000, phaseMs: 1_500 }, (asked: Asked & { clocks: Clocks }) =>
    takeBack(asked, closed),
  );
  return {
    read: async (asked) => {
      const read = await clocks.get({ ...asked, skews: await skews.get(asked) });
      const lateness = await cohorts.get(asked);
      return factsOf({
        clocks: read,
        lateness,
        retractions: await retractions.get({ ...asked, clocks: read }),
      });
    },
  };
}

/** What the clocks of a source say, judged when they were read. */
interface ClockFacts {
  readonly silence: TimePart | null;
  readonly others: readonly (TimePart | null)[];
  readonly watermarkMs: number | null;
}
type Clocks = ReadonlyMap<string, ReadAt<ClockFacts>>;

type Skews = ReadonlyMap<string, ClockSkew>;

async function readSkews({ client, nowMs }: Asked): Promise<Skews> {
  const pairs = await readHostPairs(client, { fromMs: nowMs - SKEW_WINDOW_MS, untilMs: nowMs });
  return clockGraph(pairs, SKEW_WINDOW_MS);
}

async function readClocks({
  client,
  nowMs,
  serviceNames,
  skews,
}: Asked & { skews: Skews }): Promise<ReadonlyMap<string, ClockFacts>> {
  const tallies = byService(await readClockTallies(client, nowMs - SLOW_MS, serviceNames));
  const facts = (own: readonly ClockTally[]): ClockFacts => ({
    silence: checkSilence(own, nowMs),
    others: [checkClockSkew(own, skews, nowMs), checkFutureStamps(own, nowMs)],
    watermarkMs: sharedWatermark(own, nowMs),
  });
  return new Map([...tallies].map(([key, own]) => [key, facts(own)]));
}

interface LatenessFacts {
  readonly lateShare: TimePart;
  readonly hereOfLastMinute: Readonly<Record<string, unknown>>;
}

async function readLateness({
  client,
  nowMs,
  serviceNames,
}: Asked): Promise<ReadonlyMap<string, LatenessFacts>> {
  const [old, last] = await Promise.all([
    readCohorts(client, { ...cohortRange(LATE_AGES, nowMs), serviceNames }),
    readCohorts(client, { ...cohortRange(LAST_MINUTE, nowMs), serviceNames }),
  ]);
  const [minuteOld, lastMinute] = [byService(old), byService(last)];
  const keys = [...new Set([...minuteOld.keys(), ...lastMinute.keys()])];
  const facts = (key: string): LatenessFacts => ({
    lateShare: checkLateShare(minuteOld.get(key) ?? [], nowMs),
    hereOfLastMinute: describeLastMinute(lastMinute.get(key) ?? [], nowMs),
  });
  return new Map(keys.map((key) => [key, facts(key)]));
}

/** More sources than this, and nobody's windows are closed: reading them all would take longer than a tick. */
const CLOSING_SERVICES_MAX = 500;

/**
 * Closes the windows that lie before their source's watermark, and takes back those of which more came since. What was
 * closed before a restart is not known after it; promises made since then are.
 * @returns by `sourceKey`
 */
async function takeBack(
  { client, nowMs, clocks, serviceNames }: Asked & { clocks: Clocks },
  closed: Map<string, ClosedWindow>,
): Promise<ReadonlyMap<string, readonly Retraction[]>> {
  if (serviceNames.length > CLOSING_SERVICES_MAX) return new Map();
  const range = closingRange(nowMs);
  const windows = await readCohorts(client, range);
  const retractions = findRetractions([...closed.values()], windows);
  if (retractions.length > 0) await insertRetractions(client, retractions, nowMs);
  const watermarks = new Map<string, number>();
  for (const [key, { value }] of clocks) {
    if (value.watermarkMs !== null) watermarks.set(key, value.watermarkMs);
  }
  for (const window of closeWindows(windows, watermarks, nowMs)) {
    const key = windowKey(window);
    if (!closed.has(key)) closed.set(key, window);
  }
  for (const [key, { endMs }] of closed) if (endMs < range.fromMs) closed.delete(key);
  return byService(retractions);
}

function factsOf(of: {
  readonly clocks: Clocks;
  readonly lateness: ReadonlyMap<string, ReadAt<LatenessFacts>>;
  readonly retractions: ReadonlyMap<string, readonly Retraction[]>;
}): TimeFacts {
  let newestMs = 0;
  for (const { atMs } of of.clocks.values()) newestMs = Math.max(newestMs, atMs);
  return {
    partsOf: (source) => {
      const clocks = of.clocks.get(sourceKey(source));
      const isFresh = clocks !== undefined && newestMs - clocks.atMs <= SILENCE_AGE_MS_MAX;
      const parts = [
        of.lateness.get(sourceKey(source))?.value.lateShare ?? null,
        isFresh ? clocks.value.silence : null,
        ...(clocks?.value.others ?? []),
      ];
      return parts.filter((part) => part !== null);
    },
    describe: (source) => {
      const key = sourceKey(source);
      const watermarkMs = of.clocks.get(key)?.value.watermarkMs ?? null;
      return {
        watermark: watermarkMs === null ? null : rfc3339(watermarkMs),
        hereOfLastMinute: of.lateness.get(key)?.value.hereOfLastMinute ?? null,
        retractions: (of.retractions.get(key) ?? []).map(describeRetraction),
      };
    },
  };
}

function describeLastMinute(cohorts: readonly CohortTally[], nowMs: number) {
  const { estimate, lower, n, batches } = completenessAtAge(matureCohorts(cohorts, nowMs));
  return { estimate, lower, confidence: 0.95, n, batches: Math.round(batches), asOf: rfc3339(nowMs) };
}

function describeRetraction({ startMs, endMs, closedAtMs, ...retraction }: Retraction) {
  const { promisedRatio, heldItems, items } = retraction;
  const window = { start: rfc3339(startMs), end: rfc3339(endMs) };
  return { window, closedAt: rfc3339(closedAtMs), promisedRatio, heldItems, items };
}

function byService<Tally extends { readonly source: Source }>(
  tallies: readonly Tally[],
): ReadonlyMap<string, readonly Tally[]> {
  return Map.groupBy(tallies, ({ source }) => sourceKey({ ...source, serviceInstanceId: '' }));
}
