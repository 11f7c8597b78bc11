import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DURATION_BOUNDS_MS } from '../../../core/sampling/sampling-window.ts';
import { createStoreClient } from '../../../store/client.ts';
import { readPopulationSeries } from '../../../store/tallies/read-population-series.ts';
import { readTracedInstances } from '../../../store/tallies/read-traced-instances.ts';
import { alignWindow } from '../../../validators/sampling/population/align-population.ts';
import { decomposeRate } from '../../../validators/sampling/population/decompose-rate.ts';
import { findPopulations } from '../../../validators/sampling/population/find-populations.ts';
import { startTestEngine, type TestEngine } from '../../engine-process.ts';
import { startTestIngest, type TestIngest } from '../../ingest/start-test-ingest.ts';
import { waitUntil } from '../../jobs/wait-until.ts';

let engine: TestEngine;
let ingest: TestIngest;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_population', 'tally_source'] });
  ingest = await startTestIngest({}, createStoreClient({ url: engine.url, token: engine.token }));
});
afterAll(async () => {
  await ingest[Symbol.asyncDispose]();
  await engine.close();
});

const ROUNDS = 4;
const EACH = 50;
/** Readings closer together are one report in parts. */
const APART_MS = 700;

/**
 * A service with the SDK that answers `EACH` requests between two reports of its metrics, each a SERVER span with a
 * local child; one of five fails with 500, one of ten with 404, one of two takes 80 ms, of the others 30 s.
 */
async function serve(service: string, temporalityPreference: AggregationTemporality) {
  const resource = resourceFromAttributes({ 'service.name': service, 'service.instance.id': `${service}-1` });
  const url = `${ingest.httpUrl}/v1`;
  const metrics = new OTLPMetricExporter({ url: `${url}/metrics`, temporalityPreference });
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ resource, readers: [reader] });
  const exporter = new OTLPTraceExporter({ url: `${url}/traces` });
  const tracerProvider = new TracerProvider({
    resource,
    meterProvider,
    sampler: new TraceIdRatioBasedSampler(0.5),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = tracerProvider.getTracer('shop');
  const duration = meterProvider.getMeter('shop').createHistogram('http.server.request.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BOUNDS_MS.map((bound) => bound / 1_000) },
  });
  let sampled = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (let n = 0; n < EACH; n++) {
      const caller = { traceId: n.toString(16).padStart(32, '5'), spanId: '1'.repeat(16), isRemote: true };
      const parent = trace.setSpanContext(ROOT_CONTEXT, { ...caller, traceFlags: TraceFlags.SAMPLED });
      const span = tracer.startSpan('GET', { kind: SpanKind.SERVER }, n % 2 === 0 ? parent : ROOT_CONTEXT);
      tracer.startSpan('SELECT', {}, trace.setSpan(ROOT_CONTEXT, span)).end();
      const status = n % 5 === 0 ? 500 : n % 10 === 1 ? 404 : 200;
      if (status === 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
      if (span.isRecording() || span.spanContext().traceFlags === TraceFlags.SAMPLED)
        sampled += round > 0 ? 1 : 0;
      duration.record(n % 2 === 0 ? 0.08 : 30, {
        'http.route': '/cart',
        'http.response.status_code': status,
        ...(status === 500 ? { 'error.type': '500' } : {}),
      });
    }
    await reader.forceFlush();
    const reportedMs = Date.now();
    await waitUntil('time for the next report', () => Date.now() > reportedMs + APART_MS);
  }
  await tracerProvider.forceFlush();
  await tracerProvider.shutdown();
  await meterProvider.shutdown();
  return sampled;
}

describe('counters of a real SDK', () => {
  it.each([
    ['cumulative', AggregationTemporality.CUMULATIVE],
    ['delta', AggregationTemporality.DELTA],
  ])(
    'are found, %s, and tell all requests, errors, durations and what was sampled',
    async (name, preference) => {
      const fromMs = Date.now() - 60_000;
      const sampled = await serve(name, preference);
      await expect.poll(() => ingest.metric('plumbline.ingest.spool.records'), { timeout: 20_000 }).toBe(0);
      const range = { fromMs, untilMs: Date.now() + 60_000 };
      const all = await readPopulationSeries(engine.client, range);
      const series = all.filter(({ instance }) => instance.serviceName === name);
      const traced = await readTracedInstances(engine.client, range);
      const found = findPopulations({ series, traced, spans: [], declared: [], fromMs });
      expect(found.size).toBe(1);
      const [started, requests] = [...found.values()][0] ?? [];
      expect(started).toMatchObject({ counter: 'otel.sdk.span.started', unit: 'roots', veto: null });
      expect(requests).toMatchObject({
        counter: 'http.server.request.duration',
        unit: 'requests',
        veto: null,
      });
      const readings = [
        ...new Set(series.flatMap(({ points }) => points.map(({ timeMs }) => timeMs))),
      ].sort();
      const window = { startMs: readings[0] as number, endMs: readings[ROUNDS - 1] as number };
      const counted = (ROUNDS - 1) * EACH;
      const byStarted = alignWindow(started as NonNullable<typeof started>, window);
      expect(byStarted).toMatchObject({ requests: counted, sdkSampled: sampled, errors: null });
      const byRequests = alignWindow(requests as NonNullable<typeof requests>, window);
      expect(byRequests).toMatchObject({
        requests: counted,
        errors: counted / 5,
        startVariance: 0,
        endVariance: 0,
      });
      const slow = byRequests?.byDuration ?? [];
      expect(slow.indexOf(counted / 2)).toBe(DURATION_BOUNDS_MS.indexOf(100));
      expect(slow.lastIndexOf(counted / 2)).toBe(DURATION_BOUNDS_MS.length);
      const parts = decomposeRate({
        started: counted,
        sampled,
        received: sampled,
        weighted: sampled * 10,
        edgeVariance: 0,
        designEffect: 1,
        tolerance: 0.02,
        z: 4.9,
      });
      expect(parts.cause).toBe('rate');
    },
  );
});
