import type { DecisionRequest } from '../core/decision.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { type StagedKind, stagedKind } from './fail-modes.ts';
import type { TrustTarget } from './trust.ts';

/** A request with everything about it that does not depend on data: who, what, and which sets speak about it. */
export interface Question extends StagedKind {
  readonly request: DecisionRequest;
  /** Lower case: `Delete` must not slip past a rule about `delete`. */
  readonly kind: string;
  /** null when the target names no service. */
  readonly target: TrustTarget | null;
  readonly sets: readonly ConstraintSet[];
  /** True when sets are in force but the target names no service, so nobody can say which of them apply. */
  readonly isUnscoped: boolean;
}

/** A target that leaves env or namespace out is not thereby outside of the sets that name one. */
export function applies({ scope }: Pick<ConstraintSet, 'scope'>, target: DecisionRequest['target']): boolean {
  const namespace = target['namespace'];
  const env = target['env'];
  return (
    scope.service === target['service'] &&
    (scope.namespace === undefined || namespace === undefined || namespace === scope.namespace) &&
    (scope.env === undefined || env === undefined || env === scope.env)
  );
}

/** Sets in force stay the same for many questions, and each is about one service. */
const byService = new WeakMap<readonly ConstraintSet[], Map<string, ConstraintSet[]>>();

function setsAbout(target: DecisionRequest['target'], sets: readonly ConstraintSet[]): ConstraintSet[] {
  let groups = byService.get(sets);
  if (groups === undefined) {
    groups = Map.groupBy(sets, ({ scope }) => scope.service);
    byService.set(sets, groups);
  }
  const ofService = groups.get(target['service'] ?? '') ?? [];
  return ofService.filter((set) => applies(set, target));
}

export function askQuestion(request: DecisionRequest, sets: readonly ConstraintSet[]): Question {
  const { action, target } = request;
  const kind = action.kind.toLowerCase();
  const { stages, names } = stagedKind(kind, action.stage);
  const serviceName = target['service'];
  return {
    request,
    kind,
    stages,
    names,
    target:
      serviceName === undefined
        ? null
        : { serviceName, serviceNamespace: target['namespace'] ?? null, tenant: target['tenant'] ?? null },
    sets: setsAbout(target, sets),
    isUnscoped: serviceName === undefined && sets.length > 0,
  };
}

/** `action.from.replicas` or `action.to.replicas` as a count; null when absent, NaN when it is no count. */
export function replicaCount(question: Question, side: 'from' | 'to'): number | null {
  const value = question.request.action[side]?.['replicas'];
  if (value === undefined || value === null) {
    return side === 'to' && question.kind === 'scale.to_zero' ? 0 : null;
  }
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN;
}
