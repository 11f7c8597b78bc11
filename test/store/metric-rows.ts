import { toClickhouseTime } from '../../store/clickhouse-time.ts';

/** One data point as a row of an otel_metrics_* table; what is left out takes the column's default. */
export interface PointRow {
  readonly service: string;
  readonly instance?: string;
  readonly metric?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, string>>;
  readonly startMs?: number;
  readonly timeMs: number;
  readonly receivedMs: number;
  readonly value: number;
  readonly flags?: number;
  readonly temporality?: 0 | 1 | 2;
  readonly anomalies?: number;
}

export function gaugeRow(point: PointRow): Record<string, unknown> {
  return {
    ServiceName: point.service,
    ServiceNamespace: 'shop',
    ServiceInstanceId: point.instance ?? `${point.service}-1`,
    Tenant: 'default',
    ResourceAttributes: point.resource ?? {},
    MetricName: point.metric ?? 'm',
    Attributes: point.attributes ?? {},
    StartTimeUnix: toClickhouseTime(point.startMs ?? 0),
    TimeUnix: toClickhouseTime(point.timeMs),
    ReceivedAt: toClickhouseTime(point.receivedMs),
    Value: point.value,
    Flags: point.flags ?? 0,
    Anomalies: point.anomalies ?? 0,
  };
}

/** Of otel_metrics_sum: cumulative and monotonic unless it says otherwise. */
export function sumRow(point: PointRow): Record<string, unknown> {
  return { ...gaugeRow(point), AggregationTemporality: point.temporality ?? 2, IsMonotonic: true };
}

/** Of otel_metrics_histogram; the value is the count. */
export function histogramRow(point: PointRow): Record<string, unknown> {
  const { Value, ...row } = gaugeRow(point);
  return { ...row, Count: Value, Sum: 1.5, AggregationTemporality: point.temporality ?? 2 };
}
