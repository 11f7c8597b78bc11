-- Why:  log records are sampled too, by attributes of their own or by the trace they belong to. What a record says is
--       parsed where it arrives, as of spans; settled windows tell it, and which traces records and exemplars name.
-- Care: rows from before have WeightKind 'none'. Signal of a window is 'logs', or '' for spans, as it was before.
-- Undo: MODIFY QUERY of tally_population_sum_mv with that of 0015; DROP TABLE tally_sampling_mention; DELETE the rows of
--       'logs' and DROP the columns.

ALTER TABLE otel_logs {on_cluster}
    ADD COLUMN IF NOT EXISTS WeightKind LowCardinality(String) DEFAULT 'none' COMMENT 'threshold, power, attribute, none, invalid' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS WeightKey LowCardinality(String) COMMENT 'th without trailing zeros; P; name=weight; why invalid' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS SamplingRandomness String COMMENT 'sampling.randomness, or empty: R is in the trace id' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS SamplingViolation UInt8 COMMENT '1 where R < T' CODEC(ZSTD(1));

ALTER TABLE tally_sampling_window {on_cluster}
    ADD COLUMN IF NOT EXISTS Signal LowCardinality(String) COMMENT 'logs; empty: spans',
    MODIFY ORDER BY (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, WeightKind, WeightKey, Signal);

-- Traces that log records and exemplars of one service and minute name.
CREATE TABLE IF NOT EXISTS tally_sampling_mention {on_cluster} (
    Window            DateTime('UTC') COMMENT 'start of the minute of the records, or exemplars',
    SettledAt         DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String) COMMENT 'of the one who names them',
    ServiceName       LowCardinality(String),
    MentionedBy       LowCardinality(String) COMMENT 'log or exemplar',
    Unsampled         UInt64 COMMENT 'traces of records without the sampled flag',
    Found             Map(UInt8, UInt64) COMMENT 'the others by 1 - R in quarter octaves: a span of them is here',
    Missing           Map(UInt8, UInt64) COMMENT 'none is',
    ExampleTraceId    String COMMENT 'of those that are missing'
) ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toDate(Window)
ORDER BY (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, MentionedBy)
TTL Window + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- Records that an enabled logger was given, whatever a sampler did with them.
ALTER TABLE tally_population_sum_mv {on_cluster} MODIFY QUERY
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
    WHERE MetricName IN ('otel.sdk.span.started', 'otel.sdk.span.started.count', 'otel.sdk.span.live', 'otel.sdk.span.live.count',
            'otel.sdk.log.created', 'otel.sdk.log.created.count')
        AND isFinite(Value) AND AggregationTemporality IN (1, 2)
)
GROUP BY ReceiveMinute, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, TimeUnix;
