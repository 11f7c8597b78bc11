import type { SourceExpectation } from '../core/expectation.ts';
import type { Signal } from '../core/signal.ts';
import type { Source } from '../core/source.ts';
import type { Estimator, Limits, Reason, Verdict } from '../core/verdict.ts';
import { buildEstimator, buildVerdict } from './build-verdict.ts';
import { type CombinedLoss, combineLosses } from './combine-losses.ts';
import type { LossEstimate } from './loss-estimate.ts';
import { percent } from './percent.ts';
import { SLOW_MS } from './windows.ts';

/** Lost share of records. */
export const COMPLETENESS_LIMITS: Limits = { warn: 0.01, fail: 0.05 };

/**
 * Which share of this source's records never arrived? Every estimator that can say something about it says it, and
 * `combineLosses` makes one verdict of them. The verdict carries the numbers of the estimator that decided; all others,
 * those that do not count here and why, who is to blame, and example traces stand in its evidence.
 * @param input.estimates of this source, at most one of each estimator
 */
export function checkCompleteness(
  input: { readonly source: Source; readonly estimates: readonly LossEstimate[] },
  expectation: SourceExpectation | null,
  nowMs: number,
): Verdict {
  const { source, estimates } = input;
  const limits = expectation?.limits.completeness ?? COMPLETENESS_LIMITS;
  const combined = combineLosses(estimates, limits);
  const decisive = combined.decisive?.decisive ?? null;
  const window = decisive ?? { startMs: nowMs - SLOW_MS, endMs: nowMs };
  return buildVerdict(
    {
      source,
      dimension: 'completeness',
      unit: 'ratio',
      limits,
      outcome: combined.outcome,
      interval: decisive?.interval ?? null,
      n: decisive?.n ?? 0,
      window: { startMs: window.startMs, endMs: window.endMs },
      reasons: tell(combined, source.signal, limits),
      estimators: estimates.flatMap(entriesOf),
      evidence: describe(combined, estimates),
    },
    nowMs,
  );
}

function entriesOf({ id, kind, fast, slow }: LossEstimate): Estimator[] {
  const entry = (name: string, { n, interval }: LossEstimate['fast']) =>
    n === 0 && interval === null ? [] : [buildEstimator(`${id}:${name}`, kind, n, interval)];
  return [...entry('fast', fast), ...entry('slow', slow)];
}

function tell(combined: CombinedLoss, signal: Signal, limits: Limits): Reason[] {
  const { outcome, decisive, disagreement, vetoed } = combined;
  const own = decisive?.estimate.reasons ?? [];
  if (outcome === 'pass') return [...own];
  if (decisive === null || (outcome === 'unknown' && decisive.decisive.interval === null)) {
    const said = [...own, ...vetoed.flatMap(({ veto }) => (veto === null ? [] : [veto]))];
    return said.length > 0 ? said : [nothingKnown(signal)];
  }
  const said = own.length > 0 ? [...own] : [tellNumbers(combined, signal, limits)];
  const blame = decisive.estimate.blame;
  if (outcome === 'fail' && own.length === 0 && blame !== null)
    said.push({ code: 'BLAME', text: blame.text });
  return disagreement === null ? said : [disagreement, ...said];
}

function tellNumbers({ outcome, decisive }: CombinedLoss, signal: Signal, limits: Limits): Reason {
  const interval = decisive?.decisive.interval;
  const [id, n] = [decisive?.estimate.id, decisive?.decisive.n];
  const [low, high] = [percent(interval?.lower ?? 0), percent(interval?.upper ?? 1)];
  return outcome === 'fail'
    ? {
        code: 'LOSS_ABOVE_LIMIT',
        text: `At least ${low} of the ${signal} were lost (limit ${percent(limits.fail)}), by ${id} from ${n} records.`,
      }
    : {
        code: 'LOSS_UNDECIDED',
        text: `The lost share lies between ${low} and ${high}, by ${id} from ${n} records; to pass it must be shown to be at most ${percent(limits.warn)}.`,
      };
}

/** What would make it knowable, for a person who asks why it is not. */
function nothingKnown(signal: Signal): Reason {
  const ways = {
    traces:
      "let services pass their trace context on, switch the SDK's own metrics on (OTEL_NODE_EXPERIMENTAL_SDK_METRICS), or number the spans with plumbline/beacon",
    logs: "switch the SDK's own metrics on, which count what it made and exported",
    metrics: 'a source becomes judgeable once it has reported at a steady interval for a few minutes',
  } as const;
  return {
    code: 'NO_ESTIMATOR',
    text: `Nothing yet tells how many ${signal} of this source are missing: ${ways[signal]}.`,
  };
}

function describe(combined: CombinedLoss, estimates: readonly LossEstimate[]): Record<string, unknown> {
  const { decisive, vetoed, counted, disagreement, isIndependent, outcome } = combined;
  const blamed = counted.filter(({ estimate }) => estimate.blame !== null);
  return {
    decidedBy: decisive?.estimate.id ?? null,
    ...(outcome === 'pass' ? { restsOnIndependentKinds: isIndependent } : {}),
    ...(disagreement === null ? {} : { disagreement: disagreement.text }),
    blame: blamed.map(({ estimate }) => ({ estimator: estimate.id, ...estimate.blame })),
    notCounted: vetoed.map(({ id, veto }) => ({ estimator: id, ...veto })),
    exampleTraceIds: decisive?.estimate.exampleTraceIds ?? [],
    estimators: Object.fromEntries(
      estimates
        .map(({ id, evidence }) => [id, evidence])
        .filter(([, evidence]) => Object.keys(evidence as object).length > 0),
    ),
  };
}
