import type { ClickHouseClient } from '@clickhouse/client';
import { CANARY_SERVICE } from '../core/canary-service.ts';
import type { SourceExpectation } from '../core/expectation.ts';
import type { OpenParents } from '../core/open-parents.ts';
import type { SamplingTally } from '../core/sampling-tally.ts';
import { serviceKey } from '../core/service-key.ts';
import type { Source } from '../core/source.ts';
import { sourceKey } from '../core/source.ts';
import type { SourceTally } from '../core/source-tally.ts';
import type { Verdict } from '../core/verdict.ts';
import { readOpenParents } from '../store/tallies/read-open-parents.ts';
import { readSamplingTallies } from '../store/tallies/read-sampling-tallies.ts';
import { readSourceTallies } from '../store/tallies/read-source-tallies.ts';
import { insertVerdicts } from '../store/verdicts.ts';
import { COMPLETENESS_LIMITS, checkCompleteness } from '../validators/check-completeness.ts';
import { checkLogSampling } from '../validators/check-log-sampling.ts';
import { checkSampling, MARKS_CONTRADICT } from '../validators/check-sampling.ts';
import { checkTimeliness } from '../validators/check-timeliness.ts';
import { estimateRemoteOrphans } from '../validators/estimate-remote-orphans.ts';
import type { LossEstimate, LossEstimates } from '../validators/loss-estimate.ts';
import type { MeasuredLoss } from '../validators/measure-loss.ts';
import type { SettledSampling } from '../validators/sampling/judge-settled-sampling.ts';
import { measureOwnLag, type OwnLag } from '../validators/time/own-lag.ts';
import { SLOW_MS, windowsUntil } from '../validators/windows.ts';
import { type CanaryMemory, newCanaryMemory } from './canary.ts';
import { type Crowd, newCrowd } from './crowd.ts';
import { type EdgeMemory, edgesOf, newEdgeMemory, refreshLoss } from './edge-memory.ts';
import { expectationFor } from './expectation-for.ts';
import type { ReadAt } from './in-turn.ts';
import { type LossEvidence, newLossEvidence } from './loss-evidence.ts';
import { type ReadBeside, readBeside } from './read-beside.ts';
import { type Refreshed, refreshed } from './refreshed.ts';
import { newSamplingEvidence, type SamplingEvidence } from './sampling-evidence.ts';
import { newStructureEvidence, type StructureEvidence, type StructureFacts } from './structure-evidence.ts';
import { newTimeEvidence, type TimeEvidence, type TimeFacts } from './time-evidence.ts';
import { whoseTurn } from './turns.ts';
import { rememberWritten, type VerdictMemory, verdictsToWrite } from './verdict-memory.ts';

const OPEN_PARENTS_EVERY_MS = 30_000;
/**
 * How old what is read beside the ticks may be. What arrived is read in every tick, as what breaks shows there first;
 * all else is of windows that were settled seconds ago, and reading it takes a tick from 0.1 s to over one.
 */
const BESIDE_AGE_MS_MAX = 3_000;

/** What one judge remembers between ticks; beside it, state is in the store. */
export interface JudgeMemory {
  readonly edges: EdgeMemory;
  readonly openParents: Refreshed<OpenAsked, ReadonlyMap<string, OpenParents>>;
  readonly losses: LossEvidence;
  readonly structure: StructureEvidence;
  readonly sampling: SamplingEvidence;
  readonly time: TimeEvidence;
  readonly verdicts: VerdictMemory;
  readonly canary: CanaryMemory;
  readonly crowd: Crowd;
  /** `serviceKey`s of services whose sampling marks contradicted themselves when they were last judged. */
  readonly inconsistent: Set<string>;
  readonly settledSampling: ReadBeside<SamplingAsked, ReadonlyMap<string, ReadAt<SettledSampling>>>;
  readonly evidence: ReadBeside<EvidenceAsked, Evidence>;
  tickCount: number;
}

interface OpenAsked {
  readonly client: ClickHouseClient;
  readonly waitMs: number;
}

export interface JudgeDeps {
  readonly client: ClickHouseClient;
  readonly expectations: () => readonly SourceExpectation[];
  readonly memory: JudgeMemory;
}

export function newJudgeMemory(): JudgeMemory {
  const memory: Omit<JudgeMemory, 'settledSampling' | 'evidence'> = {
    edges: newEdgeMemory(),
    openParents: refreshed({ everyMs: OPEN_PARENTS_EVERY_MS, phaseMs: 4_000 }, ({ client, waitMs, nowMs }) =>
      readOpenParents(client, { fromMs: nowMs - SLOW_MS, untilMs: nowMs, waitMs }),
    ),
    losses: newLossEvidence(),
    structure: newStructureEvidence(),
    sampling: newSamplingEvidence(),
    time: newTimeEvidence(),
    verdicts: new Map(),
    canary: newCanaryMemory(),
    crowd: newCrowd(),
    inconsistent: new Set(),
    tickCount: 0,
  };
  return {
    ...memory,
    settledSampling: readBeside(BESIDE_AGE_MS_MAX, (asked: SamplingAsked) => memory.sampling.get(asked)),
    evidence: readBeside(BESIDE_AGE_MS_MAX, (asked: EvidenceAsked) => readEvidence(memory, asked)),
  };
}

/**
 * One tick: judges the sources seen in the last ten minutes in every dimension, of thousands those whose turn it is,
 * and writes the verdicts that are new or due for renewal. What arrived and how late is read every tick, for all sources
 * together; what changes no faster than every few seconds is read that often, beside the ticks.
 * @returns all verdicts of this tick, written or not
 * @throws PipelineError store_unavailable; nothing is remembered as written then, the next tick tries again
 */
export async function judge(deps: JudgeDeps, nowMs: number): Promise<Verdict[]> {
  const { client, memory } = deps;
  const windows = windowsUntil(nowMs);
  const range = { fromMs: windows.slowStartMs, splitMs: windows.fastStartMs };
  const servicesMax = await memory.crowd.servicesMax({ client, fromMs: range.fromMs, nowMs });
  const [tallies, marks] = await Promise.all([
    readSourceTallies(client, range, servicesMax),
    readSamplingTallies(client, range),
  ]);
  // Gone, not late: nothing is said about a source that fell silent ten minutes ago.
  const present = subjectsOf(tallies, marks).filter((subject) => newestOf(subject) >= nowMs - SLOW_MS);
  const subjects = whoseTurn(present, ({ key }) => key, memory.tickCount++);
  const expectations = deps.expectations();
  const serviceNames = [...new Set(present.map(({ source }) => source.serviceName))];
  const settledSampling = await memory.settledSampling.get({ client, expectations, serviceNames, nowMs });
  const sampling = judgeSampling(subjects, { settledSampling, expectations, nowMs });
  rememberInconsistent(memory.inconsistent, present, sampling);
  const inconsistent: ReadonlySet<string> = new Set(memory.inconsistent);
  const evidence = await memory.evidence.get({ client, tallies, marks, inconsistent, serviceNames, nowMs });
  const facts = { ...evidence, inconsistent, ownLag: measureOwnLag(memory.canary.lagsMs) };
  const verdicts = [
    ...sampling,
    ...judgeLogSampling(subjects, { settledSampling, expectations, nowMs }),
    ...subjects.flatMap((subject) => judgeSubject(subject, facts, expectations, nowMs)),
  ];
  const due = verdictsToWrite(memory.verdicts, verdicts);
  await insertVerdicts(client, due);
  rememberWritten(memory.verdicts, due, nowMs);
  return verdicts;
}

interface SamplingAsked {
  readonly client: ClickHouseClient;
  readonly expectations: readonly SourceExpectation[];
  readonly serviceNames: readonly string[];
  readonly nowMs: number;
}

interface EvidenceAsked {
  readonly client: ClickHouseClient;
  readonly tallies: readonly SourceTally[];
  readonly marks: readonly SamplingTally[];
  readonly inconsistent: ReadonlySet<string>;
  readonly serviceNames: readonly string[];
  readonly nowMs: number;
}

/** What verdicts rest on beside what arrived. */
interface Evidence {
  readonly loss: MeasuredLoss | null;
  /** By `serviceKey`. */
  readonly open: ReadonlyMap<string, OpenParents>;
  readonly estimates: readonly LossEstimates[];
  readonly structure: StructureFacts;
  readonly time: TimeFacts;
}

async function readEvidence(
  memory: Pick<JudgeMemory, 'edges' | 'openParents' | 'losses' | 'structure' | 'time'>,
  { client, tallies, marks, inconsistent, serviceNames, nowMs }: EvidenceAsked,
): Promise<Evidence> {
  const loss = await refreshLoss(memory.edges, { client, inconsistent, marks, nowMs });
  const open =
    loss === null ? new Map() : await memory.openParents.get({ client, waitMs: loss.lagMs, nowMs });
  const known = {
    client,
    tallies,
    edges: () => edgesOf(memory.edges),
    inconsistent: new Set([...inconsistent, ...(loss?.sampledAlone.keys() ?? [])]),
    nowMs,
  };
  const structure = await memory.structure.get({ client, nowMs });
  const estimates = [structure.missedIntervals];
  for (const group of memory.losses) estimates.push(...(await group.get(known)));
  const time = await memory.time.read({ client, nowMs, serviceNames });
  return { loss, open, estimates, structure, time };
}

/** What all verdicts of a tick rest on. */
interface Facts extends Evidence {
  /** `serviceKey`s of services whose sampling marks contradict themselves. */
  readonly inconsistent: ReadonlySet<string>;
  /** Null until a canary came through. */
  readonly ownLag: OwnLag | null;
}

/** A service and signal, all instances together, with all that arrived of it. */
interface Subject {
  /** `sourceKey` of the source. */
  readonly key: string;
  readonly source: Source;
  readonly tallies: readonly SourceTally[];
  readonly marks: readonly SamplingTally[];
}

function subjectsOf(tallies: readonly SourceTally[], marks: readonly SamplingTally[]): Subject[] {
  const whole = (source: Source): Source => ({ ...source, serviceInstanceId: '' });
  const marksOf = Map.groupBy(marks, (mark) => sourceKey(whole(mark.source)));
  const others = tallies.filter(({ source }) => source.serviceName !== CANARY_SERVICE);
  return [...Map.groupBy(others, (tally) => sourceKey(whole(tally.source)))].map(([key, own]) => ({
    key,
    source: whole((own[0] as SourceTally).source),
    tallies: own,
    marks: marksOf.get(key) ?? [],
  }));
}

function newestOf({ tallies }: Subject): number {
  return tallies.reduce((newest, tally) => Math.max(newest, tally.receivedMsMax), 0);
}

/** Of what was not judged in this tick, the last word stands; what is gone has none. */
function rememberInconsistent(
  remembered: Set<string>,
  present: readonly Subject[],
  sampling: readonly Verdict[],
): void {
  if (remembered.size > 0) {
    const here = new Set(present.map(({ source }) => serviceKey(source)));
    for (const key of remembered) if (!here.has(key)) remembered.delete(key);
  }
  for (const { source, reasons } of sampling) {
    if (reasons.some(({ code }) => code === MARKS_CONTRADICT)) remembered.add(serviceKey(source));
    else remembered.delete(serviceKey(source));
  }
}

interface SamplingFacts {
  readonly settledSampling: ReadonlyMap<string, ReadAt<SettledSampling>>;
  readonly expectations: readonly SourceExpectation[];
  readonly nowMs: number;
}

function judgeLogSampling(subjects: readonly Subject[], of: SamplingFacts): Verdict[] {
  return subjects
    .filter(({ source }) => source.signal === 'logs')
    .flatMap(({ key, source }) => {
      const settled = of.settledSampling.get(key)?.value ?? null;
      const expectation = expectationFor(of.expectations, source);
      return checkLogSampling({ source, settled }, expectation, of.nowMs) ?? [];
    });
}

function judgeSampling(subjects: readonly Subject[], of: SamplingFacts): Verdict[] {
  return subjects
    .filter(({ source }) => source.signal === 'traces')
    .map(({ key, source, marks }) => {
      const settled = of.settledSampling.get(key)?.value ?? null;
      return checkSampling(
        { source, tallies: marks, settled },
        expectationFor(of.expectations, source),
        of.nowMs,
      );
    });
}

function judgeSubject(
  { key, source, tallies }: Subject,
  facts: Facts,
  expectations: readonly SourceExpectation[],
  nowMs: number,
): Verdict[] {
  const expectation = expectationFor(expectations, source);
  const estimates = lossesOf({ key, source, tallies }, facts, expectation, nowMs);
  const time = {
    parts: facts.time.partsOf(source),
    evidence: facts.time.describe(source),
    ownLag: facts.ownLag,
  };
  const verdicts = [
    checkCompleteness({ source, estimates }, expectation, nowMs),
    checkTimeliness({ source, tallies, ...time }, expectation, nowMs),
    facts.structure.verdictOf(source, expectation),
  ];
  return verdicts.filter((verdict) => verdict !== null);
}

function lossesOf(
  { key, source, tallies }: Pick<Subject, 'key' | 'source' | 'tallies'>,
  { loss, open, inconsistent, estimates }: Facts,
  expectation: SourceExpectation | null,
  nowMs: number,
): LossEstimate[] {
  const own = estimates.flatMap((by) => by.get(key) ?? []);
  if (source.signal !== 'traces') return own;
  const limits = expectation?.limits.completeness ?? COMPLETENESS_LIMITS;
  const isInconsistent = inconsistent.has(serviceKey(source));
  const orphans = {
    source,
    loss,
    tallies,
    inconsistent: isInconsistent,
    open: open.get(serviceKey(source)),
  };
  return [estimateRemoteOrphans(orphans, limits, nowMs), ...own];
}
