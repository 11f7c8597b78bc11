import type { ClickHouseClient } from '@clickhouse/client';
import type { SourceExpectation } from '../core/expectation.ts';
import type { SamplingTally } from '../core/sampling-tally.ts';
import { serviceKey } from '../core/service-key.ts';
import type { Source } from '../core/source.ts';
import { sourceKey } from '../core/source.ts';
import type { SourceTally } from '../core/source-tally.ts';
import type { Verdict } from '../core/verdict.ts';
import { readSamplingTallies } from '../store/tallies/read-sampling-tallies.ts';
import { readSourceTallies } from '../store/tallies/read-source-tallies.ts';
import { insertVerdicts } from '../store/verdicts.ts';
import { COMPLETENESS_LIMITS, checkCompleteness } from '../validators/check-completeness.ts';
import { checkSampling } from '../validators/check-sampling.ts';
import { checkTimeliness } from '../validators/check-timeliness.ts';
import { estimateRemoteOrphans } from '../validators/estimate-remote-orphans.ts';
import type { MeasuredLoss } from '../validators/measure-loss.ts';
import { SLOW_MS, windowsUntil } from '../validators/windows.ts';
import { type EdgeMemory, newEdgeMemory, refreshLoss } from './edge-memory.ts';
import { expectationFor } from './expectation-for.ts';
import { rememberWritten, type VerdictMemory, verdictsToWrite } from './verdict-memory.ts';

/** What one judge remembers between ticks; only speed depends on it, verdicts do not. */
export interface JudgeMemory {
  readonly edges: EdgeMemory;
  readonly verdicts: VerdictMemory;
}

export interface JudgeDeps {
  readonly client: ClickHouseClient;
  readonly expectations: () => readonly SourceExpectation[];
  readonly memory: JudgeMemory;
}

export function newJudgeMemory(): JudgeMemory {
  return { edges: newEdgeMemory(), verdicts: new Map() };
}

/**
 * One tick: judges every source seen in the last ten minutes in every dimension, from three queries over the tallies
 * for all sources together, and writes the verdicts that are new or due for renewal.
 * @returns all verdicts, written or not
 * @throws PipelineError store_unavailable; nothing is remembered as written then, the next tick tries again
 */
export async function judge(deps: JudgeDeps, nowMs: number): Promise<Verdict[]> {
  const windows = windowsUntil(nowMs);
  const range = { fromMs: windows.slowStartMs, splitMs: windows.fastStartMs };
  const [tallies, marks] = await Promise.all([
    readSourceTallies(deps.client, range),
    readSamplingTallies(deps.client, range),
  ]);
  // Gone, not late: nothing is said about a source that fell silent ten minutes ago.
  const subjects = subjectsOf(tallies, marks).filter((subject) => newestOf(subject) >= nowMs - SLOW_MS);
  const sampling = judgeSampling(subjects, deps.expectations(), nowMs);
  const inconsistent = new Set(
    sampling.filter((verdict) => verdict.outcome === 'fail').map((verdict) => serviceKey(verdict.source)),
  );
  const loss = await refreshLoss(deps.memory.edges, { client: deps.client, inconsistent, nowMs });
  const verdicts = [
    ...sampling,
    ...subjects.flatMap((subject) => judgeSubject(subject, { ...deps, loss, inconsistent, nowMs })),
  ];
  const due = verdictsToWrite(deps.memory.verdicts, verdicts);
  await insertVerdicts(deps.client, due);
  rememberWritten(deps.memory.verdicts, due, nowMs);
  return verdicts;
}

/** A service and signal, all instances together, with all that arrived of it. */
interface Subject {
  readonly source: Source;
  readonly tallies: readonly SourceTally[];
  readonly marks: readonly SamplingTally[];
}

function subjectsOf(tallies: readonly SourceTally[], marks: readonly SamplingTally[]): Subject[] {
  const whole = (source: Source): Source => ({ ...source, serviceInstanceId: '' });
  const marksOf = Map.groupBy(marks, (mark) => sourceKey(whole(mark.source)));
  return [...Map.groupBy(tallies, (tally) => sourceKey(whole(tally.source)))].map(([key, own]) => ({
    source: whole((own[0] as SourceTally).source),
    tallies: own,
    marks: marksOf.get(key) ?? [],
  }));
}

function newestOf({ tallies }: Subject): number {
  return tallies.reduce((newest, tally) => Math.max(newest, tally.receivedMsMax), 0);
}

function judgeSampling(
  subjects: readonly Subject[],
  expectations: readonly SourceExpectation[],
  nowMs: number,
): Verdict[] {
  return subjects
    .filter(({ source }) => source.signal === 'traces')
    .map(({ source, marks }) =>
      checkSampling({ source, tallies: marks }, expectationFor(expectations, source), nowMs),
    );
}

function judgeSubject(
  { source, tallies }: Subject,
  of: {
    expectations: () => readonly SourceExpectation[];
    loss: MeasuredLoss | null;
    inconsistent: ReadonlySet<string>;
    nowMs: number;
  },
): Verdict[] {
  const expectation = expectationFor(of.expectations(), source);
  const inconsistent = of.inconsistent.has(serviceKey(source));
  const limits = expectation?.limits.completeness ?? COMPLETENESS_LIMITS;
  const orphans =
    source.signal === 'traces'
      ? [estimateRemoteOrphans({ source, loss: of.loss, tallies, inconsistent }, limits, of.nowMs)]
      : [];
  const completeness = checkCompleteness({ source, estimates: orphans }, expectation, of.nowMs);
  const timeliness = checkTimeliness({ source, tallies }, expectation, of.nowMs);
  return timeliness === null ? [completeness] : [completeness, timeliness];
}
