import type { SamplingPurpose } from '../../core/sampling/sampling-purpose.ts';
import type { Reason } from '../../core/verdict.ts';
import type { SourceChecks } from './check-source.ts';
import { diagnose } from './diagnose.ts';
import type { CheckId, SamplingOutcome, SamplingPolicy } from './sampling-check.ts';

export interface SamplingVerdict {
  readonly purpose: SamplingPurpose;
  /** insufficient and unverifiable are both unknown to a gate, each with codes of its own. */
  readonly outcome: Exclude<SamplingOutcome, 'not-applicable'>;
  readonly reasons: readonly Reason[];
}

/**
 * What one source's sampling is good for (sampling.md section 7): counts need c3, c5 and the weights of c9; the shape of
 * traces needs c1 and c4; that errors exist needs only that c5 did not lose them. c2 and c7 open no gate: they cannot see
 * a loss that does not depend on R. c8 closes counts when it fails: an average of two rates is right at neither time.
 * c6 closes the counts of log records that are kept for sampled traces alone. c10 opens and closes nothing.
 * c11 makes counts unverifiable when it fails: which of two weights was counted is chance.
 */
export function combineSampling(
  checks: SourceChecks,
  policy: SamplingPolicy,
): Readonly<Record<SamplingPurpose, SamplingVerdict>> {
  return {
    counts: combine('counts', checks, [
      ...outcomesOf(checks, ['c3', 'c5']),
      recordsOf(checks),
      weightsOf(checks, policy),
      driftOf(checks),
      copiesOf(checks),
    ]),
    'trace-shape': combine('trace-shape', checks, [consistencyOf(checks), shapeOf(checks)]),
    existence: combine('existence', checks, [existenceOf(checks)]),
  };
}

interface Part {
  readonly check: CheckId;
  readonly outcome: SamplingOutcome;
  readonly code: string;
}

const WORST_FIRST = ['fail', 'unverifiable', 'insufficient', 'pass'] as const;

function combine(purpose: SamplingPurpose, checks: SourceChecks, parts: readonly Part[]): SamplingVerdict {
  const outcome = WORST_FIRST.find((worst) => parts.some((part) => part.outcome === worst)) ?? 'unverifiable';
  const deciding = parts.filter((part) => part.outcome === outcome);
  const reasons = deciding.map(({ check, code }) => ({
    code: `SAMPLING_${outcome.toUpperCase()}_${code}`,
    text: sentence(purpose, outcome, check, checks),
  }));
  if (outcome !== 'fail') return { purpose, outcome, reasons };
  const causes = diagnose(checks).map(({ code, cause, lookAt }) => ({
    code,
    text: `${cause} Look at: ${lookAt.map(({ where, what }) => `${where} (${what})`).join('; ')}.`,
  }));
  return { purpose, outcome, reasons: [...reasons, ...causes] };
}

function outcomesOf(checks: SourceChecks, ids: readonly CheckId[]): Part[] {
  return ids.map((check) => {
    const { outcome, code } = checks[check];
    return { check, outcome: outcome === 'not-applicable' ? 'unverifiable' : outcome, code };
  });
}

/** Too many weights missing is no fault of the count: nobody knows it, and waiting does not help. */
function weightsOf({ c9 }: SourceChecks, { weightlessMax }: SamplingPolicy): Part {
  if (c9.outcome === 'pass') return { check: 'c9', outcome: 'pass', code: c9.code };
  const isAbsent = c9.outcome === 'fail' || (c9.lower ?? 0) > weightlessMax;
  return { check: 'c9', outcome: isAbsent ? 'unverifiable' : 'insufficient', code: c9.code };
}

function driftOf({ c8 }: SourceChecks): Part {
  return { check: 'c8', outcome: c8.outcome === 'fail' ? 'fail' : 'pass', code: c8.code };
}

/** Records of sampled traces alone stand for these, and nothing says for how many. */
function recordsOf({ c6 }: SourceChecks): Part {
  return { check: 'c6', outcome: c6.code === 'RECORDS_FOLLOW_TRACES' ? 'fail' : 'pass', code: c6.code };
}

/** Not a fault of the counts, which c3 tells; but they may come out otherwise the next time. */
function copiesOf({ c11 }: SourceChecks): Part {
  return { check: 'c11', outcome: c11.outcome === 'fail' ? 'unverifiable' : 'pass', code: c11.code };
}

function consistencyOf({ c1 }: SourceChecks): Part {
  const outcome = c1.outcome === 'not-applicable' ? 'unverifiable' : c1.outcome;
  return { check: 'c1', outcome, code: c1.code };
}

/** A service that nobody calls has no parents to lose. */
function shapeOf({ c4 }: SourceChecks): Part {
  return { check: 'c4', outcome: c4.outcome === 'not-applicable' ? 'pass' : c4.outcome, code: c4.code };
}

/** Too many errors among few spans still are errors that exist; a class that is lost may hide them. */
function existenceOf({ c5 }: SourceChecks): Part {
  const isLost = c5.outcome === 'fail' && !c5.code.endsWith('_OVER_REPRESENTED');
  return { check: 'c5', outcome: isLost ? 'fail' : 'pass', code: isLost ? c5.code : 'CLASSES_NOT_LOST' };
}

const WHAT_IT_ASKS: Readonly<Record<CheckId, string>> = {
  c1: 'no span contradicts its own threshold',
  c2: 'R is uniform above the threshold',
  c3: 'adjusted counts equal the population of an independent counter',
  c4: 'traces hold together where this service is called',
  c5: 'errors and slow spans are neither over- nor under-represented',
  c6: 'log records are kept whatever became of their traces, whose spans are here',
  c7: 'trace ids are random',
  c8: 'the effective rate is steady',
  c9: 'spans say how many they stand for',
  c10: 'traces that exemplars name are here',
  c11: 'a span that arrives twice says the same of itself',
};
const WHAT_IT_MEANS: Readonly<Record<SamplingVerdict['outcome'], string>> = {
  pass: 'shown',
  fail: 'shown to be wrong',
  insufficient: 'not shown yet: more spans will tell',
  unverifiable: 'cannot be shown: it takes weights on the spans and a counter of the population beside them',
};

function sentence(
  purpose: SamplingPurpose,
  outcome: SamplingVerdict['outcome'],
  check: CheckId,
  checks: SourceChecks,
): string {
  const { estimate, lower, upper, n, alpha } = checks[check];
  const numbers =
    estimate === null
      ? `n ${Math.round(n)}`
      : `${[estimate, ...(lower === null || upper === null ? [] : [lower, upper])].map((value) => Number(value.toPrecision(3))).join(', ')}; n ${Math.round(n)}`;
  // Two weights of one span are shown; which of them is right is not, and no more spans will tell.
  const meaning = WHAT_IT_MEANS[check === 'c11' && outcome === 'unverifiable' ? 'fail' : outcome];
  return `For ${purpose}, "${WHAT_IT_ASKS[check]}" is ${meaning} (${check}: ${numbers}; alpha ${alpha}).`;
}
