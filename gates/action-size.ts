import type { DecisionRequest } from '../core/decision.ts';

/** How many of how many targets an action changes; null where nobody said. */
export interface ActionSize {
  readonly count: number | null;
  readonly of: number | null;
}

function countIn(facts: Readonly<Record<string, unknown>> | undefined, name: string): number | null {
  const value = facts?.[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

/**
 * Of what the caller says, in words and in replicas, the larger: who understates one is taken at the other. Replicas
 * that are added change none of those that run.
 */
export function actionSize({ from, to, blastRadius }: DecisionRequest['action']): ActionSize {
  const before = countIn(from, 'replicas');
  const after = countIn(to, 'replicas');
  if (before !== null && after !== null && after >= before) return { count: 0, of: before };
  const said = countIn(blastRadius, 'count');
  const removed = before === null || after === null ? null : before - after;
  const count = said === null && removed === null ? null : Math.max(said ?? 0, removed ?? 0);
  return { count, of: before ?? countIn(blastRadius, 'of') };
}

/** 0 to 1; null where nobody said. */
export function targetShare({ count, of }: ActionSize): number | null {
  if (count === 0) return 0;
  return count === null || of === null || of === 0 ? null : Math.min(1, count / of);
}
