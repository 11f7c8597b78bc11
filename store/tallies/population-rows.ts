import { counterMetric } from '../../core/counter-metric.ts';
import type { PopulationSeries } from '../../core/sampling/population-series.ts';

/** One series of `tally_population`, or of raw rows in its form. */
export interface PopulationRow {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly MetricName: string;
  readonly Temporality: number;
  readonly EpochMs: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Derived: number;
  readonly Bounds: readonly number[];
  /** Time and start in ms, the count and those of the buckets. */
  readonly Readings: readonly (readonly [string, string, readonly string[]])[];
}

/** A series whose buckets changed with a release is one for each set of bounds. */
export const POPULATION_COLUMNS = `Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality,
  toUnixTimestamp64Milli(Epoch) AS EpochMs, any(L) AS Labels, max(D) AS Derived, B AS Bounds,
  arraySort(reading -> reading.1,
    groupArray((toUnixTimestamp64Milli(TimeUnix), toUnixTimestamp64Milli(StartedAt), C))) AS Readings`;

export function populationSeries(row: PopulationRow): PopulationSeries {
  return {
    instance: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
    },
    metric: counterMetric(row.MetricName),
    labels: row.Labels,
    temporality: row.Temporality === 1 ? 'delta' : 'cumulative',
    epochMs: row.Temporality === 1 ? null : Number(row.EpochMs),
    isDerived: row.Derived === 1,
    boundsMs: row.Bounds,
    points: row.Readings.map(([timeMs, startMs, counts]) => ({
      timeMs: Number(timeMs),
      startMs: Number(startMs),
      counts: counts.map(Number),
    })),
  };
}
