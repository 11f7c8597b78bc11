-- Why:  rows as the OpenTelemetry Collector's ClickHouse exporter writes them, so that its dashboards and tools
--       work; after its columns come ours (identity of the source, arrival, flags, losses, oddities).
-- Care: partitions follow our arrival time, not the sender's: one client with a broken clock would otherwise
--       open a hundred partitions and fail a whole batch. TTL follows it too: what arrives is kept a month,
--       whatever its own time says.
--       The deduplication window holds the tokens of the newest inserts; it must exceed what a replay can repeat.
-- Undo: DROP TABLE otel_traces, otel_logs, otel_metrics_*. Destroys data.
-- Placeholders: {on_cluster} and {replicated} are empty in one engine, set for a cluster.

CREATE TABLE IF NOT EXISTS otel_traces {on_cluster} (
    Timestamp              DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    TraceId                String CODEC(ZSTD(1)),
    SpanId                 String CODEC(ZSTD(1)),
    ParentSpanId           String CODEC(ZSTD(1)),
    TraceState             String CODEC(ZSTD(1)),
    SpanName               LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind               LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName            LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes     Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName              String CODEC(ZSTD(1)),
    ScopeVersion           String CODEC(ZSTD(1)),
    SpanAttributes         Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Duration               UInt64 CODEC(T64, ZSTD(1)),
    StatusCode             LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage          String CODEC(ZSTD(1)),
    Events Nested (
        Timestamp          DateTime64(9, 'UTC'),
        Name               LowCardinality(String),
        Attributes         Map(LowCardinality(String), String)
    ) CODEC(ZSTD(1)),
    Links Nested (
        TraceId            String,
        SpanId             String,
        TraceState         String,
        Attributes         Map(LowCardinality(String), String)
    ) CODEC(ZSTD(1)),
    ReceivedAt             DateTime64(3, 'UTC') COMMENT 'arrival time, our clock' CODEC(Delta(8), ZSTD(1)),
    Tenant                 LowCardinality(String) CODEC(ZSTD(1)),
    ServiceNamespace       LowCardinality(String) CODEC(ZSTD(1)),
    ServiceInstanceId      LowCardinality(String) CODEC(ZSTD(1)),
    SpanFlags              UInt32 COMMENT 'OTLP Span.flags, bit for bit' CODEC(ZSTD(1)),
    ResourceSchemaUrl      LowCardinality(String) CODEC(ZSTD(1)),
    ScopeSchemaUrl         LowCardinality(String) CODEC(ZSTD(1)),
    DroppedAttributesCount UInt32 CODEC(ZSTD(1)),
    DroppedEventsCount     UInt32 CODEC(ZSTD(1)),
    DroppedLinksCount      UInt32 CODEC(ZSTD(1)),
    Anomalies              UInt32 COMMENT 'bits of core/anomaly.ts' CODEC(ZSTD(1)),
    ResourceAttributeItems Array(String) ALIAS arrayMap((k, v) -> concat(k, '=', v), mapKeys(ResourceAttributes), mapValues(ResourceAttributes)),
    SpanAttributeItems     Array(String) ALIAS arrayMap((k, v) -> concat(k, '=', v), mapKeys(SpanAttributes), mapValues(SpanAttributes)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1,
    INDEX idx_timestamp Timestamp TYPE minmax GRANULARITY 1
) ENGINE = {replicated}MergeTree
PARTITION BY toDate(ReceivedAt)
PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
TTL toDateTime(ReceivedAt) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts {on_cluster} (
    TraceId String CODEC(ZSTD(1)),
    Start   SimpleAggregateFunction(min, DateTime('UTC')),
    End     SimpleAggregateFunction(max, DateTime('UTC')),
    Received SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'newest arrival; the TTL follows it'
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toStartOfWeek(Received)
ORDER BY TraceId
TTL Received + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv {on_cluster} TO otel_traces_trace_id_ts AS
SELECT TraceId, min(toDateTime(Timestamp)) AS Start, max(toDateTime(Timestamp)) AS End, max(toDateTime(ReceivedAt)) AS Received
FROM otel_traces WHERE TraceId != '' GROUP BY TraceId;

CREATE TABLE IF NOT EXISTS otel_logs {on_cluster} (
    Timestamp              DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    TraceId                String CODEC(ZSTD(1)),
    SpanId                 String CODEC(ZSTD(1)),
    TraceFlags             UInt8,
    SeverityText           LowCardinality(String) CODEC(ZSTD(1)),
    SeverityNumber         UInt8,
    ServiceName            LowCardinality(String) CODEC(ZSTD(1)),
    Body                   String CODEC(ZSTD(1)),
    ResourceSchemaUrl      LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes     Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeSchemaUrl         LowCardinality(String) CODEC(ZSTD(1)),
    ScopeName              String CODEC(ZSTD(1)),
    ScopeVersion           LowCardinality(String) CODEC(ZSTD(1)),
    ScopeAttributes        Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    LogAttributes          Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    EventName              String CODEC(ZSTD(1)),
    ReceivedAt             DateTime64(3, 'UTC') COMMENT 'arrival time, our clock' CODEC(Delta(8), ZSTD(1)),
    Tenant                 LowCardinality(String) CODEC(ZSTD(1)),
    ServiceNamespace       LowCardinality(String) CODEC(ZSTD(1)),
    ServiceInstanceId      LowCardinality(String) CODEC(ZSTD(1)),
    ObservedTimestamp      DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    LogFlags               UInt32 COMMENT 'OTLP LogRecord.flags, bit for bit' CODEC(ZSTD(1)),
    DroppedAttributesCount UInt32 CODEC(ZSTD(1)),
    Anomalies              UInt32 COMMENT 'bits of core/anomaly.ts' CODEC(ZSTD(1)),
    `__otel_materialized_k8s.cluster.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.cluster.name'] CODEC(ZSTD(1)),
    `__otel_materialized_k8s.container.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.container.name'] CODEC(ZSTD(1)),
    `__otel_materialized_k8s.deployment.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.deployment.name'] CODEC(ZSTD(1)),
    `__otel_materialized_k8s.namespace.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.namespace.name'] CODEC(ZSTD(1)),
    `__otel_materialized_k8s.node.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.node.name'] CODEC(ZSTD(1)),
    `__otel_materialized_k8s.pod.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.pod.name'] CODEC(ZSTD(1)),
    `__otel_materialized_k8s.pod.uid` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.pod.uid'] CODEC(ZSTD(1)),
    `__otel_materialized_deployment.environment.name` LowCardinality(String) MATERIALIZED ResourceAttributes['deployment.environment.name'] CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_key mapKeys(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_value mapValues(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_log_attr_key mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_body lower(Body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
) ENGINE = {replicated}MergeTree
PARTITION BY toDate(ReceivedAt)
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
TTL toDateTime(ReceivedAt) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
