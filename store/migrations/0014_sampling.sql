-- Why:  whether counts can be believed. What a span says of its sampling is parsed once, where it arrives; checks read
--       windows of settled, de-duplicated spans with whole numbers only.
-- Care: rows from before have WeightKind 'none': their weight is unknown, which it was. The `tally_sampling_*` tables of
--       settled windows count only where tally_sampling_settled names their SettledAt as the minute's newest.
-- Undo: MODIFY QUERY of tally_sampling_mv, tally_sampling_minute_mv and tally_span_mv with those of 0003 and 0012, then
--       DROP the tables made here, then the columns.

ALTER TABLE otel_traces {on_cluster}
    ADD COLUMN IF NOT EXISTS WeightKind LowCardinality(String) DEFAULT 'none' COMMENT 'threshold, power, attribute, none, invalid' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS WeightKey LowCardinality(String) COMMENT 'th without trailing zeros; P; name=weight; why invalid' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS SamplingRandomness String COMMENT 'rv, or empty: R is in the trace id' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS SamplingViolation UInt8 COMMENT '1 where R < T' CODEC(ZSTD(1));

ALTER TABLE tally_sampling {on_cluster}
    ADD COLUMN IF NOT EXISTS WeightKind LowCardinality(String),
    ADD COLUMN IF NOT EXISTS WeightError LowCardinality(String) COMMENT 'why a weight is invalid',
    MODIFY ORDER BY (ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ThresholdHex, WeightKind, WeightError);

ALTER TABLE tally_sampling_mv {on_cluster} MODIFY QUERY
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    multiIf(WeightKind = 'threshold', WeightKey, WeightKind = 'invalid', 'invalid', '') AS ThresholdHex,
    WeightKind, if(WeightKind = 'invalid', WeightKey, '') AS WeightError,
    count() AS Spans, sum(SamplingViolation) AS Violations,
    maxIf(TraceId, SamplingViolation = 1) AS ExampleTraceId
FROM otel_traces
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveBucket, ThresholdHex, WeightKind, WeightError;

-- What kinds of weight arrive: rides on tally_sampling, whose rows are few.
CREATE TABLE IF NOT EXISTS tally_weight_minute {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ReceiveMinute     DateTime('UTC'),
    WeightKind        LowCardinality(String),
    WeightError       LowCardinality(String),
    Spans             SimpleAggregateFunction(sum, UInt64)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveMinute)
ORDER BY (ReceiveMinute, Tenant, ServiceNamespace, ServiceName, WeightKind, WeightError)
TTL ReceiveMinute + INTERVAL 14 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_weight_minute_mv {on_cluster} TO tally_weight_minute AS
SELECT Tenant, ServiceNamespace, ServiceName, toStartOfMinute(ReceiveBucket) AS ReceiveMinute, WeightKind, WeightError,
    sum(t.Spans) AS Spans
FROM tally_sampling AS t
GROUP BY Tenant, ServiceNamespace, ServiceName, ReceiveMinute, WeightKind, WeightError;

ALTER TABLE tally_span {on_cluster}
    ADD COLUMN IF NOT EXISTS StatusCode LowCardinality(String),
    ADD COLUMN IF NOT EXISTS WeightKind LowCardinality(String) DEFAULT 'none',
    ADD COLUMN IF NOT EXISTS WeightKey LowCardinality(String),
    ADD COLUMN IF NOT EXISTS SamplingRandomness String CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS SamplingViolation UInt8 CODEC(ZSTD(1));

ALTER TABLE tally_span_mv {on_cluster} MODIFY QUERY
SELECT ReceivedAt, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, TraceId, SpanId, ParentSpanId,
    SpanKind, SpanFlags, Timestamp AS StartTime, addNanoseconds(Timestamp, Duration) AS EndTime,
    StatusCode, WeightKind, WeightKey, SamplingRandomness, SamplingViolation
FROM otel_traces;

-- One service's spans that ended in one minute and carry one weight: core/sampling/sampling-window.ts.
CREATE TABLE IF NOT EXISTS tally_sampling_window {on_cluster} (
    Window            DateTime('UTC') COMMENT 'start of the minute in which the spans ended',
    SettledAt         DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    WeightKind        LowCardinality(String),
    WeightKey         LowCardinality(String),
    OneIn             UInt32 COMMENT 'traces of the subset: one in so many, by a hash of the id',
    Roots             UInt64 COMMENT 'distinct local roots',
    RootPairs         UInt64 COMMENT 'sum over traces of the square of their local roots',
    Copies            UInt64,
    Errors            UInt64,
    Durations         Map(UInt8, UInt64) COMMENT 'local roots by class of duration',
    Offsets           Map(UInt8, UInt64) COMMENT 'of U, one per trace, in 64 bins',
    ErrorOffsets      Map(UInt8, UInt64),
    OffsetMin         Float64 COMMENT 'of U; 2 where there is none',
    OffsetMax         Float64 COMMENT 'of U; -1 where there is none',
    Violations        UInt64,
    Spans             UInt64 COMMENT 'all spans of this weight, local roots or not',
    ExampleTraceId    String
) ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toDate(Window)
ORDER BY (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, WeightKind, WeightKey)
TTL Window + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- Distinct trace ids of the local roots of a service and a minute.
CREATE TABLE IF NOT EXISTS tally_sampling_trace_id {on_cluster} (
    Window            DateTime('UTC'),
    SettledAt         DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    Traces            UInt64,
    WithRandomness    UInt64,
    Ones              Array(UInt64) COMMENT 'of the low 40 bits, least significant first',
    Timed             UInt64 COMMENT 'traces in the sums that follow',
    TimeSum           Int64 COMMENT 'of the start of the first local root, seconds after Window',
    TimeSquares       Int64,
    PlaceSum          UInt64 COMMENT 'of U, or of R in the id, in 2^-16',
    PlaceSquares      UInt64,
    Products          Int64,
    FamilyMin         Array(UInt64) COMMENT 'numerators of SAMPLER_FAMILIES',
    FamilyMax         Array(UInt64),
    UnweightedTraces  UInt64,
    UnweightedFamilyMin Array(UInt64),
    UnweightedFamilyMax Array(UInt64)
) ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toDate(Window)
ORDER BY (Window, SettledAt, Tenant, ServiceNamespace, ServiceName)
TTL Window + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- Remote children that ended in a minute, by callee and caller.
CREATE TABLE IF NOT EXISTS tally_sampling_edge {on_cluster} (
    Window            DateTime('UTC'),
    SettledAt         DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String) COMMENT 'of the callee',
    ServiceName       LowCardinality(String) COMMENT 'of the callee',
    CallerNamespace   LowCardinality(String),
    CallerService     LowCardinality(String) COMMENT 'empty where the parent was not found',
    Children          UInt64,
    Gained            UInt64,
    Lost              UInt64,
    Conflicts         UInt64 COMMENT 'both with rv, and different',
    ThresholdMax      String COMMENT 'of the parents, 14 hex digits',
    Rarities          Map(UInt8, UInt64) COMMENT 'of children by 1 - R, in quarter octaves',
    ExampleTraceId    String
) ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toDate(Window)
ORDER BY (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, CallerNamespace, CallerService)
TTL Window + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS tally_sampling_settled {on_cluster} (
    Window    DateTime('UTC'),
    SettledAt DateTime64(3, 'UTC'),
    LagMs     UInt32 COMMENT 'how long spans were waited for after the minute'
) ENGINE = {replicated}ReplacingMergeTree(SettledAt)
PARTITION BY toDate(Window)
ORDER BY Window
TTL Window + INTERVAL 3 DAY;
