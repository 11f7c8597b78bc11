import { rfc3339 } from '../../core/time.ts';
import type { FailModeInForce } from '../choose-fail-mode.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import { applies, type Question } from '../question.ts';
import type { RecentAction, RecentActions } from '../recent-actions.ts';
import { type Objection, objectionOnUnknown, type Vote } from '../vote.ts';

/** One question put to one constraint set, with what was allowed lately. */
export interface Asked {
  readonly question: Question;
  readonly set: ConstraintSet;
  readonly recent: RecentActions;
  /** Services whose actions count together; left out: the one of the set. */
  readonly fleet?: readonly string[];
  readonly mode: FailModeInForce;
  readonly nowMs: number;
}

/** Allowed after `sinceMs` on what the set speaks about, the newest first; by anybody. */
export function newestFirst(asked: Asked, sinceMs: number): Iterable<RecentAction> {
  const { set, fleet } = asked;
  if (fleet === undefined) return newestOn(asked, { service: set.scope.service, sinceMs });
  return fleet
    .flatMap((service) => [...newestOn(asked, { service, sinceMs })])
    .sort((left, right) => right.atMs - left.atMs);
}

function* newestOn(
  { set, recent }: Asked,
  { service, sinceMs }: { service: string; sinceMs: number },
): Generator<RecentAction, void> {
  const actions = recent.on(service);
  const scope = { ...set.scope, service };
  for (let index = actions.length - 1; index >= 0; index--) {
    const action = actions[index] as RecentAction;
    if (action.atMs <= sinceMs) return;
    if (applies({ scope }, action.target)) yield action;
  }
}

/**
 * Whether so many were allowed after `sinceMs`, whatever they were: most limits are far from it, and need no walk. A fleet
 * is walked.
 */
export function wereAsMany({ set, recent, fleet }: Asked, count: number, sinceMs: number): boolean {
  if (fleet !== undefined) return true;
  const actions = recent.on(set.scope.service);
  const oldest = actions[actions.length - count];
  return oldest !== undefined && oldest.atMs > sinceMs;
}

/** null when all that anybody was allowed since then is known. */
export function unlessKnown(asked: Asked, of: { sinceMs: number; constraint: string }): Vote | null {
  const { recent, set, mode, nowMs, fleet = [set.scope.service] } = asked;
  if (fleet.every((service) => recent.knows({ service, sinceMs: of.sinceMs, nowMs }))) return null;
  const said: Objection = {
    code: 'RECENT_UNKNOWN',
    text: `What other replicas of the gate allowed since ${rfc3339(of.sinceMs)} is not known: the store was not read, or remembers less.`,
    constraint: of.constraint,
    wouldAllowIf: 'the decisions of all replicas are read from the store again',
    untilMs: nowMs + 5_000,
  };
  return objectionOnUnknown(mode, said, nowMs);
}

/** `scale.down by hpa/checkout (d_1), rollout.start by argo (d_2) and 4 more`. */
export function listActions(actions: readonly RecentAction[]): string {
  const named = actions
    .slice(0, 3)
    .map(({ kind, actorId, decisionId }) => `${kind} by ${actorId} (${decisionId})`);
  const rest = actions.length - named.length;
  return rest > 0 ? `${named.join(', ')} and ${rest} more` : named.join(', ');
}

/** Whose actions are counted. */
export function countedText({ set, fleet }: Asked): string {
  return fleet === undefined
    ? set.scope.service
    : `${fleet.slice(0, 5).join(', ')}${fleet.length > 5 ? ` and ${fleet.length - 5} more` : ''} together`;
}

/** 0.125 as `12.5 %`. */
export function percentText(ratio: number): string {
  return `${Number((100 * ratio).toFixed(1))} %`;
}

/** 90,000 ms as `90 s`, 600,000 as `10 min`. */
export function spanText(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${Number((ms / 1_000).toFixed(1))} s`;
}
