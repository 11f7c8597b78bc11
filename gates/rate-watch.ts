import type { ClickHouseClient } from '@clickhouse/client';
import { adjustedStep } from '../core/adjusted-step.ts';
import { readRequestMinutes } from '../store/tallies/read-request-minutes.ts';
import { readServiceSeries } from '../store/tallies/read-service-series.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { unsampledServices } from './constraints/constraints.ts';
import type { SourceRate } from './source-rate.ts';

const MINUTE_MS = 60_000;
/** Spans and readings of a minute have arrived when it is so old; the same for both, so that they speak of one minute. */
const SETTLED_MS = 120_000;
const BEFORE_MS = 3_600_000;
const REFRESH_MS = 15_000;

/** Services of which a rule wants to know how many requests they get. */
function servicesWithRates(sets: readonly ConstraintSet[]): string[] {
  const asking = sets.filter(
    ({ policies, sources }) =>
      policies.some(({ when = '', require, unless = '' }) =>
        /\brate\b/.test(`${when} ${require} ${unless}`),
      ) || sources.some(({ independentOf }) => independentOf.length > 0),
  );
  return [...new Set(asking.map(({ scope }) => scope.service))];
}

/** One way of counting, by minute; a minute that is not there counted none. */
function rateOf(
  byMinute: ReadonlyMap<number, number | null>,
  of: { minuteMs: number; serviceName: string; signal: SourceRate['signal']; nowMs: number },
): SourceRate {
  const { minuteMs, serviceName, signal, nowMs } = of;
  const before = [...byMinute].filter(([startMs]) => startMs < minuteMs).map(([, count]) => count);
  const count = byMinute.size === 0 ? null : (byMinute.get(minuteMs) ?? (byMinute.has(minuteMs) ? null : 0));
  const max = before.includes(null) ? Number.NaN : Math.max(0, ...(before as number[]));
  return {
    serviceName,
    signal,
    requestsPerS: count === null ? null : count / 60,
    requestsPerSMaxOfHour: max / 60,
    readAtMs: nowMs,
  };
}

/** Requests of these services as of the newest settled minute. @throws PipelineError store_unavailable */
export async function readRates(
  client: ClickHouseClient,
  of: { serviceNames: readonly string[]; sets: readonly ConstraintSet[]; nowMs: number },
): Promise<SourceRate[]> {
  const { serviceNames, sets, nowMs } = of;
  const minuteMs = Math.floor((nowMs - SETTLED_MS) / MINUTE_MS) * MINUTE_MS;
  const range = { serviceNames, fromMs: minuteMs - BEFORE_MS, untilMs: minuteMs + MINUTE_MS };
  const [spans, counted] = await Promise.all([
    readServiceSeries(client, { ...range, unsampledNames: unsampledServices(sets), stepMs: MINUTE_MS }),
    readRequestMinutes(client, range),
  ]);
  return serviceNames.flatMap((serviceName) => {
    const common = { minuteMs, serviceName, nowMs };
    const steps = spans.get(serviceName) ?? [];
    const minutes = counted.get(serviceName) ?? [];
    return [
      rateOf(new Map(steps.map((step) => [step.startMs, adjustedStep(step).requests])), {
        ...common,
        signal: 'traces',
      }),
      rateOf(new Map(minutes.map(({ startMs, requests }) => [startMs, requests])), {
        ...common,
        signal: 'metrics',
      }),
    ];
  });
}

/** How many requests services get, by their spans and by their own metrics; of those that a rule asks about. */
export class RateWatch {
  #rates: readonly SourceRate[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** As of the last reading; each says when that was. */
  get rates(): readonly SourceRate[] {
    return this.#rates;
  }

  /** @throws PipelineError store_unavailable */
  async refresh(
    client: ClickHouseClient,
    of: { sets: readonly ConstraintSet[]; nowMs: number },
  ): Promise<void> {
    const { sets, nowMs } = of;
    if (nowMs - this.#readAtMs < REFRESH_MS) return;
    // Before it is read: one that takes long is not asked for twice.
    this.#readAtMs = nowMs;
    const serviceNames = servicesWithRates(sets);
    this.#rates = serviceNames.length === 0 ? [] : await readRates(client, { serviceNames, sets, nowMs });
  }
}
