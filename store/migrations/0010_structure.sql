-- Why:  what is wrong with records one by one, and what is wrong between the points of one metric stream: gaps, double
--       counting, counters that fall, two writers of one series (validators/structure/).
-- Care: both are states that only add (sum, max, maxMap), so any split over replicas and any order of merges gives the
--       same bits. The streams keep at most one row per point, for two hours: what is read of them is capped by their
--       reader, which says how much it left out.
-- Undo: DROP the views, then the tables; both are derived, and are rebuilt from the otel_* rows.

-- Per source and 5 s of arrival: records by the set of their faults. Nearly all have none, so a bucket is a row.
CREATE TABLE IF NOT EXISTS tally_structure {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    Signal            LowCardinality(String),
    ReceiveBucket     DateTime('UTC') COMMENT 'start of 5 s of arrival time',
    Faults            UInt32 COMMENT 'bits of FAULT in core/structure-tally.ts',
    Records           SimpleAggregateFunction(sum, UInt64),
    Roots             SimpleAggregateFunction(sum, UInt64) COMMENT 'spans without a parent',
    DroppedAttributes SimpleAggregateFunction(sum, UInt64) COMMENT 'as their SDK counted them; so the next two',
    DroppedEvents     SimpleAggregateFunction(sum, UInt64),
    DroppedLinks      SimpleAggregateFunction(sum, UInt64)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveBucket)
ORDER BY (ReceiveBucket, Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, Faults)
TTL ReceiveBucket + INTERVAL 14 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_structure_traces_mv {on_cluster} TO tally_structure AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'traces' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    bitOr(Anomalies, toUInt32(
        65536 * (ParentSpanId != '' AND ParentSpanId = SpanId)
        + 131072 * (Duration >= 86400000000000)
        + 262144 * (DroppedAttributesCount + DroppedEventsCount + DroppedLinksCount > 0)
        + 524288 * (length(SpanAttributes) = 128)
    )) AS Faults,
    count() AS Records, countIf(ParentSpanId = '') AS Roots,
    sum(DroppedAttributesCount) AS DroppedAttributes, sum(DroppedEventsCount) AS DroppedEvents,
    sum(DroppedLinksCount) AS DroppedLinks
FROM otel_traces
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, Faults;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_structure_logs_mv {on_cluster} TO tally_structure AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'logs' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    bitOr(Anomalies, toUInt32(
        262144 * (DroppedAttributesCount > 0) + 524288 * (length(LogAttributes) = 128)
    )) AS Faults,
    count() AS Records, sum(DroppedAttributesCount) AS DroppedAttributes
FROM otel_logs
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, Faults;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_structure_metrics_gauge_mv {on_cluster} TO tally_structure AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    Anomalies AS Faults, count() AS Records
FROM otel_metrics_gauge
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, Faults;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_structure_metrics_sum_mv {on_cluster} TO tally_structure AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    bitOr(Anomalies, toUInt32(1048576 * (AggregationTemporality = 0))) AS Faults, count() AS Records
FROM otel_metrics_sum
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, Faults;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_structure_metrics_histogram_mv {on_cluster} TO tally_structure AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    bitOr(Anomalies, toUInt32(1048576 * (AggregationTemporality = 0))) AS Faults, count() AS Records
FROM otel_metrics_histogram
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, Faults;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_structure_metrics_exponential_histogram_mv {on_cluster} TO tally_structure AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    bitOr(Anomalies, toUInt32(1048576 * (AggregationTemporality = 0))) AS Faults, count() AS Records
FROM otel_metrics_exponential_histogram
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, Faults;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_structure_metrics_summary_mv {on_cluster} TO tally_structure AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    Anomalies AS Faults, count() AS Records
FROM otel_metrics_summary
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, Faults;

-- Per metric series, epoch and minute of arrival: which points came. Sets are gathered as arrays and sorted once, which
-- takes half the time of a map per row. A series is a metric name, scope and attributes;
-- without an instance id the rest of the resource tells writers apart, else every replica would look like a fork.
-- A delta point has no epoch: its start moves with every export.
CREATE TABLE IF NOT EXISTS tally_metric_stream {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    Resource          UInt64 COMMENT 'hash of the resource where it has no instance id, else 0',
    MetricName        LowCardinality(String),
    Series            UInt64 COMMENT 'hash of metric name, scope and attributes',
    Kind              LowCardinality(String) COMMENT 'gauge, sum, histogram, exponential_histogram, summary',
    Temporality       Int8 COMMENT 'as in OTLP: 0 unset or without, 1 delta, 2 cumulative',
    IsMonotonic       UInt8,
    EpochStart        DateTime64(9, 'UTC') COMMENT 'start of the points; 1970 where delta or not sent',
    ReceiveBucket     DateTime('UTC') COMMENT 'start of a minute of arrival time',
    Points            SimpleAggregateFunction(sum, UInt64) COMMENT 'delivered twice: counted twice',
    Unrecorded        SimpleAggregateFunction(sum, UInt64) COMMENT 'points flagged NO_RECORDED_VALUE: the series ended',
    Overflow          SimpleAggregateFunction(sum, UInt64) COMMENT 'points of otel.metric.overflow',
    Distinct          SimpleAggregateFunction(maxMap, Map(UInt64, UInt32)) COMMENT 'time in ms << 22 | 22 bits of a hash of start and value, to time - start in ms (delta only)',
    ValueMax          SimpleAggregateFunction(max, Float64) COMMENT 'of monotonic cumulative streams, else 0; histograms: their count',
    Last              SimpleAggregateFunction(max, Tuple(Int64, Float64)) COMMENT 'newest time in ns, and the value then'
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toStartOfHour(ReceiveBucket)
ORDER BY (ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Resource, MetricName, Series, Kind, Temporality, IsMonotonic, EpochStart)
TTL ReceiveBucket + INTERVAL 2 HOUR
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_metric_stream_gauge_mv {on_cluster} TO tally_metric_stream AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId,
    if(ServiceInstanceId = '', cityHash64(ResourceAttributes), 0) AS Resource, MetricName,
    cityHash64(MetricName, ScopeName, ScopeVersion, ScopeAttributes, Attributes) AS Series,
    'gauge' AS Kind, toInt8(0) AS Temporality, Monotonic AS IsMonotonic,
    toDateTime64(0, 9, 'UTC') AS EpochStart,
    toStartOfMinute(toDateTime(ReceivedAt)) AS ReceiveBucket,
    count() AS Points, countIf(NOT IsRecorded) AS Unrecorded,
    countIf(mapContains(Attributes, 'otel.metric.overflow')) AS Overflow,
    CAST(arraySort(groupUniqArrayIf(tuple(
        bitOr(bitShiftLeft(toUInt64(least(toUnixTimestamp64Milli(TimeUnix), 4398046511103)), 22), bitAnd(cityHash64(StartTimeUnix, Value), 4194303)),
        toUInt32(0)
    ), IsRecorded)), 'Map(UInt64, UInt32)') AS Distinct,
    toFloat64(0) AS ValueMax, tuple(toInt64(0), toFloat64(0)) AS Last
FROM (
    SELECT *, toUInt8(0) AS Monotonic, NOT bitTest(Flags, 0) AS IsRecorded FROM otel_metrics_gauge
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Resource, MetricName, Series, Kind, Temporality, IsMonotonic, EpochStart, ReceiveBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_metric_stream_sum_mv {on_cluster} TO tally_metric_stream AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId,
    if(ServiceInstanceId = '', cityHash64(ResourceAttributes), 0) AS Resource, MetricName,
    cityHash64(MetricName, ScopeName, ScopeVersion, ScopeAttributes, Attributes) AS Series,
    'sum' AS Kind, toInt8(AggregationTemporality) AS Temporality, Monotonic AS IsMonotonic,
    if(Temporality = 1, toDateTime64(0, 9, 'UTC'), StartTimeUnix) AS EpochStart,
    toStartOfMinute(toDateTime(ReceivedAt)) AS ReceiveBucket,
    count() AS Points, countIf(NOT IsRecorded) AS Unrecorded,
    countIf(mapContains(Attributes, 'otel.metric.overflow')) AS Overflow,
    CAST(arraySort(groupUniqArrayIf(tuple(
        bitOr(bitShiftLeft(toUInt64(least(toUnixTimestamp64Milli(TimeUnix), 4398046511103)), 22), bitAnd(cityHash64(StartTimeUnix, Value), 4194303)),
        if(Temporality = 1, toUInt32(least(greatest(toUnixTimestamp64Milli(TimeUnix) - toUnixTimestamp64Milli(StartTimeUnix), 0), 4294967295)), 0)
    ), IsRecorded)), 'Map(UInt64, UInt32)') AS Distinct,
    maxIf(Reading, Temporality = 2 AND Monotonic AND IsRecorded AND isFinite(Reading)) AS ValueMax,
    maxIf(tuple(toUnixTimestamp64Nano(TimeUnix), Reading), Temporality = 2 AND Monotonic AND IsRecorded AND isFinite(Reading)) AS Last
FROM (
    SELECT *, toUInt8(IsMonotonic) AS Monotonic, NOT bitTest(Flags, 0) AS IsRecorded, Value AS Reading FROM otel_metrics_sum
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Resource, MetricName, Series, Kind, Temporality, IsMonotonic, EpochStart, ReceiveBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_metric_stream_histogram_mv {on_cluster} TO tally_metric_stream AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId,
    if(ServiceInstanceId = '', cityHash64(ResourceAttributes), 0) AS Resource, MetricName,
    cityHash64(MetricName, ScopeName, ScopeVersion, ScopeAttributes, Attributes) AS Series,
    'histogram' AS Kind, toInt8(AggregationTemporality) AS Temporality, Monotonic AS IsMonotonic,
    if(Temporality = 1, toDateTime64(0, 9, 'UTC'), StartTimeUnix) AS EpochStart,
    toStartOfMinute(toDateTime(ReceivedAt)) AS ReceiveBucket,
    count() AS Points, countIf(NOT IsRecorded) AS Unrecorded,
    countIf(mapContains(Attributes, 'otel.metric.overflow')) AS Overflow,
    CAST(arraySort(groupUniqArrayIf(tuple(
        bitOr(bitShiftLeft(toUInt64(least(toUnixTimestamp64Milli(TimeUnix), 4398046511103)), 22), bitAnd(cityHash64(StartTimeUnix, Count, Sum), 4194303)),
        if(Temporality = 1, toUInt32(least(greatest(toUnixTimestamp64Milli(TimeUnix) - toUnixTimestamp64Milli(StartTimeUnix), 0), 4294967295)), 0)
    ), IsRecorded)), 'Map(UInt64, UInt32)') AS Distinct,
    maxIf(Reading, Temporality = 2 AND Monotonic AND IsRecorded AND isFinite(Reading)) AS ValueMax,
    maxIf(tuple(toUnixTimestamp64Nano(TimeUnix), Reading), Temporality = 2 AND Monotonic AND IsRecorded AND isFinite(Reading)) AS Last
FROM (
    SELECT *, toUInt8(1) AS Monotonic, NOT bitTest(Flags, 0) AS IsRecorded, toFloat64(Count) AS Reading FROM otel_metrics_histogram
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Resource, MetricName, Series, Kind, Temporality, IsMonotonic, EpochStart, ReceiveBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_metric_stream_exponential_histogram_mv {on_cluster} TO tally_metric_stream AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId,
    if(ServiceInstanceId = '', cityHash64(ResourceAttributes), 0) AS Resource, MetricName,
    cityHash64(MetricName, ScopeName, ScopeVersion, ScopeAttributes, Attributes) AS Series,
    'exponential_histogram' AS Kind, toInt8(AggregationTemporality) AS Temporality, Monotonic AS IsMonotonic,
    if(Temporality = 1, toDateTime64(0, 9, 'UTC'), StartTimeUnix) AS EpochStart,
    toStartOfMinute(toDateTime(ReceivedAt)) AS ReceiveBucket,
    count() AS Points, countIf(NOT IsRecorded) AS Unrecorded,
    countIf(mapContains(Attributes, 'otel.metric.overflow')) AS Overflow,
    CAST(arraySort(groupUniqArrayIf(tuple(
        bitOr(bitShiftLeft(toUInt64(least(toUnixTimestamp64Milli(TimeUnix), 4398046511103)), 22), bitAnd(cityHash64(StartTimeUnix, Count, Sum), 4194303)),
        if(Temporality = 1, toUInt32(least(greatest(toUnixTimestamp64Milli(TimeUnix) - toUnixTimestamp64Milli(StartTimeUnix), 0), 4294967295)), 0)
    ), IsRecorded)), 'Map(UInt64, UInt32)') AS Distinct,
    maxIf(Reading, Temporality = 2 AND Monotonic AND IsRecorded AND isFinite(Reading)) AS ValueMax,
    maxIf(tuple(toUnixTimestamp64Nano(TimeUnix), Reading), Temporality = 2 AND Monotonic AND IsRecorded AND isFinite(Reading)) AS Last
FROM (
    SELECT *, toUInt8(1) AS Monotonic, NOT bitTest(Flags, 0) AS IsRecorded, toFloat64(Count) AS Reading FROM otel_metrics_exponential_histogram
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Resource, MetricName, Series, Kind, Temporality, IsMonotonic, EpochStart, ReceiveBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_metric_stream_summary_mv {on_cluster} TO tally_metric_stream AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId,
    if(ServiceInstanceId = '', cityHash64(ResourceAttributes), 0) AS Resource, MetricName,
    cityHash64(MetricName, ScopeName, ScopeVersion, ScopeAttributes, Attributes) AS Series,
    'summary' AS Kind, toInt8(0) AS Temporality, Monotonic AS IsMonotonic,
    toDateTime64(0, 9, 'UTC') AS EpochStart,
    toStartOfMinute(toDateTime(ReceivedAt)) AS ReceiveBucket,
    count() AS Points, countIf(NOT IsRecorded) AS Unrecorded,
    countIf(mapContains(Attributes, 'otel.metric.overflow')) AS Overflow,
    CAST(arraySort(groupUniqArrayIf(tuple(
        bitOr(bitShiftLeft(toUInt64(least(toUnixTimestamp64Milli(TimeUnix), 4398046511103)), 22), bitAnd(cityHash64(StartTimeUnix, Count, Sum), 4194303)),
        toUInt32(0)
    ), IsRecorded)), 'Map(UInt64, UInt32)') AS Distinct,
    toFloat64(0) AS ValueMax, tuple(toInt64(0), toFloat64(0)) AS Last
FROM (
    SELECT *, toUInt8(0) AS Monotonic, NOT bitTest(Flags, 0) AS IsRecorded FROM otel_metrics_summary
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Resource, MetricName, Series, Kind, Temporality, IsMonotonic, EpochStart, ReceiveBucket;
