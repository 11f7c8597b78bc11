import type { Decision, DecisionOutcome, DecisionReason, DecisionRequest } from '../core/decision.ts';
import type { Finding } from '../core/finding.ts';
import { and, type Ternary } from '../core/ternary.ts';
import { rfc3339 } from '../core/time.ts';
import type { Outcome } from '../core/verdict.ts';
import { allowedLimits } from './allowed-limits.ts';
import { checkBoundaries } from './boundaries.ts';
import { checkIntents } from './check-intents.ts';
import { checkPlan } from './check-plan.ts';
import { chooseFailMode, type FailModeInForce } from './choose-fail-mode.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { contradictions } from './contradictions.ts';
import type { FleetHealth } from './fleet-health.ts';
import { fleetBudgets, fleetsOf } from './guardrails/change-budget.ts';
import { guardrailVotes } from './guardrails/guardrail-votes.ts';
import type { RepairEffects } from './guardrails/repair-effect.ts';
import { heldByFindings } from './held-by-findings.ts';
import { ageHold } from './hold-age.ts';
import { checkInputs } from './inputs/check-inputs.ts';
import type { IntentState } from './intent-state.ts';
import { checkWords } from './known-words.ts';
import { checkPolicies } from './policies/check-policies.ts';
import { askQuestion, type Question } from './question.ts';

import { RECENT_UNKNOWN, type RecentActions } from './recent-actions.ts';
import { countedState, isRequired, type RequiredData, requiredData } from './required-data.ts';
import type { SourceRate } from './source-rate.ts';
import { isApproved } from './stages/approval.ts';
import { stageVotes } from './stages/stage-votes.ts';
import type { UseProofs } from './stages/use-proof.ts';

import type { Trust } from './trust.ts';
import { NO_OBJECTION, type Vote } from './vote.ts';

/** A decision before the ledger gave it its place. */
export type DecisionBody = Omit<Decision, 'decisionId' | 'seq' | 'prevHash' | 'receipt'>;

export interface DecideInput {
  readonly request: DecisionRequest;
  /** Every set in force; which of them speak about the request is decided here. */
  readonly sets: readonly ConstraintSet[];
  readonly trust: Trust;
  /** Findings that are not closed. */
  readonly findings: readonly Finding[];
  readonly intents: readonly IntentState[];
  /** Requests as they are counted by each way of counting; what is left out is not known. */
  readonly rates?: readonly SourceRate[];
  /** What was decided lately; left out, that is unknown. */
  readonly recent?: RecentActions;
  readonly health?: FleetHealth | null;
  readonly effects?: RepairEffects | null;
  /** Whether people say that an incident is open about the target; left out: nobody is asked. */
  readonly incident?: Ternary;
  /** Who is used; null where nobody looks it up. */
  readonly use?: UseProofs | null;
  readonly nowMs: number;
}

/** An answer is about now: nobody may act on it later than this. */
const VALID_MS_MAX = 30_000;
const RETRY_S_MIN = 5;
const RETRY_S_MAX = 30;
/** A budget or a window tells when it opens; earlier there is nothing to ask for. */
const RETRY_S_MAX_KNOWN = 3_600;

const STRICTNESS: readonly DecisionOutcome[] = ['allow', 'hold', 'deny'];
const STATE: Readonly<Record<Ternary, Outcome>> = { true: 'pass', false: 'fail', unknown: 'unknown' };
const TERNARY: Readonly<Record<Outcome, Ternary>> = { pass: 'true', fail: 'false', unknown: 'unknown' };

function voteOnBoundaries(question: Question): Vote {
  const crossings = checkBoundaries(question);
  if (crossings.length === 0) return NO_OBJECTION;
  return {
    outcome: 'deny',
    reasons: crossings.map(({ reason }) => reason),
    wouldAllowIf: crossings.map(({ wouldAllowIf }) => wouldAllowIf),
    retryAfterS: 0,
  };
}

/** Without a service nobody can say whose boundaries apply: leaving it out must not be a way round them. */
function voteOnScope({ isUnscoped }: Question): Vote {
  if (!isUnscoped) return NO_OBJECTION;
  const reason: DecisionReason = {
    code: 'TARGET_UNSCOPED',
    text: 'The target names no service, so it cannot be said which constraint sets apply.',
    constraint: 'built-in',
    severity: 'blocking',
    since: null,
    evidence: null,
  };
  return {
    outcome: 'hold',
    reasons: [reason],
    wouldAllowIf: ['target.service is given'],
    retryAfterS: RETRY_S_MAX,
  };
}

/**
 * The data is at fault or unknown: the fail mode speaks. Proven bad data is never treated better than unknown
 * data, and is let through only where the built-in table calls the direction safe as well: a person's tolerance
 * of *unknown* is none of *false*.
 */
function voteOnData(data: readonly RequiredData[], mode: FailModeInForce): Vote {
  const state = and(data.map((part) => TERNARY[countedState(part)]));
  const isAllowed = state === 'false' ? mode.allowsFailed : mode.unknown.startsWith('allow');
  const isPending = data.every((part) => countedState(part) === 'pass' || part.isPending);
  const stopped = mode.unknown === 'deny' && !isPending ? 'deny' : 'hold';
  const outcome = state === 'true' || isAllowed ? 'allow' : stopped;
  return {
    outcome,
    reasons: data.flatMap(({ reason, tolerated }) => (reason === null || tolerated !== null ? [] : [reason])),
    wouldAllowIf: data.flatMap(({ wouldAllowIf, tolerated }) =>
      wouldAllowIf === null || tolerated !== null ? [] : [wouldAllowIf],
    ),
    retryAfterS: state === 'false' ? 15 : RETRY_S_MIN,
  };
}

function strictest(votes: readonly Vote[]): DecisionOutcome {
  let rank = 0;
  for (const { outcome } of votes) rank = Math.max(rank, STRICTNESS.indexOf(outcome));
  return STRICTNESS[rank] as DecisionOutcome;
}

/** When all that holds it may have ended. */
function retryAfter(votes: readonly Vote[]): number {
  const holds = votes.filter(({ outcome }) => outcome === 'hold').map((vote) => vote.retryAfterS);
  return Math.min(RETRY_S_MAX_KNOWN, Math.max(RETRY_S_MIN, ...holds));
}

function doubted(state: Outcome): string {
  if (state === 'pass') return 'not all that it rests on is known';
  return state === 'fail' ? 'the data is known to be bad' : 'the data is unknown';
}

function note(code: string, text: string, constraint: string): DecisionReason {
  return { code, text, constraint, severity: 'info', since: null, evidence: null };
}

/** The least of what surely arrived, over everything that has a completeness; null while any of it is unknown. */
function confidenceOf(data: readonly RequiredData[]): number | null {
  const coverages = data
    .filter(({ component }) => component.dimension === 'completeness')
    .map((part) => part.coverageLower);
  const known = coverages.filter((coverage) => coverage !== null);
  return known.length === 0 || known.length < coverages.length ? null : Math.min(...known);
}

function validUntilMs(
  outcome: DecisionOutcome,
  data: readonly RequiredData[],
  of: { nowMs: number; retryAfterS: number | null },
): number {
  if (of.retryAfterS !== null) return of.nowMs + 1_000 * of.retryAfterS;
  const rests = outcome === 'allow' ? data.filter((part) => countedState(part) === 'pass') : [];
  const endsMs = rests.map(({ tolerated, validUntilMs }) => tolerated?.untilMs ?? validUntilMs ?? of.nowMs);
  return Math.max(of.nowMs, Math.min(of.nowMs + VALID_MS_MAX, ...endsMs));
}

function setsText(sets: readonly ConstraintSet[]): string {
  return sets.length === 0
    ? 'built-in'
    : sets.map(({ metadata, origin }) => `${metadata.name}@${origin.revision}`).join('+');
}

/**
 * May this actor do this now? Boundaries first (a crossing is a deny on any data), then the data the answer
 * rests on, then findings and intent; the strictest voice decides. Pure: the live gate, a replay and the tests
 * call the same function.
 *
 * No answer is an allow while anything it rests on is missing, unknown or expired, but for actions whose fail
 * mode is an allow.
 */
export function decide(input: DecideInput): DecisionBody {
  const { request, sets, trust, findings, intents, nowMs, rates = [] } = input;
  const { recent = RECENT_UNKNOWN, use = null, incident } = input;
  const question = askQuestion(request, sets);
  const data = [
    ...requiredData(question, { trust, use, nowMs }),
    ...contradictions(question, { rates, nowMs, isRequired: (...of) => isRequired(...of, question) }),
  ];
  const mode = chooseFailMode(question);
  const state = STATE[and(data.map(({ component }) => TERNARY[component.state]))];
  const counted = STATE[and(data.map((part) => TERNARY[countedState(part)]))];
  const onData = voteOnData(data, mode);
  const onIntents = checkIntents(question, { intents, isDataTrusted: state === 'pass', mode });
  const others = [
    voteOnBoundaries(question),
    voteOnScope(question),
    checkWords(question, { trust, sets }),
    heldByFindings(question, { findings, sets }),
    checkPlan(question, recent, nowMs),
    checkInputs(question, { trust, intents, mode, nowMs }),
    ...voteOnSets(question, { ...input, recent, mode }),
    checkPolicies(question, { world: { trust, findings, intents, rates, incident, nowMs }, mode }),
  ];
  // A question that cannot mean what it says is told so first: what the data says of a misspelt service helps nobody.
  const votes = [...others.slice(0, 3), onData, onIntents, ...others.slice(3)].filter(
    (vote) => vote !== NO_OBJECTION,
  );
  const first = strictest(votes);
  const age =
    first === 'hold' && request.mode !== 'shadow'
      ? ageHold({
          held: recent.held(request),
          mode,
          isOnlyUnknown: counted === 'unknown' && strictest([...others, onIntents]) === 'allow',
          nowMs,
        })
      : null;
  const decision = age?.outcome ?? first;
  const isCapped = age?.isCapped ?? false;
  const retryAfterS = decision === 'hold' ? retryAfter(votes) : null;
  const reasons = votes.flatMap(({ outcome, reasons: said }) =>
    said.map((reason) => ({
      ...reason,
      severity: outcome === 'allow' || isCapped ? ('info' as const) : ('blocking' as const),
    })),
  );
  const isByFailMode = counted !== 'pass' || votes.some((vote) => vote.isByFailMode === true);
  const limited = allowedLimits(question, {
    capRatio: isByFailMode && decision === 'allow' ? mode.capRatio : null,
  });
  const { planGeneration } = request.action;
  const tolerated = data.flatMap((part) => (part.tolerated === null ? [] : [part.tolerated]));
  const notes = [
    ...(decision === 'allow' && state === 'pass' && !isByFailMode
      ? [note('OK', `All ${data.length} required verdicts pass.`, setsText(question.sets))]
      : []),
    ...tolerated.map(({ text, constraint }) => note('TOLERATED', text, constraint)),
    ...(decision === 'allow' && isByFailMode
      ? [note('FAIL_MODE', `Allowed although ${doubted(counted)}: ${mode.why}.`, mode.constraint)]
      : []),
    ...(age === null ? [] : [age.reason]),
    ...(request.mode === 'shadow'
      ? [note('SHADOW', 'Shadow mode: answered as if enforced, for the record only.', 'built-in')]
      : []),
  ];
  return {
    decision,
    validUntil: rfc3339(validUntilMs(decision, data, { nowMs, retryAfterS })),
    retryAfterS,
    data: { state, confidence: confidenceOf(data), components: data.map(({ component }) => component) },
    reasons: [...reasons, ...notes],
    // An allow is for this generation of the plan only: whoever acts by it compares.
    limits:
      decision === 'allow' ? { ...limited, ...(planGeneration === undefined ? {} : { planGeneration }) } : {},
    wouldAllowIf:
      decision === 'allow'
        ? []
        : votes.filter(({ outcome }) => outcome !== 'allow').flatMap((vote) => vote.wouldAllowIf),
    failMode: isByFailMode ? (isCapped ? 'allow-capped' : mode.unknown) : null,
    constraintSet: setsText([...question.sets, ...fleetsOf(question, sets)]),
  };
}

/** Guardrails and stages of every set about the action. */
function voteOnSets(
  question: Question,
  of: DecideInput & { readonly recent: RecentActions; readonly mode: FailModeInForce },
): Vote[] {
  const { recent, mode, nowMs, intents, health = null, effects = null } = of;
  const approved = isApproved(question.request, question.sets, nowMs);
  const ofFleets = fleetsOf(question, of.sets).flatMap((set) =>
    fleetBudgets({ question, set, recent, mode, nowMs }),
  );
  const ofSets = question.sets.flatMap((set) => {
    const asked = { question, set, recent, mode, nowMs };
    return [
      ...guardrailVotes(asked, { health, effects, intents, isApproved: approved }),
      ...stageVotes(asked),
    ];
  });
  return [...ofSets, ...ofFleets];
}
