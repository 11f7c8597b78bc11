import { randomFrom } from '../../../core/random-from.ts';
import type {
  EdgeHistory,
  RecordedChange,
  ServiceSeries,
  SystemHistory,
} from '../../../core/system-history.ts';

export const DAY = 1_440;
export const ACCEPTED = { fromMinute: 0, untilMinute: 4 * DAY };

type Columns = Partial<Record<ServiceSeries, Float64Array>>;

/** What a test may turn: the arrays are those of the history. */
export interface Chain {
  readonly services: Readonly<Record<'front' | 'api' | 'store', Columns>>;
  /** front->api, api->store. */
  readonly edges: readonly [EdgeHistory, EdgeHistory];
  readonly changes: RecordedChange[];
}

/**
 * front calls api, api calls store, once a request each, under daily load. Own times of 20, 10 and 5 ms grow with load;
 * weather lasts for two hours (1 %) and days differ by half a per cent, so minutes are no independent draws.
 */
export function makeChain(
  seed: number,
  options: { readonly days?: number; readonly turn?: (chain: Chain) => void } = {},
): SystemHistory {
  const minutes = (options.days ?? 8) * DAY;
  const random = randomFrom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const load = Float64Array.from({ length: minutes }, (_, minute) =>
    Math.round(400 * (1 + 0.4 * Math.sin((2 * Math.PI * minute) / DAY)) * (1 + 0.03 * normal())),
  );
  const own = (ms: number) => {
    let [weather, day] = [0, 0];
    return load.map((n, minute) => {
      if (minute % DAY === 0) day = 0.005 * normal();
      weather = 0.9917 * weather + 0.0013 * normal();
      return ms * (1 + (n / 1_000) ** 2) * Math.exp(weather + day + 0.02 * normal());
    });
  };
  const [front, api, store] = [own(20), own(10), own(5)];
  const add = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + (b[i] as number));
  const apiMs = add(api, store);
  const service = (selfMs: Float64Array, ms: Float64Array): Columns => ({
    requests: load.slice(),
    errors: load.map((n) => (random() < n * 1e-4 ? 1 : 0)),
    meanMs: ms,
    p50Ms: ms.map((value) => 0.9 * value),
    selfMs,
    replicas: new Float64Array(minutes).fill(4),
    fallbacks: new Float64Array(minutes),
  });
  const services = {
    front: service(front, add(front, apiMs)),
    api: service(api, apiMs),
    store: service(store, store.slice()),
  };
  const steps = (of: (from: number) => number) =>
    Float64Array.from({ length: minutes / 10 }, (_, step) => of(step * 10));
  const tenMinutes = (values: Float64Array, from: number) =>
    values.subarray(from, from + 10).reduce((sum, value) => sum + value, 0);
  const edge = (from: string, to: string, ms: Float64Array): EdgeHistory => ({
    from,
    to,
    calls: steps((at) => tenMinutes(load, at)),
    attempts: steps((at) => tenMinutes(load, at)),
    failures: steps(() => 0),
    latencyMs: steps((at) => tenMinutes(ms, at) / 10),
  });
  const chain: Chain = {
    services,
    edges: [edge('front', 'api', apiMs), edge('api', 'store', store)],
    changes: [],
  };
  options.turn?.(chain);
  return {
    startMs: Date.UTC(2026, 0, 5),
    minutes,
    services: new Map(Object.entries(services).map(([name, series]) => [name, { name, series }])),
    edges: chain.edges,
    pools: [],
    users: null,
    actions: [],
    decisions: [],
    changes: chain.changes,
    intent: {
      edges: null,
      services: new Map(),
      retryBudgetRatio: null,
      caches: [],
      poolShares: [],
      fallbacks: [],
      objectives: { global: [], local: [] },
      gatedActors: [],
    },
  };
}

/** Slower by a factor of the minute: the service, and those that wait for it. */
export function slow(
  { services, edges }: Chain,
  name: keyof Chain['services'],
  by: (minute: number) => number,
) {
  const { selfMs = new Float64Array() } = services[name];
  const more = selfMs.map((ms, minute) => ms * (by(minute) - 1));
  for (const [minute, ms] of more.entries()) selfMs[minute] = (selfMs[minute] as number) + ms;
  const waiting = { store: ['store', 'api', 'front'], api: ['api', 'front'], front: ['front'] } as const;
  for (const one of waiting[name]) {
    const { meanMs = new Float64Array(), p50Ms = new Float64Array() } = services[one];
    for (const [minute, ms] of more.entries()) {
      meanMs[minute] = (meanMs[minute] as number) + ms;
      p50Ms[minute] = (p50Ms[minute] as number) + 0.9 * ms;
    }
  }
  for (const { to, latencyMs } of edges) {
    if (!(waiting[name] as readonly string[]).includes(to)) continue;
    for (let step = 0; step < latencyMs.length; step++) {
      const ten = more.subarray(step * 10, step * 10 + 10);
      latencyMs[step] = (latencyMs[step] as number) + ten.reduce((sum, ms) => sum + ms, 0) / 10;
    }
  }
}
