import { ArrayColumn } from '../columns/array-column.ts';
import { ArrayOffsets } from '../columns/array-offsets.ts';
import { FixedColumn } from '../columns/fixed-column.ts';
import { LowCardinalityColumn } from '../columns/low-cardinality-column.ts';
import { MapColumn } from '../columns/map-column.ts';
import { NullableInt64Column } from '../columns/nullable-int64-column.ts';
import { TextColumn } from '../columns/text-column.ts';

/** What every metric table has before its own columns. */
function pointColumns() {
  return {
    ResourceAttributes: new MapColumn(),
    ResourceSchemaUrl: new TextColumn(),
    ScopeName: new TextColumn(),
    ScopeVersion: new TextColumn(),
    ScopeAttributes: new MapColumn(),
    ScopeDroppedAttrCount: new FixedColumn('UInt32'),
    ScopeSchemaUrl: new TextColumn(),
    ServiceName: new LowCardinalityColumn(),
    MetricName: new LowCardinalityColumn(),
    MetricDescription: new TextColumn(),
    MetricUnit: new TextColumn(),
    Attributes: new MapColumn(),
    StartTimeUnix: new FixedColumn("DateTime64(9, 'UTC')"),
    TimeUnix: new FixedColumn("DateTime64(9, 'UTC')"),
    Flags: new FixedColumn('UInt32'),
    ReceivedAt: new FixedColumn("DateTime64(3, 'UTC')"),
    Tenant: new LowCardinalityColumn(),
    ServiceNamespace: new LowCardinalityColumn(),
    ServiceInstanceId: new LowCardinalityColumn(),
    Anomalies: new FixedColumn('UInt32'),
  };
}

function exemplarColumns() {
  const offsets = new ArrayOffsets();
  return {
    'Exemplars.FilteredAttributes': new ArrayColumn(offsets, new MapColumn()),
    'Exemplars.TimeUnix': new ArrayColumn(offsets, new FixedColumn("DateTime64(9, 'UTC')")),
    'Exemplars.Value': new ArrayColumn(offsets, new FixedColumn('Float64')),
    'Exemplars.SpanId': new ArrayColumn(offsets, new TextColumn()),
    'Exemplars.TraceId': new ArrayColumn(offsets, new TextColumn()),
  };
}

export type PointColumns = ReturnType<typeof pointColumns>;
export type ExemplarColumns = ReturnType<typeof exemplarColumns>;
export type GaugeColumns = ReturnType<typeof gaugeColumns>;
export type HistogramColumns = ReturnType<typeof histogramColumns>;
export type ExponentialHistogramColumns = ReturnType<typeof exponentialHistogramColumns>;
export type SummaryColumns = ReturnType<typeof summaryColumns>;

/** The inserted columns of otel_metrics_gauge. */
export function gaugeColumns() {
  return {
    ...pointColumns(),
    ...exemplarColumns(),
    Value: new FixedColumn('Float64'),
    ValueInt: new NullableInt64Column(),
  };
}

/** The inserted columns of otel_metrics_sum. */
export function sumColumns() {
  return {
    ...gaugeColumns(),
    AggregationTemporality: new FixedColumn('Int32'),
    IsMonotonic: new FixedColumn('Bool'),
  };
}

/** The inserted columns of otel_metrics_histogram. */
export function histogramColumns() {
  return {
    ...pointColumns(),
    ...exemplarColumns(),
    Count: new FixedColumn('UInt64'),
    Sum: new FixedColumn('Float64'),
    BucketCounts: new ArrayColumn(new ArrayOffsets(), new FixedColumn('UInt64')),
    ExplicitBounds: new ArrayColumn(new ArrayOffsets(), new FixedColumn('Float64')),
    Min: new FixedColumn('Float64'),
    Max: new FixedColumn('Float64'),
    AggregationTemporality: new FixedColumn('Int32'),
  };
}

/** The inserted columns of otel_metrics_exponential_histogram. */
export function exponentialHistogramColumns() {
  return {
    ...pointColumns(),
    ...exemplarColumns(),
    Count: new FixedColumn('UInt64'),
    Sum: new FixedColumn('Float64'),
    Scale: new FixedColumn('Int32'),
    ZeroCount: new FixedColumn('UInt64'),
    PositiveOffset: new FixedColumn('Int32'),
    PositiveBucketCounts: new ArrayColumn(new ArrayOffsets(), new FixedColumn('UInt64')),
    NegativeOffset: new FixedColumn('Int32'),
    NegativeBucketCounts: new ArrayColumn(new ArrayOffsets(), new FixedColumn('UInt64')),
    Min: new FixedColumn('Float64'),
    Max: new FixedColumn('Float64'),
    ZeroThreshold: new FixedColumn('Float64'),
    AggregationTemporality: new FixedColumn('Int32'),
  };
}

/** The inserted columns of otel_metrics_summary. */
export function summaryColumns() {
  const quantiles = new ArrayOffsets();
  return {
    ...pointColumns(),
    Count: new FixedColumn('UInt64'),
    Sum: new FixedColumn('Float64'),
    'ValueAtQuantiles.Quantile': new ArrayColumn(quantiles, new FixedColumn('Float64')),
    'ValueAtQuantiles.Value': new ArrayColumn(quantiles, new FixedColumn('Float64')),
  };
}
