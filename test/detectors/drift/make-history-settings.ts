import { randomFrom } from '../../../core/random-from.ts';
import {
  type DesignIntent,
  EDGE_STEP_MINUTES,
  type EdgeHistory,
  type ServiceSeries,
  type SystemHistory,
} from '../../../core/system-history.ts';
import { type SystemView, viewSystem } from '../../../detectors/equal-load/system-view.ts';

export const DAY = 24 * 60;
/** Four days are accepted, six follow. */
export const ACCEPTED = { fromMinute: 0, untilMinute: 4 * DAY };
export const MINUTES = 10 * DAY;

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

/** A value a minute. */
export function minutesOf(valueAt: (minute: number) => number): Float64Array {
  return Float64Array.from({ length: MINUTES }, (_, minute) => valueAt(minute));
}

/** Ten minutes each, at the minute they begin. */
export function stepsOf(valueAt: (minute: number) => number): Float64Array {
  return Float64Array.from({ length: MINUTES / EDGE_STEP_MINUTES }, (_, step) =>
    valueAt(step * EDGE_STEP_MINUTES),
  );
}

/** Requests a minute over a day, with 2 % of noise. */
export function dailyLoad(seed: number, perMinute = 600): Float64Array {
  const random = randomFrom(seed);
  return minutesOf(
    (minute) => perMinute * (1 + 0.4 * Math.sin((2 * Math.PI * minute) / DAY)) * (0.98 + 0.04 * random()),
  );
}

export function edgeOf(from: string, to: string, calls: Float64Array, perCall = 1): EdgeHistory {
  return {
    from,
    to,
    calls,
    attempts: calls.map((n) => n * perCall),
    failures: calls.map(() => 0),
    latencyMs: calls.map((n) => (n > 0 ? 20 : Number.NaN)),
  };
}

export function historyWith(
  services: Readonly<Record<string, Partial<Record<ServiceSeries, Float64Array>>>>,
  rest: Partial<SystemHistory> = {},
): SystemHistory {
  return {
    startMs: 0,
    minutes: MINUTES,
    services: new Map(Object.entries(services).map(([name, series]) => [name, { name, series }])),
    edges: [],
    pools: [],
    users: null,
    actions: [],
    decisions: [],
    changes: [],
    intent: NO_INTENT,
    ...rest,
  };
}

export function viewWith(...history: Parameters<typeof historyWith>): SystemView {
  return viewSystem(historyWith(...history), ACCEPTED);
}
