import type { ServiceHistory, UserHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { windowMean } from '../../equal-load/window-mean.ts';
import { ratioOf, type Signal, signalAtEqualLoad } from './signal.ts';

type Harm = 'latency' | 'cost' | 'failures' | 'stale';

/** What everybody pays with when an automation gets its own way. */
export interface GlobalSignal extends Signal {
  readonly harm: Harm;
  /** Of a service alone; null: of users. */
  readonly service: string | null;
  /** Whether people said that they want it; what is only taken for wanted is never more than suspected. */
  readonly isDeclared: boolean;
}

/** Losses below these are within what any system does of itself. @see drift.md 3.1 */
const P99_LEAST = Math.log(1.05);
const P50_LEAST = Math.log(1.03);
const COST_LEAST = Math.log(1.04);
const STALE_LEAST = Math.log(2);
const FAILED_POINTS_LEAST = 0.003;

export function globalSignals(view: SystemView): GlobalSignal[] {
  const { history } = view;
  const declared = (...names: string[]) =>
    history.intent.objectives.global.some(({ metric }) => names.some((name) => metric.startsWith(name)));
  const users = history.users ?? usersAtEntry(view);
  if (users === null) return staleSignals(view);
  const { requests } = users;
  const base = { service: null } as const;
  const of = (metric: string, least: number, values: Float64Array) =>
    signalAtEqualLoad(view, metric, least, { requests, values, subject: 'users as a whole' });
  const failed = ratioOf(
    requests.map((n, i) => Math.max(0, n - (users.ok[i] as number))),
    requests,
  );
  const normal = view.frozen('failed share of users', ({ fromMinute, untilMinute }) => {
    const { mean } = windowMean(failed, fromMinute, untilMinute);
    return Number.isNaN(mean) ? null : mean;
  });
  const signal = (harm: Harm, isDeclared: boolean, of: Signal | null): GlobalSignal[] =>
    of === null ? [] : [{ ...base, ...of, harm, isDeclared }];
  return [
    ...signal('latency', declared('p99', 'latency'), of('users p99_ms', P99_LEAST, users.p99Ms)),
    ...signal('latency', declared('p50', 'latency'), of('users p50_ms', P50_LEAST, users.p50Ms)),
    ...signal('cost', declared('cost'), of('cost', COST_LEAST, users.cost)),
    ...signal('failures', declared('success'), {
      metric: 'users failed',
      worse: failed.map((share) => share - (normal ?? Number.NaN)),
      unit: 'points',
      wants: 'less',
      least: FAILED_POINTS_LEAST,
    }),
    ...staleSignals(view),
  ];
}

function staleSignals(view: SystemView): GlobalSignal[] {
  const { history } = view;
  return [...history.services.values()].flatMap(({ name, series }): GlobalSignal[] => {
    const { requests, staleAnswers, cacheHits, cacheMisses } = series;
    if (requests === undefined || staleAnswers === undefined) return [];
    // Services without a cache say 0 of everything.
    if (!view.isFreezing && !staleAnswers.some((n) => n > 0)) return [];
    const lookups = cacheHits && cacheMisses && cacheHits.map((hits, i) => hits + (cacheMisses[i] as number));
    const values = ratioOf(staleAnswers, lookups ?? requests);
    const signal = signalAtEqualLoad(view, `stale answers of ${name}`, STALE_LEAST, {
      requests,
      values,
      subject: name,
    });
    if (signal === null) return [];
    return [
      {
        ...signal,
        harm: 'stale',
        service: name,
        isDeclared: history.intent.caches.some(
          (cache) => cache.service === name && cache.staleRatioMax !== null,
        ),
      },
    ];
  });
}

/** Where nobody measures users: the services that nobody calls are where they come in. */
function usersAtEntry(view: SystemView): UserHistory | null {
  const { services, edges } = view.history;
  const called = new Set(edges.map(({ to }) => to));
  const sizeOf = ({ name, series }: ServiceHistory): number =>
    view.frozen(
      `requests of ${name}`,
      ({ fromMinute, untilMinute }) =>
        windowMean(series.requests ?? new Float64Array(), fromMinute, untilMinute).mean || 0,
    ) ?? 0;
  const entry = [...services.values()]
    .filter(({ name, series }) => !called.has(name) && series.requests !== undefined)
    .sort((a, b) => sizeOf(b) - sizeOf(a))[0]?.series;
  if (entry?.requests === undefined) return null;
  const { requests, errors, p50Ms, p99Ms } = entry;
  const unknown = new Float64Array(requests.length).fill(Number.NaN);
  const cost = new Float64Array(requests.length);
  for (const { series } of services.values()) {
    const { replicas, cpuLimitCores } = series;
    for (let minute = 0; minute < cost.length; minute++) {
      const held = (replicas?.[minute] ?? Number.NaN) * (cpuLimitCores?.[minute] ?? Number.NaN);
      cost[minute] = (cost[minute] as number) + (series.cost?.[minute] ?? held);
    }
  }
  return {
    requests,
    ok: errors === undefined ? unknown : requests.map((n, i) => n - (errors[i] as number)),
    p50Ms: p50Ms ?? unknown,
    p99Ms: p99Ms ?? unknown,
    cost,
  };
}
