import type { Attributes, Meter } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';

export interface TestMetrics {
  readonly meter: Meter;
  /** Value of each point by its attributes, as JSON; of a histogram the count. */
  values(name: string): Promise<Record<string, number>>;
}

export function testMetrics(): TestMetrics {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    meter: provider.getMeter('test'),
    async values(name) {
      const { resourceMetrics } = await reader.collect();
      const points = resourceMetrics.scopeMetrics
        .flatMap(({ metrics }) => metrics)
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ dataPoints }) => dataPoints as { attributes: Attributes; value: number | Histogram }[]);
      return Object.fromEntries(
        points.map(({ attributes, value }) => [
          JSON.stringify(attributes),
          typeof value === 'number' ? value : value.count,
        ]),
      );
    },
  };
}
