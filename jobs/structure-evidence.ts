import type { ClickHouseClient } from '@clickhouse/client';
import type { SourceExpectation } from '../core/expectation.ts';
import { serviceKey } from '../core/service-key.ts';
import { type Source, sourceKey } from '../core/source.ts';
import type { StreamsOfService } from '../core/stream-tally.ts';
import type { SpanRepeatTally } from '../core/structure-tally.ts';
import type { Verdict } from '../core/verdict.ts';
import { readSpanRepeats } from '../store/tallies/read-span-repeats.ts';
import { readStreamTallies } from '../store/tallies/read-stream-tallies.ts';
import { readStructureTallies } from '../store/tallies/read-structure-tallies.ts';
import type { LossEstimates } from '../validators/loss-estimate.ts';
import { checkStructure, type StructureInput } from '../validators/structure/check-structure.ts';
import { estimateMissedIntervals } from '../validators/structure/estimate-missed-intervals.ts';
import { streamWindowsUntil } from '../validators/structure/stream-windows.ts';
import { BUCKET_MS, SLOW_MS, windowsUntil } from '../validators/windows.ts';
import { type Refreshed, refreshed } from './refreshed.ts';

interface Known {
  readonly client: ClickHouseClient;
}
type Asked = Known & { readonly nowMs: number };

/** What verdicts of structure, and of the completeness of metrics, rest on. */
export interface StructureFacts {
  /** As of the reading: what rests on nothing newer is not judged anew every tick. Null where nothing arrived. */
  verdictOf(source: Source, expectation: SourceExpectation | null): Verdict | null;
  readonly missedIntervals: LossEstimates;
  /** Sources and services that were too many to read. */
  readonly leftOutCount: number;
}

export type StructureEvidence = Refreshed<Known, StructureFacts>;

const EVERY_MS = 5_000;
/** Spans of a bucket are read once, when what was under way into the table has come. */
const REPEATS_SETTLE_MS = 10_000;

export function newStructureEvidence(): StructureEvidence {
  const repeats = newRepeatMemory();
  return refreshed({ everyMs: EVERY_MS, phaseMs: 4_000 }, (asked) => readFacts(asked, repeats));
}

async function readFacts({ client, nowMs }: Asked, repeatMemory: RepeatMemory): Promise<StructureFacts> {
  const { slowStartMs, fastStartMs } = windowsUntil(nowMs);
  const streamWindows = streamWindowsUntil(nowMs);
  const [structure, streams, repeats] = await Promise.all([
    readStructureTallies(client, { fromMs: slowStartMs, splitMs: fastStartMs }),
    readStreamTallies(client, { fromMs: streamWindows.slowStartMs, splitMs: streamWindows.fastStartMs }),
    repeatMemory.read({ client, nowMs }),
  ]);
  const by = <Tally extends { readonly source: Source }>(tallies: readonly Tally[]) =>
    Map.groupBy(tallies, ({ source }) => sourceKey({ ...source, serviceInstanceId: '' }));
  const [talliesOf, refusalsOf, repeatsOf] = [by(structure.tallies), by(structure.refusals), by(repeats)];
  const streamsOf = new Map<string, StreamsOfService>(
    streams.services.map((one) => [serviceKey(one.service), one]),
  );
  const inputOf = (source: Source): StructureInput => ({
    source,
    tallies: talliesOf.get(sourceKey(source)) ?? [],
    refusals: refusalsOf.get(sourceKey(source)) ?? [],
    repeats: source.signal === 'traces' ? (repeatsOf.get(sourceKey(source)) ?? []) : [],
    streams: source.signal === 'metrics' ? (streamsOf.get(serviceKey(source)) ?? null) : null,
  });
  const judged = new Map<string, { expectation: SourceExpectation | null; verdict: Verdict | null }>();
  return {
    verdictOf: (source, expectation) => {
      const key = sourceKey(source);
      const known = judged.get(key);
      if (known !== undefined && known.expectation === expectation) return known.verdict;
      const verdict = checkStructure(inputOf(source), expectation, nowMs);
      judged.set(key, { expectation, verdict });
      return verdict;
    },
    missedIntervals: estimateMissedIntervals(streams.services, nowMs),
    leftOutCount: structure.sourcesLeftOut + streams.servicesLeftOut,
  };
}

interface RepeatMemory {
  read(asked: Asked): Promise<readonly SpanRepeatTally[]>;
}

/** Each stretch of arrival is read once, the whole ten minutes after a start. */
function newRepeatMemory(): RepeatMemory {
  let known: readonly SpanRepeatTally[] = [];
  let readUntilMs = 0;
  return {
    read: async ({ client, nowMs }) => {
      const untilMs = Math.floor((nowMs - REPEATS_SETTLE_MS) / BUCKET_MS) * BUCKET_MS;
      const fromMs = Math.max(readUntilMs, untilMs - SLOW_MS);
      if (fromMs < untilMs) {
        const read = await readSpanRepeats(client, { fromMs, untilMs });
        known = [...known.filter(({ receiveStartMs }) => receiveStartMs >= untilMs - SLOW_MS), ...read];
        readUntilMs = untilMs;
      }
      return known;
    },
  };
}
