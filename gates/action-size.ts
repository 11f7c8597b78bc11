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

const GROWS = ['scale.up', 'scale.out', 'capacity.add'];

/**
 * Of what the caller says, in words and in replicas, the larger: who understates one is taken at the other. Replicas
 * that are added change none of those that run.
 */
export function actionSize({ kind, from, to, blastRadius }: DecisionRequest['action']): ActionSize {
  const before = countIn(from, 'replicas');
  const after = countIn(to, 'replicas') ?? (kind === 'scale.to_zero' ? 0 : null);
  const of = before ?? countIn(blastRadius, 'of');
  if (GROWS.includes(kind) && before !== null && after !== null && after >= before) return { count: 0, of };
  const said = countIn(blastRadius, 'count');
  const moved = before === null || after === null ? null : Math.abs(before - after);
  const count = said === null && moved === null ? null : Math.max(said ?? 0, moved ?? 0);
  return { count, of };
}

/** 0 to 1; null where nobody said. */
export function targetShare({ count, of }: ActionSize): number | null {
  if (count === 0) return 0;
  return count === null || of === null || of === 0 ? null : Math.min(1, count / of);
}
