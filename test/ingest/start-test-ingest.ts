import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { Log } from '../../core/log.ts';
import type { IngestConfig } from '../../ingest/config.ts';
import { type Ingest, startIngest } from '../../ingest/start-ingest.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface TestIngest extends Ingest {
  readonly dataDir: string;
  readonly httpUrl: string;
  readonly grpcUrl: string;
  /** What was logged as a warning or an error. */
  readonly complaints: string[];
  /** The sum of a counter, or the last value of a gauge, over the points with these attributes. */
  metric(name: string, attributes?: Record<string, string>): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A store that nobody serves: requests are judged and spooled, and stay there. */
export function deadClient(): ClickHouseClient {
  return createClient({ url: 'http://127.0.0.1:9', log: { level: ClickHouseLogLevel.OFF } });
}

/** The ingest role in this process, on free ports and, unless told otherwise, a fresh data directory. */
export async function startTestIngest(
  config: Partial<IngestConfig> = {},
  client: ClickHouseClient = deadClient(),
  { now = Date.now }: { now?: () => number } = {},
): Promise<TestIngest> {
  const folder = config.dataDir === undefined ? await temporaryFolder() : null;
  const dataDir = config.dataDir ?? (folder?.path as string);
  const complaints: string[] = [];
  const complain = (facts: object, text: string) => void complaints.push(`${text} ${JSON.stringify(facts)}`);
  const log: Log = { info: () => undefined, warn: complain, error: complain };
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  const dispose = async () => {
    await client.close();
    await folder?.[Symbol.asyncDispose]();
  };
  const ingest = await startIngest(
    {
      otlpHttpPort: 0,
      otlpGrpcPort: 0,
      diskFreeBytesMin: 0,
      drainMsMax: 200,
      batchAgeMsMax: 100,
      ...config,
      dataDir,
    },
    { client, now, log, meter },
  ).catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  const metric = async (name: string, attributes: Record<string, string> = {}) => {
    exporter.reset();
    await reader.forceFlush();
    const metrics = exporter
      .getMetrics()
      .flatMap((all) => all.scopeMetrics.flatMap((scope) => scope.metrics));
    return metrics
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints as DataPoint<number | { count: number }>[])
      .filter((point) => Object.entries(attributes).every(([key, value]) => point.attributes[key] === value))
      .reduce((sum, { value }) => sum + (typeof value === 'number' ? value : value.count), 0);
  };
  return {
    ...ingest,
    dataDir,
    complaints,
    metric,
    httpUrl: `http://127.0.0.1:${ingest.httpPort}`,
    grpcUrl: `127.0.0.1:${ingest.grpcPort}`,
    [Symbol.asyncDispose]: async () => {
      await ingest.close();
      await dispose();
    },
  };
}
