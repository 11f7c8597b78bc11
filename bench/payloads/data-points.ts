import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { Payload, PayloadMix } from './payload.ts';
import { resourceOf, SERVICES_PER_PAYLOAD, spanAttributes } from './vocabulary.ts';

/** Of each of the four instruments, per service. */
const SERIES = 43;

/** 516 data points: counters, gauges, histograms of 15 buckets and exponential histograms, four attributes each. */
export async function metricPayloads(mix: PayloadMix): Promise<Payload[]> {
  const payloads: Payload[] = [];
  for (let index = 0; index < mix.payloads; index++) {
    const parts: Uint8Array[] = [];
    for (let service = 0; service < SERVICES_PER_PAYLOAD; service++) {
      const source = (index * SERVICES_PER_PAYLOAD + service) % mix.sources;
      const metrics = await collect(service, source, mix.random);
      parts.push(ProtobufMetricsSerializer.serializeRequest(metrics) as Uint8Array);
    }
    // Requests one behind the other are one request: that is how protobuf merges.
    const itemCount = SERIES * 4 * SERVICES_PER_PAYLOAD;
    payloads.push({ signal: 'metrics', itemCount, protobuf: Buffer.concat(parts) });
  }
  return payloads;
}

async function collect(service: number, source: number, random: () => number): Promise<ResourceMetrics> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const views = [
    {
      instrumentName: 'rpc.*',
      aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM as const },
    },
  ];
  const provider = new MeterProvider({ resource: resourceOf(service, source), readers: [reader], views });
  const meter = provider.getMeter('shop', '2.14.3');
  const requests = meter.createCounter('shop.requests', { unit: '{request}' });
  const queue = meter.createGauge('shop.queue.length', { unit: '{request}' });
  const durations = meter.createHistogram('http.server.request.duration', { unit: 's' });
  const calls = meter.createHistogram('rpc.client.call.duration', { unit: 's' });
  for (let series = 0; series < SERIES; series++) {
    const all = spanAttributes(random);
    const attributes = {
      'http.request.method': all['http.request.method'] as string,
      'http.response.status_code': all['http.response.status_code'] as number,
      'http.route': all['http.route'] as string,
      'server.address': `shop-${series}.example.com`,
    };
    requests.add(Math.ceil(random() * 1_000), attributes);
    queue.record(Math.floor(random() * 100), attributes);
    for (let i = 0; i < 20; i++) durations.record(random() ** 4 * 5, attributes);
    for (let i = 0; i < 20; i++) calls.record(random() ** 4 * 5, attributes);
  }
  await provider.forceFlush();
  const [metrics] = exporter.getMetrics();
  await provider.shutdown();
  return metrics as ResourceMetrics;
}
