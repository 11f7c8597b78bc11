import type { SourceExpectation } from '../../core/expectation.ts';
import type { Source } from '../../core/source.ts';
import type { StreamsOfService, StreamTally } from '../../core/stream-tally.ts';
import type { RefusalTally, SpanRepeatTally, StructureTally } from '../../core/structure-tally.ts';
import type { Limits, Outcome, Verdict } from '../../core/verdict.ts';
import { buildEstimator, buildVerdict } from '../build-verdict.ts';
import { judgeWindows, type WindowEstimate } from '../judge-windows.ts';
import { type Windows, windowsUntil } from '../windows.ts';
import { describeStructure } from './describe-structure.ts';
import { countFaults, type FaultCounts, faultShare } from './fault-share.ts';
import { RECORD_PARTS, type RecordPart } from './record-parts.ts';
import { countDoubleWriters, countFalls, countOverlaps, countRepeats } from './stream-faults.ts';
import { streamWindowsUntil } from './stream-windows.ts';
import { tellStructure } from './tell-structure.ts';

/** All of one service and signal, any split of it, of the last ten minutes. */
export interface StructureInput {
  readonly source: Source;
  readonly tallies: readonly StructureTally[];
  readonly refusals: readonly RefusalTally[];
  /** Of traces; empty elsewhere. */
  readonly repeats: readonly SpanRepeatTally[];
  /** Of metrics; null elsewhere, and where they were not read. */
  readonly streams: StreamsOfService | null;
}

/** One question, answered for both windows. */
export interface StructurePart {
  readonly id: string;
  readonly limits: Limits;
  readonly outcome: Outcome;
  readonly decisive: WindowEstimate;
  readonly fast: FaultCounts;
  readonly slow: FaultCounts;
}

const FAULT_LIMITS: Limits = { warn: 0.01, fail: 0.05 };
const DUPLICATE_LIMITS: Limits = { warn: 0.001, fail: 0.01 };
const ROOTS_MIN = 30;
const DUPLICATE_PARTS = new Set(['duplicates', 'id-reuse']);

/**
 * Do the records of this source hold together? Each part is a share of records with one kind of fault, with an
 * interval that takes faults of one export or one process as one draw; the verdict is the worst part's. FAIL when any
 * part is above its limit beyond doubt, PASS when each is shown to be below (about 380 records without a fault, for
 * duplicates 3,840), else unknown.
 *
 * Parts whose faults a record shows by itself look at all records; duplicates and trace shape at the spans of the
 * settled seconds; metric streams (falls, double writers, overlaps of delta points, repeats) at the series that were
 * read, over three and ten minutes. A metric that overflowed its cardinality limit cannot pass: what its series say
 * is incomplete.
 * @returns null where nothing arrived or was refused in ten minutes
 * @see quality.md 3.1 C12, C13; 3.4 S1 to S9
 */
export function checkStructure(
  input: StructureInput,
  expectation: SourceExpectation | null,
  nowMs: number,
): Verdict | null {
  const windows = windowsUntil(nowMs);
  const recent = {
    ...input,
    tallies: input.tallies.filter((tally) => tally.receiveStartMs >= windows.slowStartMs),
    refusals: input.refusals.filter((tally) => tally.receiveStartMs >= windows.slowStartMs),
    repeats: input.repeats.filter((tally) => tally.receiveStartMs >= windows.slowStartMs),
  };
  if (recent.tallies.length === 0 && recent.refusals.length === 0) return null;
  const overflowed = (input.streams?.streams ?? []).filter((stream) => stream.overflow > 0);
  const parts = [
    ...recordParts(recent, windows),
    ...spanParts(recent, windows),
    ...streamParts(input, nowMs),
  ].map((part) =>
    judgePart(part, { expected: expectation?.limits.structure, mayPass: overflowed.length === 0 }),
  );
  const worst = parts.reduce((worse, part) => (badness(part) > badness(worse) ? part : worse));
  const outcome = worst.outcome;
  return buildVerdict(
    {
      source: input.source,
      dimension: 'structure',
      unit: 'ratio',
      limits: worst.limits,
      outcome,
      interval: worst.decisive.interval,
      n: worst.decisive.n,
      window: { startMs: worst.decisive.startMs, endMs: worst.decisive.endMs },
      reasons: tellStructure({ ...recent, parts, overflowed, nowMs }),
      estimators: parts
        .toSorted((a, b) => badness(b) - badness(a))
        .map(({ id, decisive }) => buildEstimator(id, 'direct', decisive.n, decisive.interval)),
      evidence: describeStructure({ ...recent, parts, overflowed }),
    },
    nowMs,
  );
}

/** Counts of one part, before anybody judged them. */
interface PartCounts {
  readonly id: string;
  readonly fast: FaultCounts;
  readonly slow: FaultCounts;
  readonly windows: Windows;
}

function recordParts(input: StructureInput, windows: Windows): PartCounts[] {
  const { signal, serviceName } = input.source;
  const isNew = ({ receiveStartMs }: { receiveStartMs: number }) => receiveStartMs >= windows.fastStartMs;
  const count = (
    of: (tallies: readonly StructureTally[], refusals: readonly RefusalTally[]) => FaultCounts,
  ) => ({
    fast: of(input.tallies.filter(isNew), input.refusals.filter(isNew)),
    slow: of(input.tallies, input.refusals),
    windows,
  });
  const isUnnamed = serviceName === '' || /^unknown_service(:|$)/.test(serviceName);
  return [
    ...RECORD_PARTS.filter((part) => part.signals.includes(signal)).map((part) => ({
      id: part.id,
      ...count((tallies, refusals) => countRecords(part, tallies, refusals)),
    })),
    {
      id: 'identity',
      ...count((tallies) =>
        countFaults(
          tallies.map(({ records }) => ({ faulty: isUnnamed ? records : 0, all: records })),
          batchesOf(tallies),
        ),
      ),
    },
  ];
}

function countRecords(
  part: RecordPart,
  tallies: readonly StructureTally[],
  refusals: readonly RefusalTally[],
): FaultCounts {
  const cells = new Map<number, { faulty: number; all: number }>();
  const add = (startMs: number, faulty: number, all: number) => {
    const cell = cells.get(startMs) ?? { faulty: 0, all: 0 };
    cells.set(startMs, { faulty: cell.faulty + faulty, all: cell.all + all });
  };
  for (const tally of tallies) {
    let faulty = 0;
    for (const [bits, records] of tally.faults) if ((bits & part.bits) !== 0) faulty += records;
    add(tally.receiveStartMs, faulty, tally.records);
  }
  for (const { receiveStartMs, reason, items } of refusals) {
    if (part.refusals.includes(reason)) add(receiveStartMs, items, items);
  }
  return countFaults(
    [...cells].sort(([a], [b]) => a - b).map(([, cell]) => cell),
    batchesOf(tallies),
  );
}

function batchesOf(tallies: readonly StructureTally[]): number {
  return tallies.reduce((sum, tally) => sum + tally.batchCount, 0);
}

function spanParts(input: StructureInput, windows: Windows): PartCounts[] {
  if (input.source.signal !== 'traces') return [];
  const count = (of: (tally: SpanRepeatTally) => { faulty: number; all: number }) => {
    const countSince = (fromMs: number) => {
      const cells = input.repeats.filter((tally) => tally.receiveStartMs >= fromMs).map(of);
      return countFaults(cells, cells.length);
    };
    return { fast: countSince(windows.fastStartMs), slow: countSince(windows.slowStartMs), windows };
  };
  const shape = {
    id: 'trace-shape',
    ...count(({ extraRoots, roots }) => ({ faulty: extraRoots, all: roots })),
  };
  return [
    { id: 'duplicates', ...count(({ repeats, spans }) => ({ faulty: repeats, all: spans })) },
    { id: 'id-reuse', ...count(({ reuses, spans }) => ({ faulty: reuses, all: spans })) },
    // Most services rarely begin a trace: that is not for want of knowledge.
    ...(shape.slow.all < ROOTS_MIN ? [] : [shape]),
  ];
}

function streamParts({ source, streams }: StructureInput, nowMs: number): PartCounts[] {
  if (source.signal !== 'metrics') return [];
  const windows = streamWindowsUntil(nowMs);
  const all: readonly StreamTally[] = streams?.streams ?? [];
  const count = (of: (streams: readonly StreamTally[], fromMs: number, isFast: boolean) => FaultCounts) => ({
    fast: of(all, windows.fastStartMs, true),
    slow: of(all, windows.slowStartMs, false),
    windows,
  });
  const parts = [
    { id: 'single-writer', ...count(countDoubleWriters) },
    { id: 'duplicates', ...count(countRepeats) },
    { id: 'monotony', ...count(countFalls) },
    { id: 'delta-coverage', ...count(countOverlaps) },
  ];
  // A service without counters, or without delta streams, has nothing to answer there.
  return parts.filter(({ id, slow }) => slow.all > 0 || id === 'single-writer');
}

function judgePart(
  { id, fast, slow, windows }: PartCounts,
  of: { expected: Limits | undefined; mayPass: boolean },
): StructurePart {
  const limits = of.expected ?? (DUPLICATE_PARTS.has(id) ? DUPLICATE_LIMITS : FAULT_LIMITS);
  const estimate = (counts: FaultCounts, startMs: number): WindowEstimate => ({
    interval: faultShare(counts),
    n: counts.all,
    startMs,
    endMs: windows.endMs,
    mayPass: of.mayPass,
  });
  const { outcome, decisive } = judgeWindows(
    { fast: estimate(fast, windows.fastStartMs), slow: estimate(slow, windows.slowStartMs) },
    limits,
  );
  // Of an undecided part without faults the window with more records says more.
  const fuller = outcome === 'unknown' && slow.faulty === 0 ? estimate(slow, windows.slowStartMs) : decisive;
  return { id, limits, outcome, decisive: fuller, fast, slow };
}

/** Orders outcomes, then how far the estimate is towards the fail limit, then how little is known. */
function badness({ outcome, decisive, limits }: StructurePart): number {
  const rank = { pass: 0, unknown: 1, fail: 2 }[outcome];
  if (decisive.interval === null) return rank;
  const nearness = (decisive.interval.estimate + decisive.interval.upper / 1e6) / limits.fail;
  return rank + nearness / (1 + nearness);
}
