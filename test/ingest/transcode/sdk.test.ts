import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Signal } from '../../../core/signal.ts';
import { jsonToProtobuf } from '../../../ingest/transcode/json-to-protobuf.ts';
import { SignalBatch } from '../../../ingest/transcode/signal-batch.ts';
import { startTestEngine, type TestEngine } from '../../engine-process.ts';
import { ARRIVAL, chunksOf } from './chunks-of.ts';
import { storedRows } from './stored-rows.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: [] });
});
afterAll(() => engine.close());

const resource = resourceFromAttributes({ 'service.name': 'sdk', 'service.instance.id': 'one', pid: 42 });

/** Both serializations of what a real SDK recorded make the same chunks; the rows are read back. */
async function stored(
  signal: Signal,
  bodies: { protobuf: Uint8Array | undefined; json: Uint8Array | undefined },
) {
  const protobuf = bodies.protobuf as Uint8Array;
  const json = jsonToProtobuf(signal, bodies.json as Uint8Array);
  expect(json.warnings).toEqual([]);
  const chunks = chunksOf(signal, [protobuf]);
  expect(chunksOf(signal, [json.body])).toEqual(chunks);
  expect(chunks.judged[0]).toMatchObject({ rejectedCount: 0, warnings: [] });
  const batch = new SignalBatch(signal);
  batch.append(protobuf, { ...ARRIVAL, tenant: signal });
  return storedRows(engine, batch.seal(), signal);
}

describe('what a real SDK sends', () => {
  it('as spans', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({
      resource,
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    const tracer = provider.getTracer('tests', '1.2.3');
    const parent = tracer.startSpan('GET /cart', {
      kind: SpanKind.SERVER,
      attributes: { ok: true, list: ['a', 'b'] },
    });
    const within = trace.setSpan(context.active(), parent);
    const child = tracer.startSpan(
      'SELECT',
      { kind: SpanKind.CLIENT, links: [{ context: parent.spanContext() }] },
      within,
    );
    child.recordException(new Error('no such table'));
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' });
    child.end();
    parent.end();
    await provider.forceFlush();
    const spans = exporter.getFinishedSpans();
    const { otel_traces: rows } = await stored('traces', {
      protobuf: ProtobufTraceSerializer.serializeRequest(spans),
      json: JsonTraceSerializer.serializeRequest(spans),
    });
    const { traceId, spanId } = parent.spanContext();
    expect(rows).toHaveLength(2);
    expect(rows).toContainEqual(
      expect.objectContaining({
        TraceId: traceId,
        SpanName: 'SELECT',
        SpanKind: 'Client',
        ParentSpanId: spanId,
        StatusCode: 'Error',
        StatusMessage: 'failed',
        'Events.Name': ['exception'],
        'Links.SpanId': [spanId],
        ScopeVersion: '1.2.3',
        ServiceInstanceId: 'one',
      }),
    );
    const attributes = [
      ['list', '["a","b"]'],
      ['ok', 'true'],
    ];
    expect(rows).toContainEqual(
      expect.objectContaining({ SpanId: spanId, SpanAttributes: attributes, ParentSpanId: '' }),
    );
    await provider.shutdown();
  });

  it('as log records', async () => {
    const exporter = new InMemoryLogRecordExporter();
    const processors = [new SimpleLogRecordProcessor({ exporter })];
    const provider = new LoggerProvider({ resource, processors });
    const logger = provider.getLogger('tests', '1.2.3');
    const body = { message: 'sold', count: 3, ratio: 0.5, tags: ['a', null] };
    logger.emit({
      severityNumber: 9,
      severityText: 'INFO',
      body,
      attributes: { 'user.id': 7 },
      eventName: 'sale',
    });
    await provider.forceFlush();
    const records = exporter.getFinishedLogRecords();
    const { otel_logs: rows } = await stored('logs', {
      protobuf: ProtobufLogsSerializer.serializeRequest(records),
      json: JsonLogsSerializer.serializeRequest(records),
    });
    expect(rows).toEqual([
      expect.objectContaining({
        Body: '{"message":"sold","count":3,"ratio":0.5,"tags":["a",null]}',
        LogAttributes: [['user.id', '7']],
        SeverityNumber: 9,
        EventName: 'sale',
        TraceId: '',
      }),
    ]);
    await provider.shutdown();
  });

  it('as data points of four kinds', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const exponential = {
      instrumentName: 'spread',
      aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM as const },
    };
    const provider = new MeterProvider({ resource, readers: [reader], views: [exponential] });
    const meter = provider.getMeter('tests');
    meter.createCounter('sales', { unit: '{sale}' }).add(5, { shop: 'a' });
    meter.createHistogram('latency', { advice: { explicitBucketBoundaries: [1, 10] } }).record(3);
    meter.createHistogram('spread').record(100);
    meter.createObservableGauge('load').addCallback((result) => result.observe(0.25));
    await provider.forceFlush();
    const [metrics] = exporter.getMetrics();
    const rows = await stored('metrics', {
      protobuf: ProtobufMetricsSerializer.serializeRequest(metrics as NonNullable<typeof metrics>),
      json: JsonMetricsSerializer.serializeRequest(metrics as NonNullable<typeof metrics>),
    });
    expect(rows['otel_metrics_sum']).toEqual([
      expect.objectContaining({
        MetricName: 'sales',
        Value: 5,
        IsMonotonic: true,
        AggregationTemporality: 2,
        Attributes: [['shop', 'a']],
      }),
    ]);
    expect(rows['otel_metrics_histogram']).toEqual([
      expect.objectContaining({
        BucketCounts: ['0', '1', '0'],
        ExplicitBounds: [1, 10],
        Count: '1',
        Sum: 3,
        Min: 3,
        Max: 3,
      }),
    ]);
    expect(rows['otel_metrics_exponential_histogram']).toEqual([
      expect.objectContaining({ MetricName: 'spread', Count: '1', PositiveBucketCounts: ['1'], Max: 100 }),
    ]);
    expect(rows['otel_metrics_gauge']).toEqual([
      expect.objectContaining({ MetricName: 'load', Value: 0.25 }),
    ]);
    await provider.shutdown();
  });
});
