import { spanIdText, traceIdText } from '../traffic/id-text.ts';
import type { ExportRequest } from '../traffic/telemetry.ts';

const KINDS = { Internal: 1, Server: 2, Client: 3, Producer: 4, Consumer: 5 };
const FLAGS = { remote: 0x301, local: 0x101 };

/** Sends one export to an OTLP/HTTP endpoint, as JSON. @throws Error when it is not accepted */
export async function sendRequest(otlpUrl: string, request: ExportRequest): Promise<void> {
  const response = await fetch(`${otlpUrl}/v1/${request.signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(bodyOf(request)),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${otlpUrl} answered ${response.status} to an export: ${text}`);
}

function bodyOf(request: ExportRequest): unknown {
  const resource = {
    attributes: [
      attribute('service.namespace', request.tenant),
      attribute('service.name', request.serviceName),
      attribute('service.instance.id', request.instanceId),
      attribute('host.name', request.host),
    ],
  };
  const scope = { name: 'eval' };
  switch (request.signal) {
    case 'traces':
      return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: spansOf(request) }] }] };
    case 'logs':
      return { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: logsOf(request) }] }] };
    case 'metrics':
      return { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics: pointsOf(request) }] }] };
  }
}

function spansOf({ spans, traceState }: ExportRequest): unknown[] {
  return spans.map((span) => ({
    traceId: traceIdText(span.traceId),
    spanId: spanIdText(span.spanId),
    parentSpanId: spanIdText(span.parentSpanId),
    traceState,
    flags: span.isRemote ? FLAGS.remote : FLAGS.local,
    name: span.kind,
    kind: KINDS[span.kind],
    startTimeUnixNano: unixNano(span.startMs),
    endTimeUnixNano: unixNano(span.endMs),
    attributes: span.peer === '' ? [] : [attribute('server.address', span.peer)],
  }));
}

function logsOf({ logs }: ExportRequest): unknown[] {
  return logs.map((log) => ({
    timeUnixNano: unixNano(log.timeMs),
    traceId: traceIdText(log.traceId),
    spanId: spanIdText(log.spanId),
    flags: log.isSampled ? 1 : 0,
    body: { stringValue: 'done' },
  }));
}

function pointsOf({ points }: ExportRequest): unknown[] {
  return points.map(({ metricName, timeMs, value }) => ({
    name: metricName,
    gauge: { dataPoints: [{ timeUnixNano: unixNano(timeMs), asDouble: value }] },
  }));
}

function attribute(key: string, value: string) {
  return { key, value: { stringValue: value } };
}

function unixNano(timeMs: number): string {
  return String(BigInt(Math.round(timeMs * 1_000)) * 1_000n);
}
