-- Why:  what SDKs and Collectors count of themselves, and how many requests a server counts: both tell what was lost
--       before it reached us. Only the metrics that estimators read are kept, and of each series what is exact and
--       merges: the first and the last point (minimum and maximum of time and value), the sum of deltas, the maximum.
-- Care: values are whole numbers (Int64), rounded where they came as doubles: a sum of doubles would depend on the
--       order of merging. A histogram's value is its Count. Labels follow from Series, so any of them is the same.
-- Undo: DROP the views, then the tables; all are derived, and are rebuilt from the otel_* rows.

CREATE TABLE IF NOT EXISTS tally_counter {on_cluster} (
    ReceiveBucket     DateTime('UTC') COMMENT 'start of 5 s of arrival time',
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    MetricName        LowCardinality(String),
    Temporality       UInt8 COMMENT '0 a level (gauge), 1 delta, 2 cumulative',
    Epoch             DateTime64(9, 'UTC') COMMENT 'StartTimeUnix of a cumulative series, 0 of others',
    Series            UInt64 COMMENT 'hash of scope and all attributes',
    Labels            SimpleAggregateFunction(any, Map(String, String)) COMMENT 'the attributes that matter',
    StartTimeMin      SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
    First             SimpleAggregateFunction(min, Tuple(DateTime64(9, 'UTC'), Int64)) COMMENT 'TimeUnix, value',
    Last              SimpleAggregateFunction(max, Tuple(DateTime64(9, 'UTC'), Int64)) COMMENT 'TimeUnix, value',
    ValueMax          SimpleAggregateFunction(max, Int64) COMMENT 'above the last one: the counter fell',
    DeltaSum          SimpleAggregateFunction(sum, Int64) COMMENT 'of delta points; 0 of others',
    Points            SimpleAggregateFunction(sum, UInt64)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveBucket)
ORDER BY (ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series)
TTL ReceiveBucket + INTERVAL 14 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_counter_sum_mv {on_cluster} TO tally_counter AS
SELECT toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, StartTimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ScopeName, mapSort(Attributes)) AS Series,
    any(mapFilter((k, v) -> k IN ('otel.component.name', 'otel.component.type', 'error.type', 'otel.span.sampling_result',
        'receiver', 'processor', 'exporter', 'otel.signal', 'otel.metric.overflow'), Attributes)) AS Labels,
    min(StartTimeUnix) AS StartTimeMin,
    min((TimeUnix, Whole)) AS First, max((TimeUnix, Whole)) AS Last, max(Whole) AS ValueMax,
    sum(if(AggregationTemporality = 1, Whole, 0)) AS DeltaSum, count() AS Points
FROM (
    SELECT *, ifNull(ValueInt, toInt64(round(greatest(least(Value, 9e18), -9e18)))) AS Whole
    FROM otel_metrics_sum
    WHERE (startsWith(MetricName, 'otel.sdk.') OR startsWith(MetricName, 'otelcol_')) AND isFinite(Value)
        AND match(MetricName, '^otel\\.sdk\\.(span\\.(started|live|ended)|log\\.created|processor\\.(span|log)\\.(processed|queue\\.size|queue\\.capacity)|exporter\\.(span|log|metric_data_point)\\.(exported|inflight))(\\.count)?$|^otelcol_(receiver_(accepted|refused|failed)_(spans|metric_points|log_records)|exporter_(sent|send_failed|enqueue_failed)_(spans|metric_points|log_records)|exporter_(queue_size|queue_capacity|in_flight_requests)|processor_(incoming|outgoing)_items|processor_tail_sampling_new_trace_id_received|processor_probabilistic_sampler_count_(traces|logs)_sampled)(_total)?$')
)
GROUP BY ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_counter_gauge_mv {on_cluster} TO tally_counter AS
SELECT toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName,
    toUInt8(0) AS Temporality, toDateTime64(0, 9, 'UTC') AS Epoch,
    cityHash64(ScopeName, mapSort(Attributes)) AS Series,
    any(mapFilter((k, v) -> k IN ('otel.component.name', 'otel.component.type', 'exporter', 'otel.signal'), Attributes)) AS Labels,
    min(StartTimeUnix) AS StartTimeMin,
    min((TimeUnix, Whole)) AS First, max((TimeUnix, Whole)) AS Last, max(Whole) AS ValueMax,
    toInt64(0) AS DeltaSum, count() AS Points
FROM (
    SELECT *, ifNull(ValueInt, toInt64(round(greatest(least(Value, 9e18), -9e18)))) AS Whole
    FROM otel_metrics_gauge
    WHERE (startsWith(MetricName, 'otel.sdk.') OR startsWith(MetricName, 'otelcol_')) AND isFinite(Value)
        AND match(MetricName, '^otel\\.sdk\\.processor\\.(span|log)\\.queue\\.(size|capacity)$|^otelcol_exporter_(queue_size|queue_capacity|in_flight_requests)$')
)
GROUP BY ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Series;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_counter_histogram_mv {on_cluster} TO tally_counter AS
SELECT toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, StartTimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ScopeName, mapSort(Attributes)) AS Series,
    any(mapFilter((k, v) -> k IN ('otel.component.name', 'error.type', 'http.route', 'rpc.method',
        'otel.metric.overflow'), Attributes)) AS Labels,
    min(StartTimeUnix) AS StartTimeMin,
    min((TimeUnix, Whole)) AS First, max((TimeUnix, Whole)) AS Last, max(Whole) AS ValueMax,
    sum(if(AggregationTemporality = 1, Whole, 0)) AS DeltaSum, count() AS Points
FROM (
    SELECT *, toInt64(least(Count, 9000000000000000000)) AS Whole
    FROM otel_metrics_histogram
    WHERE MetricName IN ('otel.sdk.exporter.operation.duration', 'http.server.request.duration', 'http.server.duration',
        'rpc.server.call.duration', 'rpc.server.duration', 'messaging.process.duration') AND bitAnd(Flags, 1) = 0
)
GROUP BY ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_counter_exponential_histogram_mv {on_cluster} TO tally_counter AS
SELECT toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, StartTimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ScopeName, mapSort(Attributes)) AS Series,
    any(mapFilter((k, v) -> k IN ('otel.component.name', 'error.type', 'http.route', 'rpc.method',
        'otel.metric.overflow'), Attributes)) AS Labels,
    min(StartTimeUnix) AS StartTimeMin,
    min((TimeUnix, Whole)) AS First, max((TimeUnix, Whole)) AS Last, max(Whole) AS ValueMax,
    sum(if(AggregationTemporality = 1, Whole, 0)) AS DeltaSum, count() AS Points
FROM (
    SELECT *, toInt64(least(Count, 9000000000000000000)) AS Whole
    FROM otel_metrics_exponential_histogram
    WHERE MetricName IN ('otel.sdk.exporter.operation.duration', 'http.server.request.duration', 'http.server.duration',
        'rpc.server.call.duration', 'rpc.server.duration', 'messaging.process.duration') AND bitAnd(Flags, 1) = 0
)
GROUP BY ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series;

-- Spans that a request metric counts too, per second of their end: the metric is read at a second, so five of them at
-- each edge of ten minutes would be 1.7 % of doubt. Weights follow from ThresholdHex (see tally_sampling).
CREATE TABLE IF NOT EXISTS tally_server_span {on_cluster} (
    ReceiveMinute     DateTime('UTC') COMMENT 'start of the minute of arrival',
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    SpanKind          LowCardinality(String) COMMENT 'Server or Consumer',
    Route             LowCardinality(String) COMMENT 'http.route, or empty',
    RpcMethod         LowCardinality(String) COMMENT 'rpc.method, or empty',
    ThresholdHex      LowCardinality(String),
    EndSecond         DateTime('UTC') COMMENT 'second of event time in which the span ended',
    Spans             SimpleAggregateFunction(sum, UInt64)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveMinute)
ORDER BY (ReceiveMinute, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, SpanKind, Route, RpcMethod, ThresholdHex, EndSecond)
TTL ReceiveMinute + INTERVAL 1 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_server_span_mv {on_cluster} TO tally_server_span AS
SELECT toStartOfMinute(toDateTime(ReceivedAt)) AS ReceiveMinute,
    Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, SpanKind,
    toLowCardinality(SpanAttributes['http.route']) AS Route, toLowCardinality(SpanAttributes['rpc.method']) AS RpcMethod,
    if(TraceState = '', '', extract(TraceState, '(?:^|,)[ \\t]*ot=(?:[^,]*;)?th:([^;,]*)')) AS ThresholdHex,
    toDateTime(addNanoseconds(Timestamp, Duration)) AS EndSecond, count() AS Spans
FROM otel_traces
WHERE SpanKind IN ('Server', 'Consumer')
GROUP BY ReceiveMinute, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, SpanKind, Route, RpcMethod, ThresholdHex, EndSecond;
