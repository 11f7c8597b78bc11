import { describe, expect, it } from 'vitest';
import type { CounterPoint, CounterSeries } from '../../../core/counter-series.ts';
import type { ServerSpans } from '../../../core/counter-server-spans.ts';
import { randomFrom } from '../../../core/random-from.ts';
import { sourceKey } from '../../../core/source.ts';
import { estimateMetricAgainstSpans } from '../../../validators/counters/estimate-metric-against-spans.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';

const START_MS = 1_700_000_000_000;
const METRIC_MS = 60_000;
const INSTANCE = {
  tenant: 't',
  serviceNamespace: 'shop',
  serviceName: 'checkout',
  serviceInstanceId: 'pod-1',
};
const KEY = sourceKey({ ...INSTANCE, serviceInstanceId: '', signal: 'traces' });

interface Run {
  readonly seed?: number;
  readonly perSecond?: number;
  /** Chance that a span, or all spans of five seconds, is lost. */
  readonly spanRatio?: number;
  readonly batchRatio?: number;
  /** Kept with that chance, marked with this threshold. */
  readonly sampled?: { readonly probability: number; readonly thresholdHex: string };
  /** The SDK counts spans it dropped by sampling; null: it counts nothing. */
  readonly sdkDropped?: number | null;
  readonly health?: 'traced' | 'untraced';
  readonly isOverflowing?: boolean;
  /** Of the SDK's counter of exports. */
  readonly exportMs?: number;
}

/** Twelve minutes of a server that counts its requests; judged when the report of the eleventh has settled. */
function estimate(run: Run): LossEstimate {
  const random = randomFrom(run.seed ?? 1);
  const routes = ['/cart', '/pay', ...(run.health === undefined ? [] : ['/health'])];
  const counts = new Map(routes.map((route) => [route, 0]));
  const points = new Map(routes.map((route) => [route, [] as CounterPoint[]]));
  const spans = new Map(routes.map((route) => [route, new Map<number, number>()]));
  let [nextMs, isBatchLost, batch] = [0, false, -1];
  for (let reportMs = METRIC_MS; reportMs <= 720_000; reportMs += METRIC_MS) {
    // A report is made a little after the second.
    const until = reportMs + 300;
    while (nextMs < until) {
      const route = routes[Math.floor(random() * routes.length)] as string;
      counts.set(route, (counts.get(route) ?? 0) + 1);
      const endMs = START_MS + nextMs;
      if (Math.floor(nextMs / 5_000) !== batch) {
        batch = Math.floor(nextMs / 5_000);
        isBatchLost = random() < (run.batchRatio ?? 0);
      }
      const isKept = random() < (run.sampled?.probability ?? 1);
      const isLost = isBatchLost || random() < (run.spanRatio ?? 0);
      if (isKept && !isLost && !(route === '/health' && run.health === 'untraced')) {
        const second = Math.floor(endMs / 1_000) * 1_000;
        const own = spans.get(route) as Map<number, number>;
        own.set(second, (own.get(second) ?? 0) + 1);
      }
      nextMs += (-Math.log(1 - random()) * 1_000) / (run.perSecond ?? 40);
    }
    const timeMs = START_MS + until;
    for (const route of routes) {
      points
        .get(route)
        ?.push({ timeMs, receiveBucketMs: timeMs, startMs: START_MS, value: counts.get(route) ?? 0 });
    }
  }
  const cumulative = {
    instance: INSTANCE,
    temporality: 'cumulative' as const,
    epochMs: START_MS - 3_600_000,
  };
  const series: CounterSeries[] = routes.map((route) => ({
    ...cumulative,
    metric: 'http.server.request.duration',
    labels: {
      'http.route': route,
      ...(run.isOverflowing === true ? { 'otel.metric.overflow': 'true' } : {}),
    },
    points: points.get(route) ?? [],
  }));
  const dropped = run.sdkDropped === undefined ? 0 : run.sdkDropped;
  const started = (result: string, value: (i: number) => number): CounterSeries => ({
    ...cumulative,
    metric: 'otel.sdk.span.started',
    labels: { 'otel.span.sampling_result': result },
    points: (points.get('/cart') ?? []).map((point, i) => ({ ...point, value: value(i) })),
  });
  const sdk =
    dropped === null ? [] : [started('RECORD_AND_SAMPLE', (i) => i), started('DROP', (i) => i * dropped)];
  const exporter = { 'otel.component.name': 'otlp_http_span_exporter/0' };
  const exportSeries = ['otel.sdk.exporter.span.exported', 'otel.sdk.exporter.operation.duration'].map(
    (metric): CounterSeries => ({
      ...cumulative,
      metric,
      labels: exporter,
      points: (points.get('/cart') ?? []).map((point, i) => ({
        ...point,
        value: (i * METRIC_MS) / (run.exportMs ?? 5_000),
      })),
    }),
  );
  const stored: ServerSpans[] = routes
    .filter((route) => (spans.get(route)?.size ?? 0) > 0)
    .map((route) => ({
      instance: INSTANCE,
      kind: 'Server',
      route,
      rpcMethod: '',
      thresholdHex: run.sampled?.thresholdHex ?? '',
      bySecond: spans.get(route) as Map<number, number>,
    }));
  return estimateMetricAgainstSpans(
    [...series, ...sdk, ...(dropped === null ? [] : exportSeries)],
    stored,
    START_MS + 695_000,
  ).get(KEY) as LossEstimate;
}

describe('estimateMetricAgainstSpans', () => {
  it('finds requests without a span', () => {
    const lossy = estimate({ batchRatio: 0.2 });
    expect(lossy.veto).toBe(null);
    expect(lossy.slow.interval?.lower).toBeGreaterThan(0.05);
    expect(lossy.blame).toMatchObject({ at: 'source', name: 'checkout' });
  });

  it('leaves out a route that is never traced, and says so; not one that is', () => {
    const health = estimate({ health: 'untraced' });
    expect(health.slow.interval?.lower).toBe(0);
    expect(health.evidence['routesNotTraced']).toEqual(['/health']);
    expect(estimate({ health: 'traced' }).evidence['routesNotTraced']).toEqual([]);
  });

  it('weighs sampled spans by their threshold, and knows less', () => {
    const all = estimate({});
    const sampled = estimate({ sampled: { probability: 0.5, thresholdHex: '8' }, sdkDropped: 100 });
    expect(sampled.veto).toBe(null);
    expect(sampled.slow.interval?.lower).toBe(0);
    expect(sampled.slow.interval?.upper).toBeGreaterThan(all.slow.interval?.upper ?? 1);
  });

  it.each([
    ['SAMPLING_UNKNOWN', { sdkDropped: 100 }],
    ['SAMPLING_UNKNOWN', { sdkDropped: null }],
    ['SAMPLING_UNKNOWN', { sampled: { probability: 0.5, thresholdHex: 'XYZ' }, sdkDropped: 100 }],
    ['METRIC_OVERFLOW', { isOverflowing: true }],
    ['NOT_TRACED', { spanRatio: 1 }],
    ['SPANS_EXCEED_METRIC', { sampled: { probability: 0.5, thresholdHex: 'e' } }],
  ] as const)('vetoes: %s for %o', (code, run) => {
    expect(estimate(run).veto?.code).toBe(code);
  });

  // Beside each the coverage of 200 runs; single spans are covered too often, as the noise of the edges is added.
  it.each([
    ['single spans', 0.005, { spanRatio: 0.005 }], // 1
    ['single spans', 0.02, { spanRatio: 0.02 }], // 1
    ['single spans', 0.05, { spanRatio: 0.05 }], // 1
    ['single spans', 0.2, { spanRatio: 0.2 }], // 0.98
    ['batches', 0.005, { batchRatio: 0.005 }], // 0.95
    ['batches', 0.02, { batchRatio: 0.02 }], // 0.965
    ['batches', 0.05, { batchRatio: 0.05 }], // 0.97
    ['batches', 0.2, { batchRatio: 0.2 }], // 0.955
    ['sampled', 0.05, { spanRatio: 0.05, sampled: { probability: 0.5, thresholdHex: '8' } }], // 0.995
  ] as const)('covers the rate of loss: %s %d', (_name, truth, run) => {
    let covered = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const { slow } = estimate({ ...run, seed: seed * 7_919 });
      if (slow.interval !== null && slow.interval.lower <= truth && truth <= slow.interval.upper) covered++;
    }
    expect(covered / 200).toBeGreaterThanOrEqual(0.9);
  });

  it('never fails healthy traffic, and passes it at 1 % where there are exports enough to know', () => {
    const healthy = Array.from({ length: 100 }, (_, seed) =>
      estimate({ seed, exportMs: 1_000, perSecond: 100 }),
    );
    const passed = healthy.filter(({ slow }) => (slow.interval?.upper ?? 1) <= 0.01);
    expect(passed.length).toBeGreaterThanOrEqual(95);
    expect(healthy.filter(({ fast }) => (fast.interval?.lower ?? 1) > 0)).toEqual([]);
  });
});
