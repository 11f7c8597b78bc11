import type { DesignIntent } from '../../core/system-history.ts';

/** Nobody intended anything. */
export const NO_INTENT: DesignIntent = {
  edges: null,
  services: new Map(),
  retryBudgetRatio: null,
  caches: [],
  poolShares: [],
  fallbacks: [],
  objectives: { global: [], local: [] },
  gatedActors: [],
};
