import type { MaskHistory } from '../../../core/mask-metrics.ts';
import { randomFrom } from '../../../core/random-from.ts';
import type {
  DesignIntent,
  EdgeHistory,
  ServiceHistory,
  ServiceSeries,
  SystemHistory,
} from '../../../core/system-history.ts';

export const DAY = 1440;
export const ACCEPTED = { fromMinute: 0, untilMinute: 4 * DAY };

type Columns = Partial<Record<ServiceSeries, Float64Array>>;

/** What a test may turn: the arrays are those of the history. */
export interface Shop {
  readonly front: Columns;
  readonly api: Columns;
  readonly store: Columns;
  /** front->api, api->store, front->store. */
  readonly edges: readonly [EdgeHistory, EdgeHistory, EdgeHistory];
  readonly users: NonNullable<SystemHistory['users']>;
  readonly masks: MaskHistory[];
  readonly actions: SystemHistory['actions'][number][];
  readonly changes: SystemHistory['changes'][number][];
  readonly random: () => number;
}

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

/**
 * A small shop under daily load with Poisson counts: front calls api once a request and store a little, api asks its
 * cache, and its store three times in ten. One retry in a thousand calls; a restart a week.
 */
export function makeShop(
  seed: number,
  options: {
    readonly days?: number;
    readonly intent?: DesignIntent;
    readonly turn?: (shop: Shop) => void;
  } = {},
): SystemHistory {
  const minutes = (options.days ?? 7) * DAY;
  const steps = minutes / 10;
  const random = randomFrom(seed);
  const count = (mean: number) => Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const load = Float64Array.from({ length: minutes }, (_, minute) =>
    count(300 * (1 + 0.4 * Math.sin((2 * Math.PI * minute) / DAY))),
  );
  const latency = (ms: number) => load.map((n) => ms * (1 + n / 3000) * (1 + 0.03 * normal(random)));
  const few = (rate: number, of: Float64Array = load) =>
    of.map((n) => (random() < (n * rate) % 1 ? 1 : 0) + Math.floor(n * rate));
  const service = (requests: Float64Array, ms: number, replicas: number): Columns => ({
    requests,
    errors: few(1e-4, requests),
    p50Ms: latency(ms),
    p99Ms: latency(4 * ms),
    replicas: new Float64Array(minutes).fill(replicas),
    replicasReady: new Float64Array(minutes).fill(replicas),
    restarts: Float64Array.from({ length: minutes }, () => (random() < 1e-4 ? 1 : 0)),
    cost: requests.map((n) => (replicas + n / 100) * (1 + 0.01 * normal(random))),
  });
  const front = { ...service(load, 40, 12), fallbacks: few(1e-4), breakerOpen: new Float64Array(minutes) };
  const hits = load.map((n) => count(0.7 * n));
  const api = {
    ...service(load.slice(), 20, 8),
    cacheHits: hits,
    cacheMisses: load.map((n, i) => Math.max(0, n - (hits[i] as number))),
    staleAnswers: few(5e-3),
  };
  const store = service(
    load.map((n) => count(0.3 * n)),
    5,
    6,
  );
  const edge = (from: string, to: string, share: number, ms: number): EdgeHistory => {
    const calls = Float64Array.from({ length: steps }, (_, step) =>
      count(share * load.subarray(step * 10, step * 10 + 10).reduce((sum, n) => sum + n, 0)),
    );
    const failures = calls.map((n) => count(n * 1e-3));
    return {
      from,
      to,
      calls,
      attempts: calls.map((n, step) => n + (failures[step] as number)),
      failures,
      latencyMs: calls.map(() => ms * (1 + 0.01 * normal(random))),
    };
  };
  const shop: Shop = {
    front,
    api,
    store,
    edges: [edge('front', 'api', 1, 20), edge('api', 'store', 0.3, 5), edge('front', 'store', 0.1, 5)],
    users: {
      requests: load,
      ok: load.map((n) => n - (random() < n * 1e-4 ? 1 : 0)),
      p50Ms: latency(40),
      p99Ms: latency(160),
      cost: load.map((n) => (26 + n / 30) * (1 + 0.01 * normal(random))),
    },
    masks: [],
    actions: [],
    changes: [],
    random,
  };
  options.turn?.(shop);
  const services = new Map(
    Object.entries({ front, api, store }).map(([name, series]): [string, ServiceHistory] => [
      name,
      { name, series },
    ]),
  );
  return {
    startMs: Date.UTC(2026, 0, 5),
    minutes,
    services,
    edges: shop.edges,
    masks: shop.masks,
    pools: [],
    users: shop.users,
    actions: shop.actions,
    decisions: [],
    changes: shop.changes,
    intent: options.intent ?? NO_INTENT,
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}

/** Multiplies a series from a minute (of edges: a step) on. */
export function scale(
  values: Float64Array | undefined,
  from: number,
  by: number,
  until = Number.POSITIVE_INFINITY,
): void {
  if (values === undefined) throw new Error('no such series to scale');
  for (let i = from; i < Math.min(until, values.length); i++) values[i] = (values[i] as number) * by;
}

/** What was known at a minute. */
export function cutAt(history: SystemHistory, minute: number): SystemHistory {
  const cut = <T extends object>(of: T, until: number): T =>
    Object.fromEntries(
      Object.entries(of).map(([key, value]) => [
        key,
        value instanceof Float64Array ? value.slice(0, until) : value,
      ]),
    ) as T;
  const past = <T extends { readonly minute: number }>(of: readonly T[]) =>
    of.filter((one) => one.minute < minute);
  return {
    ...history,
    minutes: minute,
    services: new Map(
      [...history.services].map(([name, { series }]) => [name, { name, series: cut(series, minute) }]),
    ),
    edges: history.edges.map((edge) => cut(edge, Math.ceil(minute / 10))),
    users: history.users === null ? null : cut(history.users, minute),
    actions: past(history.actions),
    decisions: past(history.decisions),
    changes: past(history.changes),
  };
}
