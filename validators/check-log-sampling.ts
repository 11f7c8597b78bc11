import type { SourceExpectation } from '../core/expectation.ts';
import type { Source } from '../core/source.ts';
import type { Verdict } from '../core/verdict.ts';
import { buildEstimator, buildVerdict } from './build-verdict.ts';
import { SAMPLING_LIMITS } from './check-sampling.ts';
import type { SettledSampling } from './sampling/judge-settled-sampling.ts';
import { describeSettled, whileFresh, wrongCounts } from './sampling/settled-verdict.ts';

/**
 * The sampling of a service's log records, by their settled windows alone: PASS where the marks hold together and nearly
 * every record has one (c1, c9), FAIL where they contradict themselves or counts are shown to be wrong (c3, c5, c6, c8).
 * The estimate is the share of contradictory marks, or how far counts are off. Null until a minute is settled, and of
 * records that say nothing of any sampling, unless people expect something of it.
 */
export function checkLogSampling(
  input: { readonly source: Source; readonly settled: SettledSampling | null },
  expectation: SourceExpectation | null,
  nowMs: number,
): Verdict | null {
  const settled = whileFresh(input.settled, nowMs);
  if (settled === null) return null;
  const { c1, c9 } = settled.checks;
  if (c9.estimate === 1 && expectation?.limits.sampling === undefined) return null;
  const interval =
    c1.estimate === null || c1.lower === null || c1.upper === null
      ? null
      : { estimate: c1.estimate, lower: c1.lower, upper: c1.upper };
  const contradicts = c1.outcome === 'fail';
  const byCounts = contradicts ? null : wrongCounts(settled);
  const passed = c1.outcome === 'pass' && c9.outcome === 'pass';
  const byMarks = {
    limits: expectation?.limits.sampling ?? SAMPLING_LIMITS,
    outcome: contradicts ? ('fail' as const) : passed ? ('pass' as const) : ('unknown' as const),
    interval,
    n: c1.n,
    window: settled.window,
    reasons: settled.purposes[contradicts ? 'trace-shape' : 'counts'].reasons,
  };
  return buildVerdict(
    {
      source: input.source,
      dimension: 'sampling',
      unit: 'ratio',
      ...(byCounts ?? (passed ? { ...byMarks, reasons: [] } : byMarks)),
      estimators: [buildEstimator('consistency-10m', 'direct', c1.n, interval)],
      evidence: { decidedBy: byCounts === null ? 'marks' : 'counts', ...describeSettled(settled) },
    },
    nowMs,
  );
}
