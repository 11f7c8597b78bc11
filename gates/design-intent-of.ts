import type { DesignIntent, ServiceIntent } from '../core/system-history.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';

/** What constraint files say of how services are meant to be; what they do not say, nobody intended. */
export function designIntentOf(sets: readonly ConstraintSet[]): DesignIntent {
  const services = new Map<string, ServiceIntent>();
  for (const { scope, boundaries } of sets) {
    const { min, max } = boundaries.replicas ?? {};
    if (min === undefined && max === undefined) continue;
    services.set(scope.service, {
      replicasMin: min ?? null,
      replicasMax: max ?? null,
      cpuTarget: null,
      cpuLimitCores: null,
      isAutoscaled: min !== max,
    });
  }
  return {
    edges: null,
    services,
    retryBudgetRatio: null,
    caches: [],
    poolShares: [],
    fallbacks: [],
    objectives: { global: [], local: [] },
    gatedActors: [],
  };
}
