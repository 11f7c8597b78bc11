import type { IntentTarget, StabilisedBadRule } from '../core/expectation.ts';
import type { Finding, FindingState } from '../core/finding.ts';
import type { Interval } from '../core/interval.ts';
import type { ServiceStep } from '../core/service-step.ts';
import { rfc3339 } from '../core/time.ts';
import {
  AGREE_RATIO,
  areWeightsKnown,
  countSteps,
  findOnset,
  hasData,
  isBad,
  isMet,
  STEPS_MIN,
  withKnownWeights,
} from './find-onset.ts';
import { foldSteps } from './fold-steps.ts';
import { type GoodReference, goodReference } from './good-reference.ts';
import { isSettled } from './is-settled.ts';
import { falseAlarmRatio, type JudgedStep, judgeStep } from './judge-step.ts';
import { meanInterval } from './statistics/mean-interval.ts';
import { describeState, tellState } from './tell-stabilised-bad-state.ts';

/** A step counts once its requests had time to arrive: an export at the SDKs' default, and the way into the table. */
const GRACE_MS = 10_000;

export interface StabilisedBadInput {
  /** One service over time, in any steps that divide those of `stepMsOf`; the longer before the onset the better. */
  readonly series: readonly ServiceStep[];
  readonly intent: IntentTarget;
  readonly rule: StabilisedBadRule;
  readonly nowMs: number;
  /** What was said last about this service and intent. */
  readonly previous: Finding | null;
}

/** Length of a step: a twelfth of the duration, in whole tens of seconds, 10 s to 60 s. */
export function stepMsOf(rule: StabilisedBadRule): number {
  const tenth = Math.floor(rule.outsideIntentForMs / 12 / 10_000) * 10_000;
  return Math.min(60_000, Math.max(10_000, tenth));
}

/**
 * Has a service settled in a state outside its intent? Judged step by step (`judgeStep`: violated beyond doubt, exact
 * test at 1 %):
 * - *bad*: at least 80 % of the steps with enough requests, and at least six, are violated;
 * - *stationary*: the effect no longer changes (`isSettled`);
 * - *load back*: at least 80 % of these steps have a load at which the service was good before.
 * `suspect` from six steps on, `confirmed` once all three hold over the rule's duration, and then until the intent
 * is met again in 80 % of the steps of as long a duration: `closed`. Steps without data say nothing: below 80 % of
 * them an open finding is `cannot-say` and stays open. Without any good step before, it stays `suspect`
 * (NO_GOOD_REFERENCE): bad from birth is a wrong intent as often as a bad service.
 *
 * Requests are adjusted counts. Steps in which more than 1 % of the spans have an unknown weight are judged by their
 * spans as received, which a sampler that keeps errors more often makes look worse than the service is: they can raise
 * and close a suspicion (WEIGHTS_UNKNOWN), but confirm nothing, and what was confirmed is not closed by them.
 *
 * One finding from onset to close: id and onset come from `previous` while it is open.
 *
 * False alarms: a service exactly at its target, the worst that is still healthy, has each step violated with at most
 * 1 %, whatever the number of requests, so six of six or five of six are reached with 6e-10 per look and intent
 * (binomial tail of 5 in 6; ten of twelve: 7e-19). Ten thousand services with four intents, looked at every 5 s,
 * raise at most 0.4 suspects a day, were all of them exactly at their targets; overlapping looks make it fewer.
 * Requests that fail together do not count: a burst that lasts for 80 % of the duration is what is looked for.
 * @returns null where there is nothing to say; a closed finding once
 * @see drift.md 3.2; Bronson et al. 2021, HotOS'21; Huang et al. 2022, OSDI'22
 */
export function detectStabilisedBadState(input: StabilisedBadInput): Finding | null {
  const view = viewOf(input);
  const open = input.previous !== null && input.previous.state !== 'closed' ? input.previous : null;
  if (open !== null) return continueFinding(view, open);
  const onset = findOnset(view.steps, view.windowSteps);
  if (onset === null) return null;
  const onsetAtMs = (view.steps[onset] as JudgedStep).startMs;
  // What was closed stays closed, also when spans that come late make its last steps look different.
  if (input.previous?.closedAtMs != null && onsetAtMs < input.previous.closedAtMs - durationMs(view))
    return null;
  const { serviceName, constraint } = input.intent;
  const id = `stabilised-bad-state:${serviceName}:${constraint}:${rfc3339(onsetAtMs)}`;
  return assess(view, { id, onsetAtMs, detectedAtMs: input.nowMs, decisions: [], wasConfirmed: false });
}

/** The series as judged steps, and what the rule asks of them. */
export interface StateView {
  readonly input: StabilisedBadInput;
  readonly steps: readonly JudgedStep[];
  readonly stepMs: number;
  readonly windowSteps: number;
  /** The last `windowSteps` of the grid, fewer while the series is younger than that. */
  readonly tail: readonly JudgedStep[];
}

function viewOf(input: StabilisedBadInput): StateView {
  const stepMs = stepMsOf(input.rule);
  const endMs = Math.floor((input.nowMs - GRACE_MS) / stepMs) * stepMs;
  const steps = foldSteps(input.series, { stepMs, endMs }).map((step) => judgeStep(step, input.intent));
  const windowSteps = Math.max(STEPS_MIN, Math.round(input.rule.outsideIntentForMs / stepMs));
  const tail = steps.slice(-windowSteps);
  return { input, steps, stepMs, windowSteps, tail };
}

function durationMs({ windowSteps, stepMs }: StateView): number {
  return windowSteps * stepMs;
}

function continueFinding(view: StateView, open: Finding): Finding {
  const { nowMs } = view.input;
  const cannotSay: Finding = {
    ...open,
    state: 'cannot-say',
    reasons: tellState(view, { state: 'cannot-say' }),
  };
  if (!hasData(view.tail)) return cannotSay;
  const wasConfirmed = open.state === 'confirmed' || open.evidence['confirmedAt'] != null;
  // A share of requests was out of bounds; a share of spans as received does not say that it no longer is.
  if (wasConfirmed && !areWeightsKnown(view.tail)) return cannotSay;
  if (view.tail.length === view.windowSteps && isMet(view.tail)) {
    return { ...open, state: 'closed', closedAtMs: nowMs, reasons: tellState(view, { state: 'closed' }) };
  }
  return assess(view, {
    id: open.id,
    onsetAtMs: open.onsetAtMs,
    detectedAtMs: open.detectedAtMs,
    decisions: open.decisions,
    wasConfirmed,
    previous: open,
  });
}

/** What the state looks like now; the reasons and evidence are told from this. */
export interface Assessment {
  readonly state: FindingState;
  readonly load?: GoodReference;
  readonly settled?: { readonly holds: boolean; readonly slopePerHour: Interval | null };
  /** Outside the intent for the rule's duration, counted from the onset. */
  readonly isLongEnough?: boolean;
  /** In most of the steps that count, without large gaps. */
  readonly isBadNow?: boolean;
}

function assess(
  view: StateView,
  of: {
    id: string;
    onsetAtMs: number;
    detectedAtMs: number;
    decisions: readonly string[];
    wasConfirmed: boolean;
    previous?: Finding;
  },
): Finding {
  const usable = view.tail.filter((step) => step.state !== 'too-few' && step.startMs >= of.onsetAtMs);
  const before = view.steps.filter((step) => step.state !== 'too-few' && step.startMs < of.onsetAtMs);
  const load = goodReference(before, usable, view.stepMs);
  const settled = isSettled(usable, view.input);
  const endMs = (view.tail.at(-1) as JudgedStep).startMs + view.stepMs;
  const isLongEnough = endMs - of.onsetAtMs >= durationMs(view);
  const isBadNow = hasData(view.tail) && isBad(countSteps(view.tail));
  const isBadByWeights = areWeightsKnown(view.tail) && isBad(countSteps(withKnownWeights(view.tail)));
  const holds =
    isLongEnough && isBadNow && isBadByWeights && settled.holds && load.knownLoadRatio >= AGREE_RATIO;
  const isConfirmed = of.wasConfirmed || holds;
  const assessment: Assessment = {
    state: isConfirmed ? 'confirmed' : 'suspect',
    load,
    settled,
    isLongEnough,
    isBadNow,
  };
  const run = countSteps(withKnownWeights(view.steps.filter((step) => step.startMs >= of.onsetAtMs)));
  return {
    id: of.id,
    kind: 'stabilised-bad-state',
    subject: view.input.intent.serviceName,
    culprit: null,
    state: assessment.state,
    onsetAtMs: of.onsetAtMs,
    detectedAtMs: of.detectedAtMs,
    closedAtMs: null,
    effect: effectOf(view, { usable, load, previous: of.previous }),
    // That the intent is violated, not why; requests that depend on each other are why it is never quite 1. By spans
    // whose weights are unknown it is not known how sure: 0.
    confidence: Math.min(0.999, 1 - falseAlarmRatio(run.violated, run.usable)),
    reasons: tellState(view, assessment),
    evidence: {
      ...describeState(view, assessment),
      confirmedAt: of.previous?.evidence['confirmedAt'] ?? (isConfirmed ? rfc3339(view.input.nowMs) : null),
    },
    decisions: of.decisions,
  };
}

/** The metric now over the metric then at equal load; over the target where then is not known. */
function effectOf(
  { input }: StateView,
  of: { usable: readonly JudgedStep[]; load: GoodReference; previous: Finding | undefined },
): Finding['effect'] {
  const atEqualLoad = of.load.values.some((value) => value !== null && value > 0);
  const ratios = of.usable.flatMap((step, i) => {
    const then = atEqualLoad ? of.load.values[i] : input.intent.target;
    return then != null && then > 0 ? [step.value / then] : [];
  });
  if (ratios.length === 0) {
    return (
      of.previous?.effect ?? { metric: input.intent.metric, ratio: NaN, lower: NaN, upper: NaN, atEqualLoad }
    );
  }
  const { estimate, lower, upper } = meanInterval(ratios);
  return { metric: input.intent.metric, ratio: estimate, lower: Math.max(0, lower), upper, atEqualLoad };
}
