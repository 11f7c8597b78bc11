-- Why:  more ways to see a loss: what callers called and what answered, the spans that log records and exemplars
--       mention, the numbers a process gave to what it emitted, and how much usually comes. Each sees what the
--       orphans of 0003 cannot: a service that calls nobody, logs, a volume that fell.
-- Care: tally_call and tally_mention are rows of one span each and live for two hours; what they say is settled into
--       tally_pair and tally_reference by the judge. tally_volume is fed by the inserts into tally_source.
-- Undo: DROP the views, then the tables; all but tally_volume are derived from rows of the last day.

-- Calls of other services: what tally_span lacks to tell where an answer is missing.
CREATE TABLE IF NOT EXISTS tally_call {on_cluster} (
    ReceivedAt        DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    TraceId           String CODEC(ZSTD(1)),
    SpanId            String CODEC(ZSTD(1)),
    StartTime         DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    Peer              LowCardinality(String) COMMENT 'what the caller names as called; empty when it names nothing',
    IsError           UInt8
) ENGINE = {replicated}MergeTree
PARTITION BY toStartOfHour(ReceivedAt)
ORDER BY (toStartOfMinute(ReceivedAt), TraceId)
TTL toDateTime(ReceivedAt) + INTERVAL 2 HOUR
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- The first of these that is set: service.peer.name, peer.service, messaging.destination.name, server.address and
-- its port, net.peer.name. A name with an id in it would make a peer of every call: 200 characters, no more.
CREATE MATERIALIZED VIEW IF NOT EXISTS tally_call_mv {on_cluster} TO tally_call AS
SELECT ReceivedAt, Tenant, ServiceNamespace, ServiceName, TraceId, SpanId, Timestamp AS StartTime,
    substring(multiIf(
        SpanAttributes['service.peer.name'] != '', SpanAttributes['service.peer.name'],
        SpanAttributes['peer.service'] != '', SpanAttributes['peer.service'],
        SpanAttributes['messaging.destination.name'] != '', SpanAttributes['messaging.destination.name'],
        SpanAttributes['server.address'] != '', concat(SpanAttributes['server.address'], ':', SpanAttributes['server.port']),
        SpanAttributes['net.peer.name']
    ), 1, 200) AS Peer,
    StatusCode = 'Error' AS IsError
FROM otel_traces
WHERE SpanKind IN ('Client', 'Producer');

-- Calls, settled: whether a span of the called service answered. One row is one caller, peer, answering service and
-- second; without CalleeFound nothing answered. Rows count only where tally_graph_settled names their SettledAt.
-- Calls that ended in an error are counted apart: what never reached the other side cannot answer.
CREATE TABLE IF NOT EXISTS tally_pair {on_cluster} (
    Window            DateTime('UTC') COMMENT 'start of 5 s of arrival of the calls',
    SettledAt         DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    CallerNamespace   LowCardinality(String),
    CallerService     LowCardinality(String),
    Peer              LowCardinality(String),
    CalleeFound       UInt8,
    CalleeNamespace   LowCardinality(String),
    CalleeService     LowCardinality(String),
    Bucket            DateTime('UTC') COMMENT 'start of the second in which the call started',
    Calls             UInt64 COMMENT 'that did not end in an error',
    FailedCalls       UInt64,
    CalleeBatches     Array(UInt64) COMMENT 'hashes of the distinct requests that brought the answers',
    ExampleTraceIds   Array(String) COMMENT 'of calls without an answer'
) ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toDate(Window)
ORDER BY (Window, SettledAt, Tenant, CallerNamespace, CallerService, Peer, CalleeFound, CalleeNamespace, CalleeService, Bucket)
TTL Window + INTERVAL 2 DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- Spans that are mentioned elsewhere as sampled: by log records, by exemplars of metrics.
CREATE TABLE IF NOT EXISTS tally_mention {on_cluster} (
    ReceivedAt        DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    MentionedBy       LowCardinality(String) COMMENT 'log or exemplar',
    TraceId           String CODEC(ZSTD(1)),
    SpanId            String CODEC(ZSTD(1)),
    EventTime         DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1))
) ENGINE = {replicated}MergeTree
PARTITION BY toStartOfHour(ReceivedAt)
ORDER BY (toStartOfMinute(ReceivedAt), TraceId)
TTL toDateTime(ReceivedAt) + INTERVAL 2 HOUR
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_mention_logs_mv {on_cluster} TO tally_mention AS
SELECT ReceivedAt, Tenant, ServiceNamespace, ServiceName, 'log' AS MentionedBy, TraceId, SpanId, Timestamp AS EventTime
FROM otel_logs
WHERE bitAnd(TraceFlags, 1) = 1 AND SpanId != '' AND TraceId != '';

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_mention_gauge_mv {on_cluster} TO tally_mention AS
SELECT ReceivedAt, Tenant, ServiceNamespace, ServiceName, 'exemplar' AS MentionedBy,
    Exemplars.TraceId AS TraceId, Exemplars.SpanId AS SpanId, Exemplars.TimeUnix AS EventTime
FROM (SELECT * FROM otel_metrics_gauge WHERE notEmpty(Exemplars.TraceId))
ARRAY JOIN Exemplars.TraceId, Exemplars.SpanId, Exemplars.TimeUnix
WHERE TraceId != '';

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_mention_sum_mv {on_cluster} TO tally_mention AS
SELECT ReceivedAt, Tenant, ServiceNamespace, ServiceName, 'exemplar' AS MentionedBy,
    Exemplars.TraceId AS TraceId, Exemplars.SpanId AS SpanId, Exemplars.TimeUnix AS EventTime
FROM (SELECT * FROM otel_metrics_sum WHERE notEmpty(Exemplars.TraceId))
ARRAY JOIN Exemplars.TraceId, Exemplars.SpanId, Exemplars.TimeUnix
WHERE TraceId != '';

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_mention_histogram_mv {on_cluster} TO tally_mention AS
SELECT ReceivedAt, Tenant, ServiceNamespace, ServiceName, 'exemplar' AS MentionedBy,
    Exemplars.TraceId AS TraceId, Exemplars.SpanId AS SpanId, Exemplars.TimeUnix AS EventTime
FROM (SELECT * FROM otel_metrics_histogram WHERE notEmpty(Exemplars.TraceId))
ARRAY JOIN Exemplars.TraceId, Exemplars.SpanId, Exemplars.TimeUnix
WHERE TraceId != '';

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_mention_exponential_histogram_mv {on_cluster} TO tally_mention AS
SELECT ReceivedAt, Tenant, ServiceNamespace, ServiceName, 'exemplar' AS MentionedBy,
    Exemplars.TraceId AS TraceId, Exemplars.SpanId AS SpanId, Exemplars.TimeUnix AS EventTime
FROM (SELECT * FROM otel_metrics_exponential_histogram WHERE notEmpty(Exemplars.TraceId))
ARRAY JOIN Exemplars.TraceId, Exemplars.SpanId, Exemplars.TimeUnix
WHERE TraceId != '';

-- Mentions, settled: each mentioned span once a window. Found; missing although its trace is here, which is a loss;
-- or missing with the whole trace, which a tail sampler does too.
CREATE TABLE IF NOT EXISTS tally_reference {on_cluster} (
    Window            DateTime('UTC') COMMENT 'start of 5 s of arrival of the mentions',
    SettledAt         DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String) COMMENT 'of the one who mentions',
    ServiceName       LowCardinality(String) COMMENT 'of the one who mentions',
    MentionedBy       LowCardinality(String),
    Bucket            DateTime('UTC') COMMENT 'start of the second of the mention',
    Found             UInt64,
    SpansMissing      UInt64 COMMENT 'other spans of the trace are here',
    TracesMissing     UInt64 COMMENT 'no span of the trace is here',
    SpanBatches       Array(UInt64) COMMENT 'hashes of the distinct requests that brought the found spans',
    ExampleTraceIds   Array(String) COMMENT 'of missing spans'
) ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toDate(Window)
ORDER BY (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, MentionedBy, Bucket)
TTL Window + INTERVAL 1 DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- Which windows of arrival are settled in tally_pair and tally_reference, empty ones too.
CREATE TABLE IF NOT EXISTS tally_graph_settled {on_cluster} (
    Window    DateTime('UTC'),
    SettledAt DateTime64(3, 'UTC'),
    LagMs     UInt32 COMMENT 'how long spans were waited for after the window'
) ENGINE = {replicated}ReplacingMergeTree(SettledAt)
PARTITION BY toDate(Window)
ORDER BY Window
TTL Window + INTERVAL 2 DAY;

-- Numbers that a process gave to what it emitted (plumbline/beacon), per process and 5 s of arrival: the exact set.
CREATE TABLE IF NOT EXISTS tally_ordinal {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    Signal            LowCardinality(String),
    BootId            String COMMENT 'of one run of one process',
    ReceiveBucket     DateTime('UTC') COMMENT 'start of 5 s of arrival time',
    Items             SimpleAggregateFunction(sum, UInt64) COMMENT 'with duplicates',
    SeqMin            SimpleAggregateFunction(min, UInt64),
    SeqMax            SimpleAggregateFunction(max, UInt64),
    Seqs              AggregateFunction(groupBitmap, UInt64),
    Arrivals          AggregateFunction(groupBitmap, UInt64) COMMENT 'distinct arrival times in ms: one per request',
    CreatedMax        SimpleAggregateFunction(max, UInt64) COMMENT 'sampled records the process had begun',
    UnnumberedMax     SimpleAggregateFunction(max, UInt64) COMMENT 'records that got no number'
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveBucket)
ORDER BY (ReceiveBucket, Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, BootId)
TTL ReceiveBucket + INTERVAL 1 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_ordinal_traces_mv {on_cluster} TO tally_ordinal AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'traces' AS Signal,
    SpanAttributes['plumbline.boot_id'] AS BootId,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    count() AS Items, min(Seq) AS SeqMin, max(Seq) AS SeqMax, groupBitmapState(Seq) AS Seqs,
    groupBitmapState(toUInt64(toUnixTimestamp64Milli(ReceivedAt))) AS Arrivals,
    max(toUInt64OrZero(SpanAttributes['plumbline.created'])) AS CreatedMax,
    max(toUInt64OrZero(SpanAttributes['plumbline.unnumbered'])) AS UnnumberedMax
FROM (
    SELECT *, assumeNotNull(toUInt64OrNull(SpanAttributes['plumbline.seq'])) AS Seq
    FROM otel_traces WHERE match(SpanAttributes['plumbline.seq'], '^[0-9]{1,15}$')
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, BootId, ReceiveBucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_ordinal_logs_mv {on_cluster} TO tally_ordinal AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, 'logs' AS Signal,
    LogAttributes['plumbline.boot_id'] AS BootId,
    toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS ReceiveBucket,
    count() AS Items, min(Seq) AS SeqMin, max(Seq) AS SeqMax, groupBitmapState(Seq) AS Seqs,
    groupBitmapState(toUInt64(toUnixTimestamp64Milli(ReceivedAt))) AS Arrivals,
    max(toUInt64OrZero(LogAttributes['plumbline.created'])) AS CreatedMax,
    max(toUInt64OrZero(LogAttributes['plumbline.unnumbered'])) AS UnnumberedMax
FROM (
    SELECT *, assumeNotNull(toUInt64OrNull(LogAttributes['plumbline.seq'])) AS Seq
    FROM otel_logs WHERE match(LogAttributes['plumbline.seq'], '^[0-9]{1,15}$')
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, BootId, ReceiveBucket;

-- How much arrived per minute, all instances together, kept for weeks: the same hour of other weeks is the measure.
CREATE TABLE IF NOT EXISTS tally_volume {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    Signal            LowCardinality(String),
    Minute            DateTime('UTC') COMMENT 'start of a minute of arrival time',
    Items             SimpleAggregateFunction(sum, UInt64)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toMonday(Minute)
ORDER BY (toStartOfHour(Minute), Tenant, ServiceNamespace, ServiceName, Signal, Minute)
TTL Minute + INTERVAL 36 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_volume_mv {on_cluster} TO tally_volume AS
SELECT Tenant, ServiceNamespace, ServiceName, Signal, toStartOfMinute(ReceiveBucket) AS Minute, sum(Items) AS Items
FROM tally_source
GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, Minute;
