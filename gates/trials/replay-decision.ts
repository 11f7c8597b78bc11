import type { Decision, DecisionOutcome, DecisionReason, DecisionRequest } from '../../core/decision.ts';
import type { IntentTarget } from '../../core/expectation.ts';
import type { Finding } from '../../core/finding.ts';
import { type Incident, isIncidentOpen } from '../../core/incident.ts';
import type { Ternary } from '../../core/ternary.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import { intents as intentTargets } from '../constraints/constraints.ts';
import { type DecisionBody, decide } from '../decide.ts';
import type { IntentState } from '../intent-state.ts';
import { askQuestion } from '../question.ts';
import {
  RECENT_UNKNOWN,
  type RecentActions,
  RecentDecisions,
  type TakenDecision,
} from '../recent-actions.ts';
import type { SourceRate } from '../source-rate.ts';
import { type Fill, RecordedTrust } from './recorded-trust.ts';

/** A decision of the past, as the ledger holds it. */
export interface PastDecision {
  readonly decidedAtMs: number;
  readonly request: DecisionRequest;
  readonly response: Decision;
}

export interface Replayed {
  readonly decisionId: string;
  readonly decidedAtMs: number;
  readonly service: string;
  readonly kind: string;
  readonly was: DecisionOutcome;
}

interface DecidedAgain extends Replayed {
  readonly outcome: 'same' | 'flipped';
  readonly now: DecisionOutcome;
  readonly reasons: readonly DecisionReason[];
}

/** What was recorded does not tell. */
interface Unclear extends Replayed {
  readonly outcome: 'unclear';
  readonly why: string;
}

export type Replay = DecidedAgain | Unclear;

const FILLS: readonly Fill[] = ['pass', 'unknown', 'fail'];
const TERNARY: Readonly<Record<Fill, Ternary>> = { pass: 'true', unknown: 'unknown', fail: 'false' };
const DAY_MS = 86_400_000;

/** What stands in for what a decision did not record, of each sort by itself. */
interface Fills {
  readonly trust: Fill;
  readonly intents: Fill;
  readonly rates: Fill;
}

/** What a replay never knows, by the code of the reason that says so. */
const NOT_REBUILT: Readonly<Record<string, string>> = {
  RECENT_UNKNOWN: 'what was allowed before it was not read so far back',
  MASS_EVENT_UNKNOWN: 'how many services looked unhealthy was not recorded',
  REPAIR_EFFECT_UNKNOWN: 'whether the repair before it helped was not recorded',
  USE_UNKNOWN: 'whether anybody used the service was not recorded',
};

/**
 * Why an answer tells nothing: it rests on nothing but what a replay does not know, where the decision of then did not.
 */
function notRebuilt(past: PastDecision, bodies: readonly DecisionBody[]): string | null {
  const saidThen = new Set(past.response.reasons.map(({ code }) => code));
  for (const { reasons } of bodies) {
    const blocking = reasons.filter(({ severity }) => severity === 'blocking').map(({ code }) => code);
    const unknown = blocking.filter((code) => code in NOT_REBUILT && !saidThen.has(code));
    if (unknown.length > 0 && unknown.length === blocking.length)
      return [...new Set(unknown)].map((code) => NOT_REBUILT[code]).join('; ');
  }
  return null;
}

/** By its reason, or by there being none where it was asked for; null: it was not recorded. */
function recordedIntent(
  past: PastDecision,
  intent: IntentTarget,
  before: readonly ConstraintSet[],
): Ternary | null {
  const then = intentTargets(before).find(({ constraint }) => constraint === intent.constraint);
  const isSame =
    then?.metric === intent.metric && then.comparator === intent.comparator && then.target === intent.target;
  if (!isSame) return null;
  const ofIntents = past.response.reasons.filter(({ code }) => code.startsWith('INTENT_'));
  const said = ofIntents.find(({ constraint }) => constraint === intent.constraint);
  if (said !== undefined) return said.code === 'INTENT_UNMET' ? 'false' : 'unknown';
  return askQuestion(past.request, before).stages.includes('optimisation') ? 'true' : null;
}

function intentState(intent: IntentTarget, isMet: Ternary, nowMs: number): IntentState {
  const share = isMet === 'true' ? 0 : 1;
  const isKnown = isMet !== 'unknown';
  return {
    intent,
    isMet,
    requests: isKnown ? 100_000 : null,
    wrong: isKnown ? { lower: share, upper: share } : null,
    history: {
      metSinceMs: isMet === 'true' ? nowMs - 30 * DAY_MS : null,
      missedAtMs: isMet === 'false' ? nowMs : null,
    },
  };
}

/** Rates are not recorded: all agree, none is known, or they contradict each other. */
function ratesOf(serviceName: string, fill: Fill, nowMs: number): SourceRate[] {
  if (fill === 'unknown') return [];
  return (['traces', 'metrics', 'logs'] as const).map((signal, index) => {
    const requestsPerS = fill === 'pass' ? 100 : 100 * 4 ** index;
    return { serviceName, signal, requestsPerS, requestsPerSMaxOfHour: requestsPerS, readAtMs: nowMs };
  });
}

function findingsAt(findings: readonly Finding[], timeMs: number): Finding[] {
  return findings
    .filter(
      ({ detectedAtMs, closedAtMs }) =>
        detectedAtMs <= timeMs && (closedAtMs === null || closedAtMs > timeMs),
    )
    .map((finding) => ({
      ...finding,
      state: finding.state === 'closed' ? 'confirmed' : finding.state,
      closedAtMs: null,
    }));
}

function incidentsAt(incidents: readonly Incident[], timeMs: number): Incident[] {
  return incidents.filter(
    ({ openedAtMs, closed }) => openedAtMs <= timeMs && (closed === null || closed.atMs > timeMs),
  );
}

interface Given {
  readonly before: readonly ConstraintSet[];
  readonly after: readonly ConstraintSet[];
  readonly findings: readonly Finding[];
  /** What people opened, open or closed by now; left out: nothing. */
  readonly incidents?: readonly Incident[];
  /** What was allowed before it, as far as that was read. */
  readonly recent?: RecentActions;
}

function answer(
  past: PastDecision,
  sets: readonly ConstraintSet[],
  of: { fills: Fills; given: Given; missing: Set<string> },
) {
  const { fills, given, missing } = of;
  const { request, response, decidedAtMs: nowMs } = past;
  const serviceName = request.target['service'] ?? '';
  const trust = new RecordedTrust(response.data.components, { sets, serviceName, fill: fills.trust });
  const own = sets.filter(({ scope }) => scope.service === serviceName);
  const intents = intentTargets(own).map((intent) => {
    const recorded = recordedIntent(past, intent, given.before);
    if (recorded === null) missing.add(`whether ${intent.constraint} was met was not recorded`);
    return intentState(intent, recorded ?? TERNARY[fills.intents], nowMs);
  });
  const rates = ratesOf(serviceName, fills.rates, nowMs);
  const findings = findingsAt(given.findings, nowMs);
  const { recent = RECENT_UNKNOWN, incidents = [] } = given;
  const open = incidentsAt(incidents, nowMs);
  const incident = isIncidentOpen({ open, isComplete: true }, request.target['service'] ?? null);
  const body = decide({ request, sets, trust, intents, rates, findings, incident, recent, nowMs });
  for (const one of trust.missing) missing.add(one);
  return body;
}

/** Every way in which what was not recorded may have been; only of sorts that are missing and can matter. */
function possibleFills(past: PastDecision, given: Given): { fills: Fills[]; missing: Set<string> } {
  const missing = new Set<string>();
  const unknown: Fills = { trust: 'unknown', intents: 'unknown', rates: 'unknown' };
  for (const sets of [given.before, given.after]) answer(past, sets, { fills: unknown, given, missing });
  const own = [...given.before, ...given.after].filter(
    ({ scope }) => scope.service === past.request.target['service'],
  );
  const hasPolicies = own.some(({ policies }) => policies.length > 0);
  if (hasPolicies) missing.add('rates were not recorded');
  const isIntent = (one: string) => one.startsWith('whether ');
  const isRate = (one: string) => one.startsWith('rates ');
  const every = (isMissing: boolean) => (isMissing ? FILLS : FILLS.slice(1, 2));
  const all = [...missing];
  const fills = every(all.some((one) => !isIntent(one) && !isRate(one))).flatMap((trust) =>
    every(all.some(isIntent)).flatMap((intents) =>
      every(hasPolicies).map((rates) => ({ trust, intents, rates })),
    ),
  );
  return { fills, missing };
}

/**
 * What the other sets would have said to a question of the past. What was not recorded is tried good, unknown and bad,
 * as far as the sets of then, where they are at hand, would have decided as they did. Where the answers differ it
 * cannot be told, and that is said.
 */
export function replayDecision(past: PastDecision, given: Given): Replay {
  const { request, response, decidedAtMs } = past;
  const base: Replayed = {
    decisionId: response.decisionId,
    decidedAtMs,
    service: request.target['service'] ?? '',
    kind: request.action.kind,
    was: response.decision,
  };
  const unclear = (why: string): Replay => ({ ...base, outcome: 'unclear', why });
  const { fills, missing } = possibleFills(past, given);
  const under = (sets: readonly ConstraintSet[], one: Fills) =>
    answer(past, sets, { fills: one, given, missing });
  const rebuilt = fills.map((one) => under(given.before, one));
  const isOfThen = rebuilt[0]?.constraintSet === response.constraintSet;
  const unknownThen = isOfThen ? notRebuilt(past, rebuilt) : null;
  if (unknownThen !== null) return unclear(unknownThen);
  const fitting = fills.filter((_one, index) => !isOfThen || rebuilt[index]?.decision === response.decision);
  if (fitting.length === 0) {
    return unclear(
      `what was recorded gives ${rebuilt[0]?.decision} under the constraints of then, and ${response.decision} was decided: something it rested on was not recorded`,
    );
  }
  const bodies = fitting.map((one) => under(given.after, one));
  const unknownNow = notRebuilt(past, bodies);
  if (unknownNow !== null) return unclear(unknownNow);
  const [first] = bodies as [DecisionBody, ...DecisionBody[]];
  if (bodies.some(({ decision }) => decision !== first.decision)) return unclear([...missing].join('; '));
  const now = first.decision;
  return { ...base, outcome: now === response.decision ? 'same' : 'flipped', now, reasons: first.reasons };
}

/** What was decided before the first of them, and since when all of it is known. */
export interface Earlier {
  readonly decisions: readonly PastDecision[];
  readonly sinceMs: number;
}

function takenOf({ decidedAtMs, request, response }: PastDecision): TakenDecision {
  return { decisionId: response.decisionId, decidedAtMs, decision: response.decision, request };
}

export interface ReplayReport {
  readonly decisions: number;
  readonly same: number;
  readonly flipped: readonly DecidedAgain[];
  readonly unclear: readonly Unclear[];
}

/**
 * In the order in which they were made, each after what was decided before it. Waits for the next turn now and then: questions of now are answered by the same thread.
 */
export async function replayDecisions(
  pasts: readonly PastDecision[],
  given: Given & { readonly earlier?: Earlier },
): Promise<ReplayReport> {
  const replays: Replay[] = [];
  const recent = new RecentDecisions();
  const inOrder = pasts.toSorted((left, right) => left.decidedAtMs - right.decidedAtMs);
  const { decisions: earlier, sinceMs } = given.earlier ?? {
    decisions: [],
    sinceMs: inOrder[0]?.decidedAtMs ?? 0,
  };
  for (const before of earlier.toSorted((left, right) => left.decidedAtMs - right.decidedAtMs))
    recent.take(takenOf(before));
  for (const past of inOrder) {
    recent.markRead({ sinceMs, nowMs: past.decidedAtMs });
    replays.push(replayDecision(past, { ...given, recent }));
    recent.take(takenOf(past));
    if (replays.length % 10 === 0) await new Promise((resume) => setImmediate(resume));
  }
  return {
    decisions: replays.length,
    same: replays.filter(({ outcome }) => outcome === 'same').length,
    flipped: replays.filter((one): one is DecidedAgain => one.outcome === 'flipped'),
    unclear: replays.filter((one) => one.outcome === 'unclear'),
  };
}
