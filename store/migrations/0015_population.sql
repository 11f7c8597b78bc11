-- Why:  whether sampled spans stand for all requests is told by a counter that no sampler touched. Beside its total it
--       gives the share of errors and of slow requests, so its buckets and the labels that tell a class are kept, of
--       every reading: the sampled side is compared between readings.
-- Care: a row is one reading of one series; what arrives twice is the same row (maximum of equals), also of deltas.
--       Counts are whole numbers. A metric made from spans (IsDerived) counts what was sampled: kept to say so.
-- Undo: DROP the views, then the table; it is derived, and is rebuilt from the otel_metrics_* rows.

CREATE TABLE IF NOT EXISTS tally_population {on_cluster} (
    ReceiveMinute     DateTime('UTC') COMMENT 'start of the minute of arrival',
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    MetricName        LowCardinality(String),
    Temporality       UInt8 COMMENT '1 delta, 2 cumulative',
    Epoch             DateTime64(9, 'UTC') COMMENT 'StartTimeUnix of a cumulative series, 0 of others',
    Series            UInt64 COMMENT 'hash of scope and all attributes',
    TimeUnix          DateTime64(9, 'UTC'),
    StartTimeMin      SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
    Labels            SimpleAggregateFunction(any, Map(String, String)) COMMENT 'the attributes that matter',
    IsDerived         SimpleAggregateFunction(max, UInt8) COMMENT '1: made from spans',
    BoundsMs          SimpleAggregateFunction(max, Array(Float64)) COMMENT 'of the buckets; empty where there are none',
    Counts            SimpleAggregateFunction(max, Array(Int64)) COMMENT 'the count, then of each bucket'
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveMinute)
ORDER BY (ReceiveMinute, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, TimeUnix)
TTL ReceiveMinute + INTERVAL 1 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_population_sum_mv {on_cluster} TO tally_population AS
SELECT toStartOfMinute(toDateTime(ReceivedAt)) AS ReceiveMinute,
    Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, StartTimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ScopeName, mapSort(Attributes)) AS Series, TimeUnix,
    min(StartTimeUnix) AS StartTimeMin,
    any(mapFilter((k, v) -> k IN ('otel.span.sampling_result', 'otel.span.parent.origin', 'otel.metric.overflow'), Attributes)) AS Labels,
    toUInt8(0) AS IsDerived, CAST([], 'Array(Float64)') AS BoundsMs, max([Whole]) AS Counts
FROM (
    SELECT *, ifNull(ValueInt, toInt64(round(greatest(least(Value, 9e18), -9e18)))) AS Whole
    FROM otel_metrics_sum
    WHERE MetricName IN ('otel.sdk.span.started', 'otel.sdk.span.started.count', 'otel.sdk.span.live', 'otel.sdk.span.live.count')
        AND isFinite(Value) AND AggregationTemporality IN (1, 2)
)
GROUP BY ReceiveMinute, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, TimeUnix;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_population_histogram_mv {on_cluster} TO tally_population AS
SELECT toStartOfMinute(toDateTime(ReceivedAt)) AS ReceiveMinute,
    Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, StartTimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ScopeName, mapSort(Attributes)) AS Series, TimeUnix,
    min(StartTimeUnix) AS StartTimeMin,
    any(mapFilter((k, v) -> k IN ('error.type', 'http.response.status_code', 'http.status_code', 'http.route',
        'rpc.grpc.status_code', 'rpc.response.status_code', 'rpc.method', 'otel.metric.overflow'), Attributes)) AS Labels,
    max(toUInt8(multiSearchAnyCaseInsensitive(ScopeName, ['spanmetrics', 'span-metrics', 'signaltometrics'])
        OR mapContains(Attributes, 'sampling.method') OR mapContains(Attributes, 'span.kind'))) AS IsDerived,
    max(arrayMap(b -> round(if(MetricUnit = 'ms', b, b * 1000), 3), ExplicitBounds)) AS BoundsMs,
    max(arrayMap(c -> toInt64(least(c, 9000000000000000000)), arrayConcat([Count], BucketCounts))) AS Counts
FROM (
    SELECT * FROM otel_metrics_histogram
    WHERE MetricName IN ('http.server.request.duration', 'http.server.duration', 'rpc.server.call.duration',
        'rpc.server.duration', 'messaging.process.duration')
        AND bitAnd(Flags, 1) = 0 AND AggregationTemporality IN (1, 2)
)
GROUP BY ReceiveMinute, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, TimeUnix;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_population_exponential_histogram_mv {on_cluster} TO tally_population AS
SELECT toStartOfMinute(toDateTime(ReceivedAt)) AS ReceiveMinute,
    Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, StartTimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ScopeName, mapSort(Attributes)) AS Series, TimeUnix,
    min(StartTimeUnix) AS StartTimeMin,
    any(mapFilter((k, v) -> k IN ('error.type', 'http.response.status_code', 'http.status_code', 'http.route',
        'rpc.grpc.status_code', 'rpc.response.status_code', 'rpc.method', 'otel.metric.overflow'), Attributes)) AS Labels,
    max(toUInt8(multiSearchAnyCaseInsensitive(ScopeName, ['spanmetrics', 'span-metrics', 'signaltometrics'])
        OR mapContains(Attributes, 'sampling.method') OR mapContains(Attributes, 'span.kind'))) AS IsDerived,
    CAST([], 'Array(Float64)') AS BoundsMs,
    max([toInt64(least(Count, 9000000000000000000))]) AS Counts
FROM (
    SELECT * FROM otel_metrics_exponential_histogram
    WHERE MetricName IN ('http.server.request.duration', 'http.server.duration', 'rpc.server.call.duration',
        'rpc.server.duration', 'messaging.process.duration')
        AND bitAnd(Flags, 1) = 0 AND AggregationTemporality IN (1, 2)
)
GROUP BY ReceiveMinute, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, TimeUnix;
