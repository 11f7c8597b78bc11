import type { ClickHouseClient } from '@clickhouse/client';
import { bucketQuantile } from '../../core/bucket-quantile.ts';
import {
  type DesignIntent,
  EDGE_STEP_MINUTES,
  type ServiceHistory,
  type ServiceSeries,
  type SystemHistory,
} from '../../core/system-history.ts';
import { type DecisionRow, readDecisions } from '../decisions.ts';
import { readEdgeHistories } from './read-edge-histories.ts';
import { type MetricMinutes, readMetricMinutes } from './read-metric-minutes.ts';
import { readRequestMinutes } from './read-request-minutes.ts';
import { type RetryMinute, readRetryMinutes } from './read-retry-minutes.ts';
import { readSpanMinutes } from './read-span-minutes.ts';
import { readVersionMinutes, type VersionMinute } from './read-version-minutes.ts';
import type { RequestMinute } from './request-minute.ts';
import type { RollupQuery } from './rollup-query.ts';

const MINUTE_MS = 60_000;
const STEP_MS = EDGE_STEP_MINUTES * MINUTE_MS;
/** Minutes of services that one query gives: as many as are quickly held in memory. */
const ROWS_AT_ONCE = 100_000;
/** More decisions than any fortnight of ten services has seen. */
const DECISIONS_MAX = 100_000;

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
  const services = await readServiceHistories(client, { serviceNames, ...range });
  const edges = await readEdgeHistories(client, { ...range, serviceNames, fromMs, untilMs });
  const decisions = (
    await readDecisions(client, { fromMs: recordsFromMs ?? fromMs, untilMs, limit: DECISIONS_MAX })
  )
    .filter(({ mode }) => mode === 'enforce')
    .reverse();
  const minuteOf = (timeMs: number) => Math.floor((timeMs - fromMs) / MINUTE_MS);
  return {
    startMs: fromMs,
    minutes,
    services,
    edges,
    pools: [],
    users: null,
    // An actor that was allowed acts: what else was done, its audit log would have to say.
    actions: decisions
      .filter(({ response }) => response.decision === 'allow')
      .map((row) => ({ ...askedOf(row, minuteOf), to: numberOf(row), decisionId: row.response.decisionId })),
    decisions: decisions.map((row) => ({
      ...askedOf(row, minuteOf),
      id: row.response.decisionId,
      outcome: row.response.decision,
    })),
    changes: [],
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
  const { fromMs, untilMs, minutes } = wholeMinutes(range);
  const system = new Building(fromMs, minutes);
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / Math.max(1, minutes)));
  for (let i = 0; i < serviceNames.length; i += atOnce) {
    await readServices(client, system, {
      ...range,
      serviceNames: serviceNames.slice(i, i + atOnce),
      fromMs,
      untilMs,
    });
  }
  return system.services(serviceNames);
}

function wholeMinutes(range: { readonly fromMs: number; readonly untilMs: number }) {
  const fromMs = Math.floor(range.fromMs / STEP_MS) * STEP_MS;
  const untilMs = Math.floor(range.untilMs / MINUTE_MS) * MINUTE_MS;
  return { fromMs, untilMs, minutes: Math.max(0, (untilMs - fromMs) / MINUTE_MS) };
}

async function readServices(client: ClickHouseClient, system: Building, query: RollupQuery): Promise<void> {
  const [counted, metrics, retries, versions] = await Promise.all([
    readRequestMinutes(client, query),
    readMetricMinutes(client, query),
    readRetryMinutes(client, query),
    readVersionMinutes(client, query),
  ]);
  const uncounted = query.serviceNames.filter((name) => !counted.has(name));
  const spans =
    uncounted.length === 0 ? [] : await readSpanMinutes(client, { ...query, serviceNames: uncounted });
  for (const [name, minutes] of [...counted, ...spans]) system.addRequests(name, minutes);
  for (const metric of metrics) system.addMetric(metric);
  system.addRetries(retries);
  system.addVersions(versions);
}

function askedOf({ decidedAtMs, request }: DecisionRow, minuteOf: (timeMs: number) => number) {
  return {
    minute: minuteOf(decidedAtMs),
    actor: request.actor.id,
    service: request.target['service'] ?? '',
    kind: request.action.kind,
  };
}

/** What it was to be set to, where that is one number. */
function numberOf({ request }: DecisionRow): number | null {
  const values = Object.values(request.action.to ?? {});
  return values.length === 1 && typeof values[0] === 'number' ? values[0] : null;
}

/** Series under way; one that nobody sends is never begun. */
class Building {
  readonly #fromMs: number;
  readonly #minutes: number;
  readonly #byService = new Map<string, Map<SeriesName, Float64Array>>();

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

  /** A caller that has any has none in its other minutes. */
  addRetries(minutes: readonly RetryMinute[]): void {
    for (const { serviceName, startMs, retries, timeouts } of minutes) {
      this.#setAmong(serviceName, 'retries', { startMs, amount: retries });
      this.#setAmong(serviceName, 'timeouts', { startMs, amount: timeouts });
    }
  }

  /** Minutes of which nothing is told are without any, where the service's requests are known. */
  #setAmong(
    service: string,
    name: ServiceSeries,
    { startMs, amount }: { startMs: number; amount: number },
  ): void {
    const requests = this.#series(service, 'requests');
    const isNew = this.#byService.get(service)?.has(name) !== true;
    const series = this.#series(service, name);
    if (isNew) for (let i = 0; i < series.length; i++) if (!Number.isNaN(requests[i])) series[i] = 0;
    series[this.#minuteOf(startMs)] = amount;
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
