import type { SourceExpectation } from '../core/expectation.ts';
import { type Interval, wilson } from '../core/interval.ts';
import type { SamplingTally } from '../core/sampling-tally.ts';
import type { Source } from '../core/source.ts';
import type { Limits, Reason, Verdict } from '../core/verdict.ts';
import { buildEstimator, buildVerdict } from './build-verdict.ts';
import { judgeWindows, type WindowEstimate } from './judge-windows.ts';
import type { SettledSampling } from './sampling/judge-settled-sampling.ts';
import { describeSettled, whileFresh, wrongCounts } from './sampling/settled-verdict.ts';
import { windowsUntil } from './windows.ts';

/**
 * Under the specification no span contradicts its own threshold, so a tenth of a percent, beyond doubt, is a
 * fault; to pass, the share must be shown to be below one percent, which takes about 400 spans without any.
 */
export const SAMPLING_LIMITS: Limits = { warn: 0.01, fail: 0.001 };
/** Spans without a weight above this share make counts of the source unusable (sampling.md, c9). */
const WEIGHTLESS_MAX = 0.01;
const SPANS_MIN = 30;
/** Code of a reason: a missing parent of such a service may never have been kept. */
export const MARKS_CONTRADICT = 'MARKS_CONTRADICT';

interface SamplingTotals {
  readonly weighted: number;
  readonly violations: number;
  readonly absent: number;
  readonly invalid: number;
  readonly exampleTraceId: string;
  readonly byThreshold: ReadonlyMap<string, number>;
}

/**
 * Do the sampling marks of this source's spans hold together? The estimate is the share of weighted spans whose
 * randomness R lies below their declared threshold T (Wilson interval): by their own marks they should not be
 * here, so their weights are wrong or the decision was not consistent. FAIL above 0.1 %, beyond doubt. PASS takes
 * an upper bound of 1 % both for these and for spans without any weight; a missing weight is unknown, never 1.
 *
 * Settled windows, where there are any, fail it too where counts are shown to be wrong (c3, c5, c8 against an
 * independent counter), and say in the evidence what the sampling is good for: counts, trace shape, existence.
 * What a decision needs of these is asked for by its constraint. Spans of one trace share R, so their contradictions
 * come together; the interval takes them as single.
 * @param input tallies of one service's spans, any instances, split in any way, of the last ten minutes
 * @see sampling.md section 5, c1 and c9
 */
export function checkSampling(
  input: {
    readonly source: Source;
    readonly tallies: readonly SamplingTally[];
    readonly settled?: SettledSampling | null;
  },
  expectation: SourceExpectation | null,
  nowMs: number,
): Verdict {
  const windows = windowsUntil(nowMs);
  const recent = input.tallies.filter((tally) => tally.receiveStartMs >= windows.slowStartMs);
  const slowTotals = fold(recent);
  const fastTotals = fold(recent.filter((tally) => tally.receiveStartMs >= windows.fastStartMs));
  const fast = estimate(fastTotals, { startMs: windows.fastStartMs, endMs: nowMs });
  const slow = estimate(slowTotals, { startMs: windows.slowStartMs, endMs: nowMs });
  const limits = expectation?.limits.sampling ?? SAMPLING_LIMITS;
  const { outcome, decisive } = judgeWindows({ fast, slow }, limits);
  const settled = whileFresh(input.settled ?? null, nowMs);
  const byCounts = outcome === 'fail' ? null : wrongCounts(settled);
  const told = tell({ totals: slowTotals, failed: outcome === 'fail', passed: outcome === 'pass', fast });
  const byMarks = {
    limits,
    outcome,
    interval: decisive.interval,
    n: decisive.n,
    window: { startMs: decisive.startMs, endMs: decisive.endMs },
    reasons: told,
  };
  return buildVerdict(
    {
      source: input.source,
      dimension: 'sampling',
      unit: 'ratio',
      ...(byCounts === null ? byMarks : { ...byCounts, reasons: [...told, ...byCounts.reasons] }),
      estimators: [
        buildEstimator('consistency-45s', 'direct', fast.n, fast.interval),
        buildEstimator('consistency-10m', 'direct', slow.n, slow.interval),
        buildEstimator('weightless-10m', 'direct', countOf(slowTotals), weightless(slowTotals)),
      ],
      evidence: {
        decidedBy: byCounts === null ? 'marks' : 'counts',
        ...describe(slowTotals),
        ...(settled === null ? {} : describeSettled(settled)),
      },
    },
    nowMs,
  );
}

function fold(tallies: readonly SamplingTally[]): SamplingTotals {
  const byThreshold = new Map<string, number>();
  let violations = 0;
  let exampleTraceId = '';
  for (const tally of tallies) {
    byThreshold.set(tally.thresholdHex, (byThreshold.get(tally.thresholdHex) ?? 0) + tally.spans);
    violations += tally.violations;
    if (tally.exampleTraceId > exampleTraceId) exampleTraceId = tally.exampleTraceId;
  }
  const all = [...byThreshold.values()].reduce((sum, spans) => sum + spans, 0);
  const absent = byThreshold.get('') ?? 0;
  const invalid = byThreshold.get('invalid') ?? 0;
  return { weighted: all - absent - invalid, violations, absent, invalid, exampleTraceId, byThreshold };
}

function estimate(totals: SamplingTotals, window: { startMs: number; endMs: number }): WindowEstimate {
  const without = weightless(totals);
  return {
    ...window,
    n: totals.weighted,
    interval: totals.weighted < SPANS_MIN ? null : wilson(totals.violations, totals.weighted),
    mayPass: without !== null && without.upper <= WEIGHTLESS_MAX,
  };
}

function countOf(totals: SamplingTotals): number {
  return totals.weighted + totals.absent + totals.invalid;
}

function weightless(totals: SamplingTotals): Interval | null {
  const n = countOf(totals);
  return n === 0 ? null : wilson(totals.absent + totals.invalid, n);
}

function tell(of: {
  totals: SamplingTotals;
  failed: boolean;
  passed: boolean;
  fast: WindowEstimate;
}): Reason[] {
  const { totals, failed, passed, fast } = of;
  const reasons: Reason[] = [];
  const say = (code: string, text: string) => reasons.push({ code, text });
  const n = countOf(totals);
  if (failed) {
    say(
      MARKS_CONTRADICT,
      `At least ${percent(fast.interval?.lower ?? 0)} of the spans carry a threshold that should have dropped them, for example trace ${totals.exampleTraceId}; their weights cannot be used. Look for a sampler or Collector stage that decides without updating th.`,
    );
  }
  if (totals.invalid > 0) {
    say(
      'WEIGHTS_INVALID',
      `${totals.invalid} of ${n} spans carry a malformed th or rv; the specification wants 1 to 14 and exactly 14 lower-case hex digits.`,
    );
  }
  if (passed) return reasons;
  if (totals.weighted === 0 && totals.absent > 0) {
    say(
      'WEIGHTS_ABSENT',
      `None of ${n} spans says how many it stands for (no th in tracestate), so counts are unknown, not 1 each; use a consistent probability sampler (composite samplers of the SDKs, or th from the Collector).`,
    );
  } else if (n > 0 && (weightless(totals)?.upper ?? 1) > WEIGHTLESS_MAX && totals.absent > 0) {
    say(
      'WEIGHTS_PARTLY_ABSENT',
      `${totals.absent} of ${n} spans carry no th; sums over this source mix known and unknown weights.`,
    );
  } else if (!failed) {
    say(
      n < SPANS_MIN ? 'TOO_FEW' : 'MARKS_UNDECIDED',
      `${totals.violations} contradictions among ${totals.weighted} weighted spans in ten minutes do not decide; about 400 without any are needed to pass.`,
    );
  }
  return reasons;
}

function percent(ratio: number): string {
  return `${(100 * ratio).toPrecision(2)} %`;
}

function describe(totals: SamplingTotals): Record<string, unknown> {
  const thresholds = [...totals.byThreshold].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return {
    weighted: totals.weighted,
    violations: totals.violations,
    exampleTraceId: totals.exampleTraceId,
    absent: totals.absent,
    invalid: totals.invalid,
    thresholdCount: totals.byThreshold.size,
    // A rate-limiting sampler may declare thousands; the commonest eight are shown.
    thresholds: thresholds.slice(0, 8).map(([thresholdHex, spans]) => ({ thresholdHex, spans })),
  };
}
