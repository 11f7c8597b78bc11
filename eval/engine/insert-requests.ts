import type { ClickHouseClient } from '@clickhouse/client';
import { type SamplingColumns, samplingColumns } from '../../core/sampling/sampling-columns.ts';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { writeRows } from '../../store/write-rows.ts';
import { spanIdText, traceIdText } from '../traffic/id-text.ts';
import type { ExportRequest } from '../traffic/telemetry.ts';

const FLAGS = { remote: 0x301, local: 0x101 };

/** Stores exports as ingest would have, with their arrival in virtual time. @throws PipelineError */
export async function insertRequests(
  client: ClickHouseClient,
  requests: readonly ExportRequest[],
): Promise<void> {
  await writeRows(client, 'otel_traces', requests.flatMap(spanRows));
  await writeRows(client, 'otel_logs', requests.flatMap(logRows));
  await writeRows(client, 'otel_metrics_gauge', requests.flatMap(pointRows));
}

type Row = Record<string, unknown>;

function spanRows(request: ExportRequest): Row[] {
  if (request.spans.length === 0) return [];
  const common = { ...resourceOf(request), TraceState: request.traceState };
  return request.spans.map((span) => ({
    ...common,
    ...weightOfSpan(request, span),
    Timestamp: toClickhouseTime(span.startMs),
    Duration: String(Math.round((span.endMs - span.startMs) * 1_000_000)),
    TraceId: traceIdText(span.traceId),
    SpanId: spanIdText(span.spanId),
    ParentSpanId: spanIdText(span.parentSpanId),
    SpanKind: span.kind,
    SpanName: span.kind,
    SpanFlags: flagsOf(span),
    SpanAttributes: span.peer === '' ? {} : { 'server.address': span.peer },
  }));
}

function weightOfSpan({ traceState }: ExportRequest, span: ExportRequest['spans'][number]): SamplingColumns {
  return samplingColumns({
    traceState,
    traceId: traceIdText(span.traceId),
    flags: flagsOf(span),
    attributes: {},
  });
}

function flagsOf(span: ExportRequest['spans'][number]): number {
  return span.isRemote ? FLAGS.remote : FLAGS.local;
}

function logRows(request: ExportRequest): Row[] {
  const common = resourceOf(request);
  return request.logs.map((log) => ({
    ...common,
    Timestamp: toClickhouseTime(log.timeMs),
    TraceId: traceIdText(log.traceId),
    SpanId: spanIdText(log.spanId),
    TraceFlags: log.isSampled ? 1 : 0,
  }));
}

function pointRows(request: ExportRequest): Row[] {
  const common = resourceOf(request);
  return request.points.map((point) => ({
    ...common,
    MetricName: point.metricName,
    TimeUnix: toClickhouseTime(point.timeMs),
    Value: point.value,
  }));
}

function resourceOf(request: ExportRequest): Row {
  return {
    Tenant: request.tenant,
    ServiceNamespace: 'eval',
    ServiceName: request.serviceName,
    ServiceInstanceId: request.instanceId,
    ResourceAttributes: { 'host.name': request.host },
    ReceivedAt: toClickhouseTime(request.arrivedMs),
  };
}
