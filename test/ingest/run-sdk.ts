import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import type { TestIngest } from './start-test-ingest.ts';

export const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;

/** A process of its own with a real OpenTelemetry SDK, which sends 500 spans, 40 log records and 3 data points. */
export async function runSdk(
  ingest: TestIngest,
  { protocol, service, env = {} }: { protocol: string; service: string; env?: Record<string, string> },
): Promise<{ code: number; complaints: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'send-by-sdk.ts')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      OTEL_SERVICE_NAME: service,
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_LOG_LEVEL: 'warn', // a partial success or a failure would show
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? `http://${ingest.grpcUrl}` : ingest.httpUrl,
      ...env,
    },
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, complaints };
}

/** How many rows of a service are stored. */
export async function storedCounts(client: ClickHouseClient, service: string) {
  const count = async (table: string) => {
    const query = `SELECT count() AS n FROM ${table} WHERE ServiceName = {service:String}`;
    const result = await client.query({ query, query_params: { service }, format: 'JSONEachRow' });
    return Number((await result.json<{ n: string }>())[0]?.n);
  };
  return {
    spans: await count('otel_traces'),
    logs: await count('otel_logs'),
    sums: await count('otel_metrics_sum'),
    gauges: await count('otel_metrics_gauge'),
    histograms: await count('otel_metrics_histogram'),
  };
}
