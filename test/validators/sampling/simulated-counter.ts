import type { PopulationPoint, PopulationSeries } from '../../../core/sampling/population-series.ts';

/** What a process counts and when it reports it; the truth of every moment stays known. */
export interface SimulatedCounter {
  readonly random: () => number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly exportMs: number;
  /** Reports are made that long after a multiple of `exportMs`; at random where it is left out. */
  readonly phaseMs?: number;
  /** Requests per second at a moment; constant where it is a number. */
  readonly perSecond: number | ((timeMs: number) => number);
  readonly perSecondMax?: number;
  readonly instance?: string;
  readonly metric?: string;
  readonly temporality?: 'delta' | 'cumulative';
  /** Counted before the stretch. */
  readonly countedBefore?: number;
}

/** @returns a series, and the end of every request in order of time */
export function simulateCounter(of: SimulatedCounter): {
  series: PopulationSeries;
  endsMs: readonly number[];
} {
  const endMs = of.startMs + of.durationMs;
  const rateAt = typeof of.perSecond === 'number' ? () => of.perSecond as number : of.perSecond;
  const most = of.perSecondMax ?? rateAt(of.startMs);
  const endsMs: number[] = [];
  for (let timeMs = of.startMs; ; ) {
    timeMs += (-Math.log(1 - of.random()) * 1_000) / most;
    if (timeMs >= endMs) break;
    if (of.random() * most < rateAt(timeMs)) endsMs.push(timeMs);
  }
  const isDelta = of.temporality === 'delta';
  const points: PopulationPoint[] = [];
  let [counted, before, lastMs] = [0, 0, of.startMs];
  const phaseMs = of.phaseMs ?? of.random() * of.exportMs;
  for (let timeMs = of.startMs + phaseMs; timeMs < endMs; timeMs += of.exportMs) {
    while ((endsMs[counted] ?? Number.POSITIVE_INFINITY) <= timeMs) counted++;
    const total = (of.countedBefore ?? 1_000_000) + counted;
    points.push({
      timeMs,
      startMs: isDelta ? lastMs : of.startMs - 3_600_000,
      counts: [isDelta ? counted - before : total],
    });
    [before, lastMs] = [counted, timeMs];
  }
  return {
    endsMs,
    series: {
      instance: { ...SHOP, serviceInstanceId: of.instance ?? 'pod-1' },
      metric: of.metric ?? 'http.server.request.duration',
      labels: { 'http.response.status_code': '200' },
      temporality: of.temporality ?? 'cumulative',
      epochMs: isDelta ? null : of.startMs - 3_600_000,
      isDerived: false,
      boundsMs: [],
      points,
    },
  };
}

export const SHOP = { tenant: 't', serviceNamespace: 'shop', serviceName: 'checkout' };
