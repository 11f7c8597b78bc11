import { randomFrom } from '../../core/random-from.ts';
import type { EdgeHistory, ServiceHistory, ServiceSeries, SystemHistory } from '../../core/system-history.ts';

const SERVICES = 10;
const DAY_MINUTES = 1_440;

/** A chain of ten autoscaled services that do well, with every series that a platform commonly tells. */
export function makeSystem(seed: number, days: number): SystemHistory {
  const random = randomFrom(seed);
  const minutes = days * DAY_MINUTES;
  const names = Array.from({ length: SERVICES }, (_, i) => `service-${i}`);
  const services = new Map(names.map((name) => [name, makeService(name, minutes, random)]));
  const edges = names.slice(1).map((to, i) => makeEdge(names[i] as string, to, minutes / 10));
  return {
    startMs: Date.UTC(2026, 0, 5),
    minutes,
    services,
    edges,
    pools: [],
    users: null,
    actions: [],
    decisions: [],
    changes: [],
    intent: {
      edges: edges.map(({ from, to }) => ({ from, to })),
      services: new Map(),
      retryBudgetRatio: 0.2,
      caches: [],
      poolShares: [],
      fallbacks: [],
      objectives: { global: [], local: [] },
      gatedActors: [],
    },
  };
}

function makeService(name: string, minutes: number, random: () => number): ServiceHistory {
  const peak = 500 + 1_000 * random();
  const series = (of: (requests: number) => number, loads: Float64Array) =>
    Float64Array.from(loads, (requests) => of(requests) * (0.98 + 0.04 * random()));
  const loads = Float64Array.from(
    { length: minutes },
    (_, minute) =>
      peak * (1 + 0.4 * Math.cos((2 * Math.PI * minute) / DAY_MINUTES)) * (0.97 + 0.06 * random()),
  );
  const replicas = Float64Array.from(loads, (requests) => Math.ceil(requests / 60));
  const of: Partial<Record<ServiceSeries, Float64Array>> = {
    requests: loads.map(Math.round),
    errors: loads.map((requests) => (random() < requests / 1e4 ? 1 : 0)),
    meanMs: series((requests) => 20 + requests / 100, loads),
    p50Ms: series((requests) => 18 + requests / 100, loads),
    p99Ms: series((requests) => 60 + requests / 50, loads),
    cpuRatio: series(() => 0.6, loads),
    replicas,
    replicasReady: replicas,
    replicasDesired: replicas,
    replicasMin: new Float64Array(minutes).fill(3),
    replicasMax: new Float64Array(minutes).fill(60),
    cpuTarget: new Float64Array(minutes).fill(0.6),
    cpuLimitCores: new Float64Array(minutes).fill(0.5),
    version: new Float64Array(minutes).fill(1),
    restarts: new Float64Array(minutes),
    retries: loads.map((requests) => (random() < requests / 1e3 ? 1 : 0)),
    timeouts: new Float64Array(minutes),
  };
  return { name, series: of };
}

function makeEdge(from: string, to: string, steps: number): EdgeHistory {
  const filled = (value: number) => new Float64Array(steps).fill(value);
  return {
    from,
    to,
    calls: filled(5_000),
    attempts: filled(5_010),
    failures: filled(5),
    latencyMs: filled(25),
  };
}
