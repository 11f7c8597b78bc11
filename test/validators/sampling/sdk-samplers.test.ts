import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  createComposableParentThresholdSampler,
  createComposableProbabilitySampler,
  createCompositeSampler,
} from '@opentelemetry/sampler-composite';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  BatchSpanProcessor,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SourceExpectation } from '../../../core/expectation.ts';
import { randomFrom } from '../../../core/random-from.ts';
import { DURATION_BOUNDS_MS } from '../../../core/sampling/sampling-window.ts';
import { consistentSampler } from '../../../demo/sampling/consistent-sampler.ts';
import { judgeSamplingRange } from '../../../jobs/judge-sampling-range.ts';
import { createStoreClient } from '../../../store/client.ts';
import { readOrCreateEngineToken } from '../../../store/engine/engine-token.ts';
import { readRows } from '../../../store/read-rows.ts';
import { settleSamplingWindows } from '../../../store/tallies/settle-sampling-windows.ts';
import type { SettledSampling } from '../../../validators/sampling/judge-settled-sampling.ts';
import { copyMigrated } from '../../copy-migrated.ts';
import { waitUntil } from '../../jobs/wait-until.ts';
import { type Server, startServer } from '../../main/run-plumbline.ts';

const MINUTE_MS = 60_000;
const MINUTES = 3;
const REQUESTS = 3_000;
const RATIO = 0.5;

// In processes of its own, so that the clock of the service can be another one.
let dataDir: string;
let server: Server;
let store: ClickHouseClient;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plumbline-samplers-'));
  copyMigrated(dataDir);
  server = await startServer({ dataDir, env: { PLUMBLINE_ROLES: 'store,ingest' } });
  const url = `http://127.0.0.1:${server.ports.clickhousePort}`;
  store = createStoreClient({ url, token: await readOrCreateEngineToken(dataDir) });
});
afterEach(() => void vi.useRealTimers());
afterAll(async () => {
  await store.close();
  server.signalGroup('SIGKILL');
  await server.exitCode();
  await rm(dataDir, { recursive: true, force: true });
});

/**
 * A service that answered requests in the last minutes, as its SDK reports them: spans as its sampler has it, all
 * requests as a histogram, read at the end of each minute. One of 20 fails, one of 15 takes a second.
 */
async function serve(service: string, sampler: Sampler, fromMs: number): Promise<number> {
  // Ids of its own: spans of the same ids would be copies of each other.
  const random = randomFrom(service.length);
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  const resource = resourceFromAttributes({ 'service.name': service, 'service.instance.id': `${service}-1` });
  const url = `http://127.0.0.1:${server.ports.otlpHttpPort}/v1`;
  vi.useFakeTimers({ toFake: ['Date'], now: fromMs });
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${url}/metrics` }),
    exportIntervalMillis: 3_600_000,
  });
  const meterProvider = new MeterProvider({ resource, readers: [reader] });
  const tracerProvider = new TracerProvider({
    resource,
    meterProvider,
    sampler,
    idGenerator: { generateTraceId: () => hex(32), generateSpanId: () => hex(16) },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${url}/traces` }),
        maxQueueSize: REQUESTS,
      }),
    ],
  });
  const tracer = tracerProvider.getTracer('shop');
  const duration = meterProvider.getMeter('shop').createHistogram('http.server.request.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BOUNDS_MS.map((bound) => bound / 1_000) },
  });
  let sampled = 0;
  for (let minute = 0; minute < MINUTES; minute++) {
    const each = REQUESTS / MINUTES;
    for (let n = 0; n < each; n++) {
      const endMs = fromMs + minute * MINUTE_MS + Math.round(((n + 0.5) * MINUTE_MS) / each);
      const tookMs = random() < 1 / 15 ? 1_000 : 20;
      const status = random() < 1 / 20 ? 500 : 200;
      const span = tracer.startSpan(
        'GET',
        { kind: SpanKind.SERVER, startTime: endMs - tookMs },
        ROOT_CONTEXT,
      );
      if (span.isRecording()) sampled++;
      tracer.startSpan('SELECT', { startTime: endMs - 1 }, trace.setSpan(ROOT_CONTEXT, span)).end(endMs);
      if (status === 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(endMs);
      duration.record(tookMs / 1_000, {
        'http.response.status_code': status,
        ...(status === 500 ? { 'error.type': '500' } : {}),
      });
    }
    vi.setSystemTime(fromMs + (minute + 1) * MINUTE_MS);
    await reader.forceFlush();
    await tracerProvider.forceFlush();
  }
  // Before the clock is real again: a last reading within half a second of the minute's end would be one with that of
  // its end, and the count at the end a share of it.
  await tracerProvider.shutdown();
  await meterProvider.shutdown();
  vi.useRealTimers();
  return sampled;
}

interface Judged extends SettledSampling {
  readonly sampled: number;
  /** As it is where people ask for counts that are nearer. */
  within(countsWithin: number): Promise<SettledSampling>;
}

async function judge(service: string, sampler: Sampler): Promise<Judged> {
  const untilMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const range = { fromMs: untilMs - MINUTES * MINUTE_MS, untilMs };
  const sampled = await serve(service, sampler, range.fromMs);
  const tallied = async () => {
    const [row] = await readRows<{ Spans: string; Readings: string }>(store, {
      sql: `SELECT (SELECT count() FROM tally_span WHERE ServiceName = {service:String}) AS Spans,
        (SELECT uniqExact(TimeUnix) FROM tally_population WHERE ServiceName = {service:String}) AS Readings`,
      params: { service },
      about: 'tally_span',
    });
    return Number(row?.Spans) >= 2 * sampled && Number(row?.Readings) >= MINUTES;
  };
  await waitUntil('all spans and readings', tallied);
  const nowMs = Date.now();
  await settleSamplingWindows(store, { ...range, lagMs: nowMs - untilMs, settledAtMs: nowMs });
  const judgeBy = async (expectations: readonly SourceExpectation[]) => {
    const judged = await judgeSamplingRange({ client: store, expectations, ...range, nowMs });
    return [...judged].find(([key]) => key.includes(service))?.[1] as SettledSampling;
  };
  const written = { constraint: 'shop/traces', serviceName: service, signal: 'traces', limits: {} } as const;
  const within = (countsWithin: number) =>
    judgeBy([{ ...written, latenessQuantile: 0.99, counter: null, countsWithin }]);
  return { ...(await judgeBy([])), sampled, within };
}

describe('a Node SDK, its requests counted beside', () => {
  it('with a consistent sampler: counts agree', async () => {
    const { checks, purposes, counter, diagnoses, sampled, within } = await judge(
      'consistent',
      consistentSampler(RATIO),
    );
    expect(counter).toBe('otel.sdk.span.started');
    expect(checks.c3).toMatchObject({ outcome: 'pass', code: 'COUNTS_AGREE', n: sampled });
    expect(checks.c3.evidence).toMatchObject({
      requests: REQUESTS,
      adjustedCount: sampled / RATIO,
      receivedRatio: 1,
    });
    expect(checks.c5).toMatchObject({ outcome: 'pass', n: sampled });
    expect(purposes.counts.outcome).toBe('pass');
    expect(checks.c1.evidence).toMatchObject({ violations: 0 });
    expect(diagnoses).toEqual([]);
    const nearer = await within(0.002);
    expect(nearer.checks.c3).toMatchObject({ outcome: 'insufficient', code: 'TOO_FEW_SPANS' });
    expect(nearer.purposes.counts.outcome).toBe('insufficient');
  }, 90_000);

  it("with the SDK's composite sampler, parent threshold over probability: counts agree", async () => {
    const sampler = createCompositeSampler(
      createComposableParentThresholdSampler(createComposableProbabilitySampler(RATIO)),
    );
    const { checks, purposes, sampled, diagnoses } = await judge('composite', sampler);
    const marks = await readRows<{ TraceState: string; Spans: string }>(store, {
      sql: `SELECT TraceState, count() AS Spans FROM otel_traces WHERE ServiceName = 'composite' GROUP BY 1`,
      params: {},
      about: 'otel_traces',
    });
    // The local child follows the threshold of its root.
    expect(marks).toEqual([{ TraceState: 'ot=th:8', Spans: String(2 * sampled) }]);
    expect(checks.c3).toMatchObject({ outcome: 'pass', code: 'COUNTS_AGREE', n: sampled });
    expect(checks.c3.evidence).toMatchObject({ requests: REQUESTS, adjustedCount: sampled / RATIO });
    expect(purposes.counts.outcome).toBe('pass');
    expect(checks.c1.evidence).toMatchObject({ violations: 0 });
    expect(diagnoses).toEqual([]);
  }, 90_000);

  it('with TraceIdRatioBased: no weights, so counts are unverifiable, and the rate is inferred', async () => {
    const { checks, purposes, sampled } = await judge('ratio', new TraceIdRatioBasedSampler(RATIO / 2));
    expect(purposes.counts.outcome).toBe('unverifiable');
    expect(checks.c3).toMatchObject({ outcome: 'unverifiable', code: 'WEIGHTS_UNKNOWN', estimate: null });
    expect(checks.c3.evidence).toMatchObject({ requests: REQUESTS, weightless: sampled });
    const { inferred } = checks.c7.evidence as { inferred: { family: string; ratio: number } | null };
    expect(inferred?.family).toBe('xor32');
    expect(Math.abs((inferred?.ratio ?? 0) / (RATIO / 2) - 1)).toBeLessThan(0.01);
  }, 90_000);
});
