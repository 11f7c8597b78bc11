import type { DecisionOutcome, DecisionRequest } from '../core/decision.ts';
import { type ActionSize, actionSize } from './action-size.ts';
import { canonicalJson } from './canonical-json.ts';
import { type StagedKind, stagedKind } from './fail-modes.ts';
import { newerPlan, type PlanGeneration, parsePlan } from './plan-generation.ts';

/** Something that was allowed, to be enforced. */
export interface RecentAction extends StagedKind {
  readonly decisionId: string;
  readonly atMs: number;
  readonly actorId: string;
  readonly kind: string;
  readonly target: DecisionRequest['target'];
  readonly planGeneration: string | null;
  readonly size: ActionSize;
  /** What a step of a plan wants, in short: the same step, asked again, wants the same. Empty: no step, or too long. */
  readonly wants: string;
}

/** A decision as the ledger, another replica's row or this process has it. */
export interface TakenDecision {
  readonly decisionId: string;
  readonly decidedAtMs: number;
  readonly decision: DecisionOutcome;
  readonly request: DecisionRequest;
}

/** How long a question has been held, over and over. */
export interface HeldQuestion {
  readonly sinceMs: number;
  readonly lastMs: number;
  readonly times: number;
  /** Of the first hold. */
  readonly decisionId: string;
}

/** The newest plan that was allowed for a target and a kind. */
export interface AllowedPlan extends PlanGeneration {
  readonly decisionId: string;
  readonly atMs: number;
}

/** What `decide` reads of what was decided lately. */
export interface RecentActions {
  /** On a service, oldest first. */
  on(service: string): readonly RecentAction[];
  /** Whether everything that anybody was allowed on a service since then is known, of other replicas too. */
  knows(of: { service: string; sinceMs: number; nowMs: number }): boolean;
  newestPlan(request: DecisionRequest): AllowedPlan | null;
  held(request: DecisionRequest): HeldQuestion | null;
}

/** Nothing is known: what a limit over recent actions makes of it is its fail mode. */
export const RECENT_UNKNOWN: RecentActions = {
  on: () => [],
  knows: () => false,
  newestPlan: () => null,
  held: () => null,
};

/** Everything is known, and nothing happened. */
export const RECENT_NOTHING: RecentActions = { ...RECENT_UNKNOWN, knows: () => true };

export const RECENT_SPAN_MS = 86_400_000;
const ACTIONS_PER_SERVICE_MAX = 5_000;
const ACTIONS_MAX = 50_000;
const PLANS_MAX = 20_000;
const QUESTIONS_MAX = 20_000;
/** As for verdicts: other replicas of which nothing was heard for so long are unknown. */
const OTHERS_VALID_MS = 15_000;
/** A question that was not asked for so long is a new one when it comes back. */
const HELD_FORGET_MS = 900_000;
const WANTS_LENGTH_MAX = 200;

function wantsOf({ to, planGeneration }: DecisionRequest['action']): string {
  const text = to === undefined || planGeneration === undefined ? '' : JSON.stringify(to);
  return text.length > WANTS_LENGTH_MAX ? '' : text;
}

function recentAction({ decisionId, decidedAtMs, request }: TakenDecision): RecentAction {
  const kind = request.action.kind.toLowerCase();
  const { stages, names } = stagedKind(kind, request.action.stage);
  return {
    decisionId,
    atMs: decidedAtMs,
    actorId: request.actor.id,
    kind,
    stages,
    names,
    target: request.target,
    planGeneration: request.action.planGeneration ?? null,
    size: actionSize(request.action),
    wants: wantsOf(request.action),
  };
}

/** Of one request it is asked several times in a row. */
let lastTarget: { readonly target: DecisionRequest['target']; readonly text: string } | null = null;

function targetText(target: DecisionRequest['target']): string {
  if (lastTarget?.target !== target) lastTarget = { target, text: canonicalJson(target) };
  return lastTarget.text;
}

function planKey({ action, target }: DecisionRequest): string {
  return `${action.kind.toLowerCase()} ${targetText(target)}`;
}

function questionKey({ actor, action, target }: DecisionRequest): string {
  return `${actor.id} ${action.kind.toLowerCase()} ${action.planGeneration ?? ''} ${targetText(target)}`;
}

/** Forgets the oldest of a map that keeps the order in which it was written. */
function setNewest<T>(map: Map<string, T>, key: string, value: T, sizeMax: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > sizeMax) map.delete(map.keys().next().value as string);
}

/**
 * What was allowed within the last day, in memory, by service: of this replica at once, of others when their rows
 * were read. Bounded: what falls out is not known any more, and `knows` says so.
 */
export class RecentDecisions implements RecentActions {
  readonly #services = new Map<string, RecentAction[]>();
  /** Since when a service is known, where its oldest fell out. */
  readonly #droppedUntilMs = new Map<string, number>();
  readonly #ids = new Set<string>();
  readonly #plans = new Map<string, AllowedPlan>();
  readonly #held = new Map<string, HeldQuestion>();
  #othersReadAtMs = Number.NEGATIVE_INFINITY;
  #knownSinceMs = Number.POSITIVE_INFINITY;

  on(service: string): readonly RecentAction[] {
    return this.#services.get(service) ?? [];
  }

  knows({ service, sinceMs, nowMs }: { service: string; sinceMs: number; nowMs: number }): boolean {
    const isHeard = Math.abs(nowMs - this.#othersReadAtMs) <= OTHERS_VALID_MS;
    const droppedUntilMs = this.#droppedUntilMs.get(service) ?? Number.NEGATIVE_INFINITY;
    return isHeard && this.#knownSinceMs <= sinceMs && droppedUntilMs < sinceMs;
  }

  newestPlan(request: DecisionRequest): AllowedPlan | null {
    return request.action.planGeneration === undefined ? null : (this.#plans.get(planKey(request)) ?? null);
  }

  held(request: DecisionRequest): HeldQuestion | null {
    return this.#held.get(questionKey(request)) ?? null;
  }

  /** A decision of this replica, in the very turn in which it was made: nobody else gets what it used up. */
  take(taken: TakenDecision): void {
    this.#takeAllowed(taken);
    this.#takeHeld(taken);
  }

  /** It was never answered. */
  giveBack({ decisionId, request }: TakenDecision): void {
    if (!this.#ids.delete(decisionId)) return;
    const service = request.target['service'] ?? '';
    const kept = this.on(service).filter((action) => action.decisionId !== decisionId);
    this.#services.set(service, kept);
  }

  /** Allowed by others, as read from the store; what is known already is not taken twice. */
  absorb(decisions: readonly TakenDecision[]): void {
    for (const decision of decisions) this.#takeAllowed(decision);
  }

  /** What others did since `sinceMs` was read at `nowMs`. */
  markRead({ sinceMs, nowMs }: { sinceMs: number; nowMs: number }): void {
    this.#othersReadAtMs = nowMs;
    this.#knownSinceMs = Math.min(this.#knownSinceMs, sinceMs);
  }

  /** Drops what is older than the span. */
  forget(nowMs: number): void {
    for (const [service, actions] of this.#services) {
      const fresh = actions.findIndex(({ atMs }) => atMs > nowMs - RECENT_SPAN_MS);
      this.#drop(actions, fresh < 0 ? actions.length : fresh);
      if (actions.length === 0) this.#services.delete(service);
    }
    while (this.#ids.size > ACTIONS_MAX) this.#makeRoom();
    for (const [service, untilMs] of this.#droppedUntilMs)
      if (untilMs < nowMs - RECENT_SPAN_MS) this.#droppedUntilMs.delete(service);
    for (const [key, { lastMs }] of this.#held) if (nowMs - lastMs > HELD_FORGET_MS) this.#held.delete(key);
  }

  #takeAllowed(taken: TakenDecision): void {
    const { decision, request, decisionId } = taken;
    if (decision !== 'allow' || request.mode === 'shadow' || this.#ids.has(decisionId)) return;
    const service = request.target['service'] ?? '';
    let actions = this.#services.get(service);
    if (actions === undefined) {
      actions = [];
      this.#services.set(service, actions);
    }
    this.#ids.add(decisionId);
    insertByTime(actions, recentAction(taken));
    this.#takePlan(taken);
    if (actions.length <= ACTIONS_PER_SERVICE_MAX) return;
    this.#dropOldest(service, actions, 1);
  }

  #takePlan({ request, decisionId, decidedAtMs }: TakenDecision): void {
    const { planGeneration } = request.action;
    if (planGeneration === undefined) return;
    const key = planKey(request);
    const plan = { ...parsePlan(planGeneration), decisionId, atMs: decidedAtMs };
    const before = this.#plans.get(key);
    const isOlder = before !== undefined && (newerPlan(before, plan) ?? before.atMs > plan.atMs);
    setNewest(this.#plans, key, isOlder ? before : plan, PLANS_MAX);
  }

  #takeHeld({ decision, request, decisionId, decidedAtMs }: TakenDecision): void {
    if (request.mode === 'shadow') return;
    const key = questionKey(request);
    const before = this.#held.get(key);
    if (decision === 'allow') {
      this.#held.delete(key);
      return;
    }
    // A deny after holds is the end of patience, not of the hold: it goes on being counted.
    if (decision === 'deny' && before === undefined) return;
    const isGone = before === undefined || decidedAtMs - before.lastMs > HELD_FORGET_MS;
    const sinceMs = isGone ? decidedAtMs : before.sinceMs;
    const next = { sinceMs, lastMs: decidedAtMs, times: isGone ? 1 : before.times + 1 };
    setNewest(
      this.#held,
      key,
      { ...next, decisionId: isGone ? decisionId : before.decisionId },
      QUESTIONS_MAX,
    );
  }

  #drop(actions: RecentAction[], count: number): void {
    for (const { decisionId } of actions.splice(0, count)) this.#ids.delete(decisionId);
  }

  /** Of services with the most actions the older half falls out. Walks all services twice. */
  #makeRoom(): void {
    let most = 0;
    for (const { length } of this.#services.values()) most = Math.max(most, length);
    for (const [service, actions] of this.#services) {
      if (this.#ids.size <= ACTIONS_MAX) return;
      if (2 * actions.length <= most) continue;
      this.#dropOldest(service, actions, Math.ceil(actions.length / 2));
    }
  }

  #dropOldest(service: string, actions: RecentAction[], count: number): void {
    const untilMs = actions[count - 1]?.atMs ?? 0;
    // What another replica did long ago may come after what is newer was dropped.
    this.#droppedUntilMs.set(service, Math.max(untilMs, this.#droppedUntilMs.get(service) ?? untilMs));
    this.#drop(actions, count);
  }
}

/** Nearly always at the end. */
function insertByTime(actions: RecentAction[], action: RecentAction): void {
  let at = actions.length;
  while (at > 0 && (actions[at - 1] as RecentAction).atMs > action.atMs) at--;
  if (at === actions.length) actions.push(action);
  else actions.splice(at, 0, action);
}
