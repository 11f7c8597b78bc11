import { rfc3339 } from '../core/time.ts';
import type { Reason } from '../core/verdict.ts';
import { AGREE_RATIO, areWeightsKnown, countSteps, hasData } from './find-onset.ts';
import { falseAlarmRatio, type JudgedStep, STEP_ALPHA } from './judge-step.ts';
import type { Assessment, StateView } from './stabilised-bad-state.ts';

/** Steps shown in the evidence: enough for a picture, not the whole history in every row. */
const STEPS_SHOWN = 24;

/** Why the finding is in its state: what holds, then what does not yet. */
export function tellState(view: StateView, assessment: Assessment): Reason[] {
  if (assessment.state === 'cannot-say') return [hasData(view.tail) ? tellNotClosed(view) : tellNoData(view)];
  if (assessment.state === 'closed') return [tellMet(view)];
  return [
    tellViolated(view, assessment),
    ...(areWeightsKnown(view.tail) ? [] : [tellUnknownWeights(view)]),
    ...(assessment.isLongEnough ? [] : [tellTooShort(view)]),
    tellSettled(view, assessment),
    tellLoad(assessment, view),
  ];
}

function tellNoData(view: StateView): Reason {
  const { usable } = countSteps(view.tail);
  const text = `Only ${usable} of the last ${view.tail.length} steps of ${seconds(view)} have spans that tell as much as the 10 requests a step needs; whether the state goes on cannot be said, so it stays open.`;
  return { code: 'NO_DATA', text };
}

function tellMet(view: StateView): Reason {
  const { usable, violated } = countSteps(view.tail);
  const text = `${intentText(view)} was not violated in ${usable - violated} of the last ${usable} steps of ${seconds(view)}, ${countsText(view)}.`;
  return { code: 'INTENT_MET_AGAIN', text };
}

function tellViolated(view: StateView, { isLongEnough, isBadNow }: Assessment): Reason {
  const { usable, violated } = countSteps(view.tail);
  const { why } = view.input.intent;
  const verb = areWeightsKnown(view.tail) ? 'was violated beyond doubt' : 'looks violated';
  const text = `${intentText(view)}${why === '' ? '' : ` (${why})`} ${verb} in ${violated} of the last ${usable} steps of ${seconds(view)}, ${countsText(view)}.`;
  return {
    code: isLongEnough === true && isBadNow !== true ? 'INTENT_PARTLY_VIOLATED' : 'INTENT_VIOLATED',
    text,
  };
}

const UNKNOWN_WEIGHTS_REMEDY =
  'Use a consistent sampler, which writes `ot=th:` into the tracestate; if nothing samples this service, declare it: `expect: { sampling: { declared: none } }` of its traces.';

function tellUnknownWeights(view: StateView): Reason {
  const text = `Of ${percent(unknownRatioOf(view.tail))} of the spans nobody knows how many requests each stands for, so shares are of spans as received, and it stays suspected: where errors or slow requests are kept more often than others, their share looks higher than it is. ${UNKNOWN_WEIGHTS_REMEDY}`;
  return { code: 'WEIGHTS_UNKNOWN', text };
}

function tellNotClosed(view: StateView): Reason {
  const text = `Of ${percent(unknownRatioOf(view.tail))} of the spans nobody knows any more how many requests each stands for; whether the state goes on cannot be said, so it stays open. ${UNKNOWN_WEIGHTS_REMEDY}`;
  return { code: 'WEIGHTS_UNKNOWN', text };
}

/** What the shares rest on: requests, and the spans they were seen through; never spans as requests. */
function countsText({ tail }: StateView): string {
  const unknown = percent(unknownRatioOf(tail));
  if (!areWeightsKnown(tail)) {
    return `by ${sumOf(tail, (step) => step.spans)} spans as received: of how many requests is unknown, as ${unknown} of the spans have no weight`;
  }
  const counted = tail.filter((step) => step.requests !== null);
  const spans = sumOf(counted, (step) => step.spans);
  const requests = Math.round(sumOf(counted, (step) => step.requests ?? 0));
  if (unknownRatioOf(tail) > 0) {
    return `over about ${requests} requests, seen through ${spans} spans; ${unknown} of the spans have no weight and are in no count`;
  }
  return requests === spans
    ? `over ${requests} requests`
    : `over about ${requests} requests, seen through ${spans} spans`;
}

function unknownRatioOf(steps: readonly JudgedStep[]): number {
  const spans = sumOf(steps, (step) => step.spans);
  return spans === 0 ? 0 : sumOf(steps, (step) => step.unknownRatio * step.spans) / spans;
}

function sumOf(steps: readonly JudgedStep[], of: (step: JudgedStep) => number): number {
  return steps.reduce((sum, step) => sum + of(step), 0);
}

function tellTooShort(view: StateView): Reason {
  const minutes = (view.windowSteps * view.stepMs) / 60_000;
  return { code: 'NOT_YET_LONG', text: `It counts as settled after ${minutes} min outside the intent.` };
}

function tellSettled({ input }: StateView, { settled }: Assessment): Reason {
  const slope = settled?.slopePerHour ?? null;
  if (slope === null)
    return { code: 'STILL_CHANGING', text: 'Too few steps to see whether it still changes.' };
  const range = `${percent(slope.lower)} to ${percent(slope.upper)} an hour`;
  return settled?.holds === true
    ? { code: 'STATIONARY', text: `It has settled: its trend is ${range}.` }
    : {
        code: 'STILL_CHANGING',
        text: `It may still change: ${range}, the rule says ${percent(input.rule.changeRatioPerHour)}.`,
      };
}

function tellLoad({ load }: Assessment, view: StateView): Reason {
  if (!areWeightsKnown(view.tail)) {
    const text =
      'How much load these spans stand for is unknown, so it cannot be compared with the load before.';
    return { code: 'LOAD_UNKNOWN', text };
  }
  if (load === undefined || load.goodStepCount === 0) {
    const text =
      'The service was not seen within its intent before, at any load; see whether the intent is right.';
    return { code: 'NO_GOOD_REFERENCE', text };
  }
  const share = `${percent(load.knownLoadRatio)} of these steps have a load at which it was good before`;
  return load.knownLoadRatio >= AGREE_RATIO
    ? { code: 'LOAD_BACK', text: `${share}: the load is not the reason any more.` }
    : { code: 'LOAD_NOT_COMPARABLE', text: `Only ${share}; it may be the load itself.` };
}

/** The numbers behind the reasons, for people and for later looks. */
export function describeState(view: StateView, assessment: Assessment): Record<string, unknown> {
  const { intent, rule } = view.input;
  const { usable, violated } = countSteps(view.tail);
  return {
    intent: { ...intent },
    outsideIntentForMs: rule.outsideIntentForMs,
    stepMs: view.stepMs,
    stepAlpha: STEP_ALPHA,
    usableSteps: usable,
    violatedSteps: violated,
    falseAlarmRatio: falseAlarmRatio(violated, usable),
    slopePerHour: assessment.settled?.slopePerHour ?? null,
    knownLoadRatio: assessment.load?.knownLoadRatio ?? 0,
    goodStepsBefore: assessment.load?.goodStepCount ?? 0,
    /** Share of the spans of the last steps whose weight is unknown. */
    unknownWeightRatio: unknownRatioOf(view.tail),
    steps: view.steps.slice(-STEPS_SHOWN).map(describeStep),
    closesWhen: `${intentText(view)} is not violated in ${percent(AGREE_RATIO)} of ${view.windowSteps} steps of ${seconds(view)}`,
  };
}

function describeStep({ startMs, requests, badRatio, value, state, spans, unknownRatio }: JudgedStep) {
  const adjusted = requests === null ? null : Math.round(requests);
  return { start: rfc3339(startMs), requests: adjusted, spans, unknownRatio, badRatio, value, state };
}

function intentText({ input }: StateView): string {
  const { metric, comparator, target, constraint } = input.intent;
  return `${metric} ${comparator} ${target} (${constraint})`;
}

function seconds({ stepMs }: StateView): string {
  return `${stepMs / 1_000} s`;
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(2))} %`;
}
