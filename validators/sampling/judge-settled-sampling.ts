import type { AlignedWindow, CountingUnit } from '../../core/sampling/aligned-window.ts';
import type { SamplingPurpose } from '../../core/sampling/sampling-purpose.ts';
import {
  DURATION_BOUNDS_MS,
  type MentionWindow,
  type SamplingEdgeWindow,
  type SamplingWindow,
  type TraceIdWindow,
} from '../../core/sampling/sampling-window.ts';
import type { ClassOptions } from './check-classes.ts';
import { checkSource, type SourceChecks } from './check-source.ts';
import { combineSampling, type SamplingVerdict } from './combine-sampling.ts';
import { diagnose, type SamplingDiagnosis } from './diagnose.ts';
import { sumPopulation } from './population.ts';
import type { SpanSide } from './reach-traces.ts';
import type { SamplingCheck, SamplingPolicy } from './sampling-check.ts';

/** The independent counter of a service, as far as it tells windows of the sampled side. */
interface IndependentCounter {
  readonly name: string;
  readonly unit: CountingUnit;
  readonly windows: readonly AlignedWindow[];
  /** By how many requests it may be off, as it was not read at the windows' borders. */
  readonly requestsInDoubt: number;
}

export interface SettledSamplingInput {
  readonly windows: readonly SamplingWindow[];
  readonly traceIds: readonly TraceIdWindow[];
  readonly edges: readonly SamplingEdgeWindow[];
  /** As `SourceWindows` has them. */
  readonly mentions: readonly MentionWindow[];
  /** Of log records: the spans of their service; null of spans. */
  readonly spans: SpanSide | null;
  readonly counter: IndependentCounter | null;
  /** The best one that tells errors or durations, where `counter` does not: the SDK's own count of spans never does. */
  readonly classCounter: IndependentCounter | null;
  /** Counters that are none, and why. */
  readonly notCounting: readonly { readonly counter: string; readonly code: string; readonly text: string }[];
  /** Of this service and those it shares traces with. */
  readonly weightMax: number;
  readonly window: { readonly startMs: number; readonly endMs: number };
}

/** What ten minutes of settled windows say about one service's sampling. */
export interface SettledSampling {
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly checks: SourceChecks;
  readonly purposes: Readonly<Record<SamplingPurpose, SamplingVerdict>>;
  readonly diagnoses: readonly SamplingDiagnosis[];
  readonly counter: string | null;
  /** Deviation of counts that nobody is blamed for. */
  readonly tolerance: number;
  readonly notCounting: SettledSamplingInput['notCounting'];
}

/** Slow are at most so many: of a class that is half of everything no bias can be told. */
const SLOW_SHARE_MAX = 0.1;
const SLOW_MS = 500;

/**
 * All checks of one service over its settled windows, held against the counter that was found.
 * A counter of *requests* does not count the jobs that a process starts by itself, so more local roots than requests
 * contradict nothing: then the counts are unverifiable, not wrong. A counter of *spans* is not held against local roots.
 */
export function judgeSettledSampling(input: SettledSamplingInput, policy: SamplingPolicy): SettledSampling {
  const { counter, windows, traceIds, edges, mentions, spans, weightMax } = input;
  const usable = counter === null || counter.unit === 'spans' ? null : counter;
  const populations = usable?.windows ?? [];
  const classPopulations = (input.classCounter ?? usable)?.windows ?? [];
  const requestsInDoubt = usable?.requestsInDoubt ?? 0;
  const options = {
    slowMs: slowBound(sumPopulation(classPopulations)?.byDuration ?? null),
    isSamePopulation: true,
  };
  const judged = checkSource(
    {
      windows,
      traceIds,
      edges,
      mentions,
      ...(spans === null ? {} : { spans }),
      populations,
      classPopulations,
      requestsInDoubt,
      weightMax,
    },
    options,
    policy,
  );
  const checks = usable?.unit === 'requests' ? { ...judged, c3: withoutJobs(judged.c3) } : judged;
  return {
    window: input.window,
    checks,
    purposes: combineSampling(checks, policy),
    diagnoses: diagnose(checks),
    counter: usable?.name ?? null,
    tolerance: policy.tolerance,
    notCounting: input.notCounting,
  };
}

function withoutJobs(c3: SamplingCheck): SamplingCheck {
  if (c3.code !== 'COUNTS_TOO_HIGH') return c3;
  return { ...c3, outcome: 'unverifiable', code: 'ROOTS_BEYOND_REQUESTS' };
}

/** The lowest bound that at most a tenth of the requests take longer than. */
function slowBound(byDuration: readonly number[] | null): ClassOptions['slowMs'] {
  if (byDuration === null) return SLOW_MS;
  const all = byDuration.reduce((sum, count) => sum + count, 0);
  const above = (bound: number) => byDuration.slice(bound + 1).reduce((sum, count) => sum + count, 0);
  const bound = DURATION_BOUNDS_MS.findIndex((_, i) => above(i) <= SLOW_SHARE_MAX * all);
  return DURATION_BOUNDS_MS[bound] ?? SLOW_MS;
}
