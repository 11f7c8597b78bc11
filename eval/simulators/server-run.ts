import type { CounterPoint, CounterSeries } from '../../core/counter-series.ts';
import type { ServerSpans } from '../../core/counter-server-spans.ts';
import { randomFrom } from '../../core/random-from.ts';

const START_MS = 1_700_000_000_000;
const REPORT_MS = 60_000;
export const SERVER = {
  tenant: 't',
  serviceNamespace: 'shop',
  serviceName: 'checkout',
  serviceInstanceId: 'pod-1',
};

export interface ServerRun {
  readonly seed?: number;
  readonly perSecond?: number;
  /** Chance that a span, or all spans of five seconds, is lost. */
  readonly spanRatio?: number;
  readonly batchRatio?: number;
  /** From here on nothing is lost any more; the whole run has 720 s. */
  readonly lostUntilMs?: number;
  /** Between reports of the metrics; 60 s unless told. */
  readonly reportMs?: number;
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
export function runServer(run: ServerRun): {
  series: CounterSeries[];
  stored: ServerSpans[];
  nowMs: number;
} {
  const random = randomFrom(run.seed ?? 1);
  const { reportMs: everyMs = REPORT_MS, lostUntilMs = Number.POSITIVE_INFINITY } = run;
  const routes = ['/cart', '/pay', ...(run.health === undefined ? [] : ['/health'])];
  const counts = new Map(routes.map((route) => [route, 0]));
  const points = new Map(routes.map((route) => [route, [] as CounterPoint[]]));
  const spans = new Map(routes.map((route) => [route, new Map<number, number>()]));
  let [nextMs, isBatchLost, batch] = [0, false, -1];
  for (let reportMs = everyMs; reportMs <= 720_000; reportMs += everyMs) {
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
      const isLost = nextMs < lostUntilMs && (isBatchLost || random() < (run.spanRatio ?? 0));
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
    instance: SERVER,
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
        value: (i * everyMs) / (run.exportMs ?? 5_000),
      })),
    }),
  );
  const stored: ServerSpans[] = routes
    .filter((route) => (spans.get(route)?.size ?? 0) > 0)
    .map((route) => ({
      instance: SERVER,
      kind: 'Server',
      route,
      rpcMethod: '',
      thresholdHex: run.sampled?.thresholdHex ?? '',
      bySecond: spans.get(route) as Map<number, number>,
    }));
  return {
    series: [...series, ...sdk, ...(dropped === null ? [] : exportSeries)],
    stored,
    nowMs: START_MS + 695_000,
  };
}
