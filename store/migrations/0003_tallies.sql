-- Why:  validators and detectors read sums, not rows. Each tally rides on the inserts as a materialized view,
--       so what is stored is what is judged. Every column merges (sum, min, max, sumMap): parts merge in any
--       order, and any number of ingest replicas may write.
-- Care: an insert that is repeated under its token is dropped here too (deduplicate_blocks_in_dependent_materialized_views),
--       which needs the deduplication window on every table below.
-- Undo: DROP the views, then the tables; all are derived, and are rebuilt from the otel_* rows.

-- Per source, 5 s of event time and 5 s of arrival: how much, how late. Span event time is the span's end:
-- by its start a long span would look late.
CREATE TABLE IF NOT EXISTS tally_source {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    Signal            LowCardinality(String),
    ReceiveBucket     DateTime('UTC') COMMENT 'start of 5 s of arrival time',
    EventBucket       DateTime('UTC') COMMENT 'start of 5 s of event time',
    Items             SimpleAggregateFunction(sum, UInt64),
    EventTimeMin      SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
    EventTimeMax      SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
    ReceivedMin       SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    ReceivedMax       SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    LatenessMsMin     SimpleAggregateFunction(min, Int64),
    LatenessMsMax     SimpleAggregateFunction(max, Int64),
    LatenessBins      SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) COMMENT 'bins of core/log-bin.ts, in ms',
    Anomalous         SimpleAggregateFunction(sum, UInt64) COMMENT 'records with any anomaly bit'
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveBucket)
ORDER BY (ReceiveBucket, Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, EventBucket)
TTL ReceiveBucket + INTERVAL 14 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_source_traces_mv {on_cluster} TO tally_source AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'traces' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    toStartOfInterval(toDateTime(EventTime), INTERVAL 5 SECOND) AS EventBucket,
    count() AS Items, min(EventTime) AS EventTimeMin, max(EventTime) AS EventTimeMax,
    min(ReceivedAt) AS ReceivedMin, max(ReceivedAt) AS ReceivedMax,
    min(LatenessMs) AS LatenessMsMin, max(LatenessMs) AS LatenessMsMax,
    sumMap(map(if(LatenessMs < 0, -1, toInt16(floor(8 * log2(1 + greatest(LatenessMs, 0))))), toUInt64(1))) AS LatenessBins,
    countIf(Anomalies != 0) AS Anomalous
FROM (
    SELECT *, addNanoseconds(Timestamp, Duration) AS EventTime,
        toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(EventTime) AS LatenessMs
    FROM otel_traces
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, EventBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_source_logs_mv {on_cluster} TO tally_source AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'logs' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    toStartOfInterval(toDateTime(Timestamp), INTERVAL 5 SECOND) AS EventBucket,
    count() AS Items, min(Timestamp) AS EventTimeMin, max(Timestamp) AS EventTimeMax,
    min(ReceivedAt) AS ReceivedMin, max(ReceivedAt) AS ReceivedMax,
    min(LatenessMs) AS LatenessMsMin, max(LatenessMs) AS LatenessMsMax,
    sumMap(map(if(LatenessMs < 0, -1, toInt16(floor(8 * log2(1 + greatest(LatenessMs, 0))))), toUInt64(1))) AS LatenessBins,
    countIf(Anomalies != 0) AS Anomalous
FROM (
    SELECT *, toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(Timestamp) AS LatenessMs FROM otel_logs
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, EventBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_source_metrics_gauge_mv {on_cluster} TO tally_source AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    toStartOfInterval(toDateTime(TimeUnix), INTERVAL 5 SECOND) AS EventBucket,
    count() AS Items, min(TimeUnix) AS EventTimeMin, max(TimeUnix) AS EventTimeMax,
    min(ReceivedAt) AS ReceivedMin, max(ReceivedAt) AS ReceivedMax,
    min(LatenessMs) AS LatenessMsMin, max(LatenessMs) AS LatenessMsMax,
    sumMap(map(if(LatenessMs < 0, -1, toInt16(floor(8 * log2(1 + greatest(LatenessMs, 0))))), toUInt64(1))) AS LatenessBins,
    countIf(Anomalies != 0) AS Anomalous
FROM (
    SELECT *, toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(TimeUnix) AS LatenessMs FROM otel_metrics_gauge
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, EventBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_source_metrics_sum_mv {on_cluster} TO tally_source AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    toStartOfInterval(toDateTime(TimeUnix), INTERVAL 5 SECOND) AS EventBucket,
    count() AS Items, min(TimeUnix) AS EventTimeMin, max(TimeUnix) AS EventTimeMax,
    min(ReceivedAt) AS ReceivedMin, max(ReceivedAt) AS ReceivedMax,
    min(LatenessMs) AS LatenessMsMin, max(LatenessMs) AS LatenessMsMax,
    sumMap(map(if(LatenessMs < 0, -1, toInt16(floor(8 * log2(1 + greatest(LatenessMs, 0))))), toUInt64(1))) AS LatenessBins,
    countIf(Anomalies != 0) AS Anomalous
FROM (
    SELECT *, toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(TimeUnix) AS LatenessMs FROM otel_metrics_sum
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, EventBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_source_metrics_histogram_mv {on_cluster} TO tally_source AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    toStartOfInterval(toDateTime(TimeUnix), INTERVAL 5 SECOND) AS EventBucket,
    count() AS Items, min(TimeUnix) AS EventTimeMin, max(TimeUnix) AS EventTimeMax,
    min(ReceivedAt) AS ReceivedMin, max(ReceivedAt) AS ReceivedMax,
    min(LatenessMs) AS LatenessMsMin, max(LatenessMs) AS LatenessMsMax,
    sumMap(map(if(LatenessMs < 0, -1, toInt16(floor(8 * log2(1 + greatest(LatenessMs, 0))))), toUInt64(1))) AS LatenessBins,
    countIf(Anomalies != 0) AS Anomalous
FROM (
    SELECT *, toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(TimeUnix) AS LatenessMs FROM otel_metrics_histogram
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, EventBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_source_metrics_exponential_histogram_mv {on_cluster} TO tally_source AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    toStartOfInterval(toDateTime(TimeUnix), INTERVAL 5 SECOND) AS EventBucket,
    count() AS Items, min(TimeUnix) AS EventTimeMin, max(TimeUnix) AS EventTimeMax,
    min(ReceivedAt) AS ReceivedMin, max(ReceivedAt) AS ReceivedMax,
    min(LatenessMs) AS LatenessMsMin, max(LatenessMs) AS LatenessMsMax,
    sumMap(map(if(LatenessMs < 0, -1, toInt16(floor(8 * log2(1 + greatest(LatenessMs, 0))))), toUInt64(1))) AS LatenessBins,
    countIf(Anomalies != 0) AS Anomalous
FROM (
    SELECT *, toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(TimeUnix) AS LatenessMs FROM otel_metrics_exponential_histogram
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, EventBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_source_metrics_summary_mv {on_cluster} TO tally_source AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'metrics' AS Signal,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    toStartOfInterval(toDateTime(TimeUnix), INTERVAL 5 SECOND) AS EventBucket,
    count() AS Items, min(TimeUnix) AS EventTimeMin, max(TimeUnix) AS EventTimeMax,
    min(ReceivedAt) AS ReceivedMin, max(ReceivedAt) AS ReceivedMax,
    min(LatenessMs) AS LatenessMsMin, max(LatenessMs) AS LatenessMsMax,
    sumMap(map(if(LatenessMs < 0, -1, toInt16(floor(8 * log2(1 + greatest(LatenessMs, 0))))), toUInt64(1))) AS LatenessBins,
    countIf(Anomalies != 0) AS Anomalous
FROM (
    SELECT *, toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(TimeUnix) AS LatenessMs FROM otel_metrics_summary
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, EventBucket;

-- Exact keys of spans, for what needs pairs of spans: parents that are missing, callees that never answered.
-- Short-lived: pairs are settled within minutes.
CREATE TABLE IF NOT EXISTS tally_span {on_cluster} (
    ReceivedAt        DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId LowCardinality(String),
    TraceId           String CODEC(ZSTD(1)),
    SpanId            String CODEC(ZSTD(1)),
    ParentSpanId      String CODEC(ZSTD(1)),
    SpanKind          LowCardinality(String),
    SpanFlags         UInt32,
    StartTime         DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    EndTime           DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1))
) ENGINE = {replicated}MergeTree
PARTITION BY toStartOfHour(ReceivedAt)
ORDER BY (toStartOfMinute(ReceivedAt), TraceId)
TTL toDateTime(ReceivedAt) + INTERVAL 2 HOUR
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_span_mv {on_cluster} TO tally_span AS
SELECT ReceivedAt, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, TraceId, SpanId, ParentSpanId,
    SpanKind, SpanFlags, Timestamp AS StartTime, addNanoseconds(Timestamp, Duration) AS EndTime
FROM otel_traces;

-- Remote edges, settled: written once per 5 s of arrival by the judge, after parents had time to arrive.
-- A row is one callee, one caller and one second; without ParentFound the parents are missing and nobody knows
-- the caller. Rows count only where tally_edge_settled names their SettledAt as the window's newest: a settling
-- that was cut off, or was done again because spans came later, leaves rows that nobody reads.
CREATE TABLE IF NOT EXISTS tally_edge {on_cluster} (
    Window            DateTime('UTC') COMMENT 'start of 5 s of arrival of the children',
    SettledAt         DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String) COMMENT 'of the callee',
    ServiceName       LowCardinality(String) COMMENT 'of the callee',
    ParentFound       UInt8,
    CallerNamespace   LowCardinality(String),
    CallerService     LowCardinality(String),
    Bucket            DateTime('UTC') COMMENT 'start of the second in which the child started',
    Children          UInt64,
    CallerBatches     Array(UInt64) COMMENT 'hashes of the distinct requests that brought the parents',
    ExampleTraceIds   Array(String) COMMENT 'of children without a parent'
) ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toDate(Window)
ORDER BY (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, ParentFound, CallerNamespace, CallerService, Bucket)
TTL Window + INTERVAL 1 DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- Which windows of arrival are settled, empty ones too: the difference between no edges and not yet known.
CREATE TABLE IF NOT EXISTS tally_edge_settled {on_cluster} (
    Window    DateTime('UTC'),
    SettledAt DateTime64(3, 'UTC'),
    LagMs     UInt32 COMMENT 'how long parents were waited for after the window'
) ENGINE = {replicated}ReplacingMergeTree(SettledAt)
PARTITION BY toDate(Window)
ORDER BY Window
TTL Window + INTERVAL 1 DAY;

-- Sampling marks per source, 5 s of arrival and declared threshold. ThresholdHex is `ot=th:`, '' when absent,
-- 'invalid' when malformed. A kept span must have randomness R >= threshold T; both compare as padded hex.
CREATE TABLE IF NOT EXISTS tally_sampling {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    ReceiveBucket     DateTime('UTC') COMMENT 'start of 5 s of arrival time',
    ThresholdHex      LowCardinality(String),
    Spans             SimpleAggregateFunction(sum, UInt64),
    Violations        SimpleAggregateFunction(sum, UInt64) COMMENT 'spans with R < T',
    ExampleTraceId    SimpleAggregateFunction(max, String) COMMENT 'of a violation, or empty'
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveBucket)
ORDER BY (ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ThresholdHex)
TTL ReceiveBucket + INTERVAL 14 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_sampling_mv {on_cluster} TO tally_sampling AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    multiIf(
        TraceState = '' OR th = '', '',
        match(th, '^[0-9a-f]{1,14}$') AND (rv = '' OR match(rv, '^[0-9a-f]{14}$')), th,
        'invalid'
    ) AS ThresholdHex,
    count() AS Spans,
    countIf(violates) AS Violations,
    maxIf(TraceId, violates) AS ExampleTraceId
FROM (
    SELECT *,
        if(TraceState = '', '', extract(TraceState, '(?:^|,)[ \\t]*ot=([^,]*)')) AS ot,
        extract(ot, '(?:^|;)th:([^;]*)') AS th,
        extract(ot, '(?:^|;)rv:([^;]*)') AS rv,
        match(th, '^[0-9a-f]{1,14}$') AND (rv = '' OR match(rv, '^[0-9a-f]{14}$'))
            AND if(rv = '', substring(TraceId, 19, 14), rv) < rightPad(th, 14, '0') AS violates
    FROM otel_traces
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, ThresholdHex;

-- How a service does, per 10 s of event time: what detectors and intent are held against.
-- Counts SERVER and CONSUMER spans, one per request.
CREATE TABLE IF NOT EXISTS tally_service {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    Bucket            DateTime('UTC') COMMENT 'start of 10 s of event time',
    Requests          SimpleAggregateFunction(sum, UInt64),
    Errors            SimpleAggregateFunction(sum, UInt64),
    DurationBins      SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) COMMENT 'bins of core/log-bin.ts, in microseconds'
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(Bucket)
ORDER BY (Tenant, ServiceNamespace, ServiceName, Bucket)
TTL Bucket + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_service_mv {on_cluster} TO tally_service AS
SELECT Tenant, ServiceNamespace, ServiceName,
    toStartOfInterval(toDateTime(addNanoseconds(Timestamp, Duration)), INTERVAL 10 SECOND) AS Bucket,
    count() AS Requests, countIf(StatusCode = 'Error') AS Errors,
    sumMap(map(toInt16(floor(8 * log2(1 + Duration / 1000))), toUInt64(1))) AS DurationBins
FROM otel_traces
WHERE SpanKind IN ('Server', 'Consumer')
GROUP BY Tenant, ServiceNamespace, ServiceName, Bucket;

-- What ingest refused alone while its neighbours were stored; it travels with the batch, under its token.
CREATE TABLE IF NOT EXISTS tally_rejection {on_cluster} (
    ReceivedAt        DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    Signal            LowCardinality(String),
    Reason            LowCardinality(String),
    Items             UInt64
) ENGINE = {replicated}MergeTree
PARTITION BY toDate(ReceivedAt)
ORDER BY (ReceivedAt, Tenant, ServiceName, Reason)
TTL toDateTime(ReceivedAt) + INTERVAL 14 DAY
SETTINGS non_replicated_deduplication_window = 10000;
