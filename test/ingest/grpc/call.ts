import { Client, compressionAlgorithms, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';

export const METHODS = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
} as const;

export interface GrpcAnswer {
  readonly code: number;
  readonly details: string;
  readonly body: Buffer | null;
  /** The google.rpc.Status of `grpc-status-details-bin`. */
  readonly status: Buffer | null;
}

/** One unary call by grpc-js, with raw bytes. */
export function call(
  client: Client,
  path: string,
  { body, metadata = {} }: { body: Buffer; metadata?: Record<string, string> },
): Promise<GrpcAnswer> {
  const headers = new Metadata();
  for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
  const asIs = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      asIs,
      asIs,
      body,
      headers,
      (error: ServiceError | null, answer?: Buffer) => {
        const status = (error?.metadata?.get('grpc-status-details-bin')[0] as Buffer | undefined) ?? null;
        resolve({ code: error?.code ?? 0, details: error?.details ?? '', body: answer ?? null, status });
      },
    );
  });
}

export function grpcClient(url: string, { gzip = false } = {}): Client {
  return new Client(url, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.default_compression_algorithm': gzip ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
  });
}
