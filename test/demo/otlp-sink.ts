import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** The fields of OTLP that the demo's tests look at; everything else is skipped by number. */
const TYPES = protobuf.Root.fromJSON({
  nested: {
    Value: { fields: { stringValue: { type: 'string', id: 1 } } },
    Attribute: { fields: { key: { type: 'string', id: 1 }, value: { type: 'Value', id: 2 } } },
    Resource: { fields: { attributes: { rule: 'repeated', type: 'Attribute', id: 1 } } },
    Status: { fields: { code: { type: 'int32', id: 3 } } },
    Span: {
      fields: {
        traceId: { type: 'bytes', id: 1 },
        spanId: { type: 'bytes', id: 2 },
        traceState: { type: 'string', id: 3 },
        parentSpanId: { type: 'bytes', id: 4 },
        kind: { type: 'int32', id: 6 },
        status: { type: 'Status', id: 15 },
        flags: { type: 'fixed32', id: 16 },
      },
    },
    Scope: { fields: { spans: { rule: 'repeated', type: 'Span', id: 2 } } },
    ResourceSpans: {
      fields: {
        resource: { type: 'Resource', id: 1 },
        scopeSpans: { rule: 'repeated', type: 'Scope', id: 2 },
      },
    },
    Request: { fields: { resourceSpans: { rule: 'repeated', type: 'ResourceSpans', id: 1 } } },
    LogRecord: { fields: { traceId: { type: 'bytes', id: 9 } } },
    ScopeLogs: { fields: { logRecords: { rule: 'repeated', type: 'LogRecord', id: 2 } } },
    ResourceLogs: { fields: { scopeLogs: { rule: 'repeated', type: 'ScopeLogs', id: 2 } } },
    LogRequest: { fields: { resourceLogs: { rule: 'repeated', type: 'ResourceLogs', id: 1 } } },
  },
});

export interface SunkSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  /** 2 server, 3 client. */
  readonly kind: number;
  readonly flags: number;
  /** 2 is an error. */
  readonly status: number;
  readonly receivedAtMs: number;
}

interface WireSpan {
  traceId?: Uint8Array | string;
  spanId?: Uint8Array | string;
  parentSpanId?: Uint8Array | string;
  traceState?: string;
  kind?: number;
  flags?: number;
  status?: { code?: number };
}

interface WireRequest {
  resourceSpans?: {
    resource?: { attributes?: { key: string; value: { stringValue?: string } }[] };
    scopeSpans?: { spans?: WireSpan[] }[];
  }[];
}

export interface OtlpSink {
  readonly httpUrl: string;
  readonly grpcUrl: string;
  readonly spans: SunkSpan[];
  /** `protocol path` of every export request, such as `http/json /v1/traces`. */
  readonly requests: string[];
  /** Trace ids of the log records that came as protobuf. */
  readonly logTraceIds: string[];
  close(): Promise<void>;
}

const hex = (id: Uint8Array | string | undefined): string =>
  typeof id === 'string' ? id : Buffer.from(id ?? []).toString('hex');

function readSpans(request: WireRequest): SunkSpan[] {
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const name = resource?.attributes?.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return (scopeSpans ?? [])
      .flatMap(({ spans }) => spans ?? [])
      .map((span) => ({
        service: name,
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        traceState: span.traceState ?? '',
        kind: span.kind ?? 0,
        flags: span.flags ?? 0,
        status: span.status?.code ?? 0,
        receivedAtMs: Date.now(),
      }));
  });
}

const SERVICES = {
  traces: 'trace.v1.TraceService',
  metrics: 'metrics.v1.MetricsService',
  logs: 'logs.v1.LogsService',
};

/** A receiver of OTLP in all three protocols that keeps what it gets. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const spans: SunkSpan[] = [];
  const requests: string[] = [];
  const logTraceIds: string[] = [];
  const takeProtobuf = (path: string, body: Uint8Array): void => {
    if (path === '/v1/traces')
      spans.push(...readSpans(TYPES.lookupType('Request').decode(body) as WireRequest));
    if (path === '/v1/logs') {
      const request = TYPES.lookupType('LogRequest').decode(body).toJSON() as {
        resourceLogs?: { scopeLogs?: { logRecords?: { traceId?: string }[] }[] }[];
      };
      const records = (request.resourceLogs ?? []).flatMap(({ scopeLogs }) => scopeLogs ?? []);
      for (const { traceId } of records.flatMap(({ logRecords }) => logRecords ?? [])) {
        logTraceIds.push(Buffer.from(traceId ?? '', 'base64').toString('hex'));
      }
    }
  };
  const http = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      const json = request.headers['content-type']?.startsWith('application/json') === true;
      const path = request.url ?? '';
      const body = Buffer.concat(chunks);
      requests.push(`${json ? 'http/json' : 'http/protobuf'} ${path}`);
      if (!json) takeProtobuf(path, body);
      else if (path === '/v1/traces') spans.push(...readSpans(JSON.parse(body.toString()) as WireRequest));
      response.writeHead(200, { 'content-type': json ? 'application/json' : 'application/x-protobuf' });
      response.end(json ? '{}' : undefined);
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');

  const grpc = new GrpcServer();
  for (const [signal, service] of Object.entries(SERVICES)) {
    const raw = (buffer: Buffer): Buffer => buffer;
    grpc.addService(
      {
        export: {
          path: `/opentelemetry.proto.collector.${service}/Export`,
          requestStream: false,
          responseStream: false,
          requestSerialize: raw,
          requestDeserialize: raw,
          responseSerialize: raw,
          responseDeserialize: raw,
        },
      },
      {
        export: (call: { request: Buffer }, done: (error: null, response: Buffer) => void) => {
          requests.push(`grpc /v1/${signal}`);
          takeProtobuf(`/v1/${signal}`, call.request);
          done(null, Buffer.alloc(0));
        },
      },
    );
  }
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
  return {
    httpUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    spans,
    requests,
    logTraceIds,
    close: async () => {
      grpc.forceShutdown();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
