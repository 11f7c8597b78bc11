import type { ClickHouseClient } from '@clickhouse/client';
import { bucketQuantile } from '../../core/bucket-quantile.ts';
import type { MaskHistory } from '../../core/mask-metrics.ts';
import {
  type DesignIntent,
  EDGE_STEP_MINUTES,
  type RecordedAction,
  type ServiceHistory,
  type ServiceSeries,
  type SystemHistory,
  type UserHistory,
} from '../../core/system-history.ts';
import { combineMasks } from './combine-masks.ts';
import { entryServices } from './entry-services.ts';
import { mergeKnown } from './merge-known.ts';
import { readActs } from './read-acts.ts';
import { type ClientMinute, readClientMinutes } from './read-client-minutes.ts';
import { readEdgeHistories } from './read-edge-histories.ts';
import { type MaskMinutes, readMaskMinutes } from './read-mask-minutes.ts';
import { type MetricMinutes, readMetricMinutes } from './read-metric-minutes.ts';
import { readPools } from './read-pools.ts';
import { readRequestMinutes } from './read-request-minutes.ts';
import { type RetryMinute, readRetryMinutes } from './read-retry-minutes.ts';
import { readSpanHeard } from './read-span-heard.ts';
import { readSpanMinutes } from './read-span-minutes.ts';
import { readVersionMinutes, type VersionMinute } from './read-version-minutes.ts';
import type { RequestMinute } from './request-minute.ts';
import type { RollupQuery } from './rollup-query.ts';
import { UsersBuilding } from './users-building.ts';

const MINUTE_MS = 60_000;
const STEP_MS = EDGE_STEP_MINUTES * MINUTE_MS;
/** Minutes of services that one query gives: as many as are quickly held in memory. */
const ROWS_AT_ONCE = 100_000;

/** `fromMs` is rounded down to ten minutes; the minute that `untilMs` lies in is left out: it may still grow. */
export type HistoryQuery = RollupQuery & {
  readonly intent: DesignIntent;
  /** Records from before the first minute: their minutes are negative. Left out: none. */
  readonly recordsFromMs?: number;
};

type SeriesName = ServiceSeries | MetricMinutes['series'];

/**
 * Services as their telemetry tells over [from, until), from the rollups of minutes. Requests are those that a service's
 * own metrics count, where it sends any; else its spans. A service is the name alone, tenants and namespaces together,
 * as in constraints.
 * @throws PipelineError store_unavailable
 */
export async function readSystemHistory(
  client: ClickHouseClient,
  { serviceNames, intent, recordsFromMs, ...range }: HistoryQuery,
): Promise<SystemHistory> {
  const { fromMs, untilMs, minutes } = wholeMinutes(range);
  const whole = { ...range, serviceNames, fromMs, untilMs };
  const edges = await readEdgeHistories(client, whole);
  const system = await readServices(client, whole, entryServices({ edges, intent, serviceNames }));
  const services = system.services(serviceNames);
  const { seen, routine, assumed, decisions, changes } = await readActs(client, {
    ...whole,
    fromMs: recordsFromMs ?? fromMs,
    startMs: fromMs,
    automation: intent.automation ?? [],
  });
  const names = new Set(serviceNames);
  const mustAsk = new Set(intent.gatedActors);
  const isLookedAt = ({ actor, service }: RecordedAction) =>
    names.has(service) && (mustAsk.has(actor) || !routine.has(actor));
  return {
    startMs: fromMs,
    minutes,
    services,
    edges,
    masks: system.masks,
    pools: await readPools(client, whole),
    users: system.users(services.values()),
    // What was done to services of other systems is told by theirs.
    actions: [...seen.filter(isLookedAt), ...assumed].sort((a, b) => a.minute - b.minute),
    decisions,
    changes: changes.filter(({ service }) => names.has(service)),
    intent,
  };
}

/**
 * The series of services alone, over the same minutes.
 * @throws PipelineError store_unavailable
 */
export async function readServiceHistories(
  client: ClickHouseClient,
  { serviceNames, ...range }: RollupQuery,
): Promise<Map<string, ServiceHistory>> {
  const { fromMs, untilMs } = wholeMinutes(range);
  const system = await readServices(client, { ...range, serviceNames, fromMs, untilMs });
  return system.services(serviceNames);
}

function wholeMinutes(range: { readonly fromMs: number; readonly untilMs: number }) {
  const fromMs = Math.floor(range.fromMs / STEP_MS) * STEP_MS;
  const untilMs = Math.floor(range.untilMs / MINUTE_MS) * MINUTE_MS;
  return { fromMs, untilMs, minutes: Math.max(0, (untilMs - fromMs) / MINUTE_MS) };
}

/** @param entries services that users come in at */
async function readServices(
  client: ClickHouseClient,
  query: RollupQuery,
  entries: ReadonlySet<string> = new Set(),
): Promise<Building> {
  const minutes = Math.max(0, (query.untilMs - query.fromMs) / MINUTE_MS);
  const system = new Building(query.fromMs, minutes);
  const calleeNames = new Set(query.serviceNames);
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / Math.max(1, minutes)));
  for (let i = 0; i < query.serviceNames.length; i += atOnce) {
    await readSome(client, system, {
      query: { ...query, serviceNames: query.serviceNames.slice(i, i + atOnce) },
      entries,
      calleeNames,
    });
  }
  return system;
}

async function readSome(
  client: ClickHouseClient,
  system: Building,
  {
    query,
    entries,
    calleeNames,
  }: {
    readonly query: RollupQuery;
    readonly entries: ReadonlySet<string>;
    readonly calleeNames: ReadonlySet<string>;
  },
): Promise<void> {
  const [counted, metrics, retries, versions, heard, calls, masks] = await Promise.all([
    readRequestMinutes(client, query),
    readMetricMinutes(client, query),
    readRetryMinutes(client, query),
    readVersionMinutes(client, query),
    readSpanHeard(client, query),
    readClientMinutes(client, query),
    readMaskMinutes(client, { ...query, calleeNames }),
  ]);
  const uncounted = query.serviceNames.filter((name) => !counted.has(name));
  const spans =
    uncounted.length === 0 ? [] : await readSpanMinutes(client, { ...query, serviceNames: uncounted });
  for (const [name, minutes] of [...counted, ...spans]) {
    system.addRequests(name, minutes);
    if (entries.has(name)) system.addUsers(minutes);
  }
  for (const metric of metrics) system.addMetric(metric);
  system.addRetries(retries, heard);
  system.addCalls(calls);
  system.addVersions(versions);
  system.addMasks(masks);
}

/** Series under way; one that nobody sends is never begun. */
class Building {
  readonly masks: MaskHistory[] = [];
  readonly #fromMs: number;
  readonly #minutes: number;
  readonly #byService = new Map<string, Map<SeriesName, Float64Array>>();
  readonly #users = new UsersBuilding();

  constructor(fromMs: number, minutes: number) {
    this.#fromMs = fromMs;
    this.#minutes = minutes;
  }

  #series(service: string, name: SeriesName): Float64Array {
    let all = this.#byService.get(service);
    if (all === undefined) {
      all = new Map();
      this.#byService.set(service, all);
    }
    let series = all.get(name);
    if (series === undefined) {
      series = new Float64Array(this.#minutes).fill(Number.NaN);
      all.set(name, series);
    }
    return series;
  }

  #minuteOf(startMs: number): number {
    return (startMs - this.#fromMs) / MINUTE_MS;
  }

  addRequests(service: string, minutes: readonly RequestMinute[]): void {
    for (const minute of minutes) {
      const at = this.#minuteOf(minute.startMs);
      const set = (name: ServiceSeries, value: number | null) => {
        if (value !== null) this.#series(service, name)[at] = value;
      };
      set('requests', minute.requests);
      set('errors', minute.errors);
      set('rejected', minute.rejected);
      if (minute.requests === 0) continue;
      if (minute.sumMs !== null) set('meanMs', minute.sumMs / minute.requests);
      set('p50Ms', bucketQuantile(minute.durationsMs, 0.5));
      set('p99Ms', bucketQuantile(minute.durationsMs, 0.99));
    }
  }

  /** Two spellings of one metric fill one series. */
  addMetric({ serviceName, series, values }: MetricMinutes): void {
    const into = this.#series(serviceName, series);
    for (let minute = 0; minute < values.length; minute++) {
      const value = values[minute] as number;
      if (Number.isNaN(value)) continue;
      // The autoscaler's target comes as a percentage or as a ratio; nobody aims at a hundred times the limit.
      into[minute] = series === 'cpuTarget' && value > 2 ? value / 100 : value;
    }
  }

  addUsers(minutes: readonly RequestMinute[]): void {
    for (const minute of minutes) this.#users.add(this.#minuteOf(minute.startMs), minute);
  }

  users(services: Iterable<ServiceHistory>): UserHistory | null {
    return this.#users.finish(this.#minutes, services);
  }

  /** A caller that has any has none in its other minutes, as far as its spans are here. */
  addRetries(minutes: readonly RetryMinute[], heard: ReadonlyMap<string, ReadonlySet<number>>): void {
    for (const { serviceName, startMs, retries, timeouts } of minutes) {
      const of = { startMs, heard: heard.get(serviceName) ?? new Set() };
      this.#setAmong(serviceName, 'retries', { ...of, amount: retries });
      this.#setAmong(serviceName, 'timeouts', { ...of, amount: timeouts });
    }
  }

  /** Of minutes whose spans are lost nobody knows what they would have told. */
  #setAmong(
    service: string,
    name: ServiceSeries,
    of: { readonly startMs: number; readonly amount: number; readonly heard: ReadonlySet<number> },
  ): void {
    const isNew = this.#byService.get(service)?.has(name) !== true;
    const series = this.#series(service, name);
    if (isNew) for (const startMs of of.heard) series[this.#minuteOf(startMs)] = 0;
    series[this.#minuteOf(of.startMs)] = of.amount;
  }

  /** What a caller's histograms tell goes before what its spans tell. */
  addCalls(minutes: readonly ClientMinute[]): void {
    for (const { serviceName, startMs, timeouts, retries } of minutes) {
      const at = this.#minuteOf(startMs);
      this.#series(serviceName, 'timeouts')[at] = timeouts;
      if (retries !== null) this.#series(serviceName, 'retries')[at] = retries;
    }
  }

  /** What a library counts is no less than what spans and the service's own metrics tell, and no more than once. */
  addMasks(minutes: readonly MaskMinutes[]): void {
    const { masks, services } = combineMasks(minutes);
    this.masks.push(...masks);
    for (const [service, series] of services) {
      for (const [name, values] of Object.entries(series) as [ServiceSeries, Float64Array][]) {
        const into = this.#series(service, name);
        into.set(mergeKnown(into, values, Math.max));
      }
    }
  }

  /** Numbered in order of first sight. */
  addVersions(minutes: readonly VersionMinute[]): void {
    const numbers = new Map<string, Map<string, number>>();
    for (const { serviceName, startMs, version } of minutes) {
      const known = numbers.get(serviceName) ?? new Map<string, number>();
      numbers.set(serviceName, known);
      if (!known.has(version)) known.set(version, known.size + 1);
      this.#series(serviceName, 'version')[this.#minuteOf(startMs)] = known.get(version) as number;
    }
  }

  /** Of every name asked for, also where nothing is known of it. */
  services(names: readonly string[]): Map<string, ServiceHistory> {
    return new Map(
      names.map((name) => {
        const { memoryBytes, memoryLimitBytes, ...series } = Object.fromEntries(
          this.#byService.get(name) ?? [],
        ) as Partial<Record<SeriesName, Float64Array>>;
        if (memoryBytes !== undefined && memoryLimitBytes !== undefined) {
          series.memoryRatio ??= memoryBytes.map((bytes, i) => bytes / (memoryLimitBytes[i] as number));
        }
        return [name, { name, series }];
      }),
    );
  }
}
