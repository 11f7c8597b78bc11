-- Why:  the judge looks ten minutes back at every source every second. Of 10,000 sources that is two million rows of
--       5 s; of whole minutes it is a tenth. A minute rides on the tallies of 5 s, whose rows are few, and not on the
--       spans.
-- Care: the bits of a mask are the twelve 5 s of the minute; a bit that is set twice is set once, in any order.
-- Undo: DROP the views, then the tables; all are derived, and are rebuilt from tally_source and tally_sampling.

CREATE TABLE IF NOT EXISTS tally_source_minute {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    Signal            LowCardinality(String),
    ReceiveMinute     DateTime('UTC'),
    EventMinute       DateTime('UTC') COMMENT 'of metrics, whose rhythm is one of event time; else that of arrival',
    FilledMask        SimpleAggregateFunction(groupBitOr, UInt16) COMMENT 'which 5 s of EventMinute hold anything',
    Items             SimpleAggregateFunction(sum, UInt64),
    EventTimeMsMax    SimpleAggregateFunction(max, Int64) COMMENT 'newest event, never later than its arrival',
    ReceivedMin       SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    ReceivedMax       SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    LatenessMsMin     SimpleAggregateFunction(min, Int64),
    LatenessMsMax     SimpleAggregateFunction(max, Int64),
    LatenessBins      SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) COMMENT 'bins of core/log-bin.ts, in ms',
    Anomalous         SimpleAggregateFunction(sum, UInt64)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveMinute)
ORDER BY (ReceiveMinute, Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, EventMinute)
TTL ReceiveMinute + INTERVAL 14 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_source_minute_mv {on_cluster} TO tally_source_minute AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal,
    toStartOfMinute(ReceiveBucket) AS ReceiveMinute,
    toStartOfMinute(Bucket) AS EventMinute,
    groupBitOr(bitShiftLeft(toUInt16(1), toUInt8(intDiv(toSecond(Bucket), 5)))) AS FilledMask,
    sum(s.Items) AS Items,
    max(EventMs) AS EventTimeMsMax,
    min(s.ReceivedMin) AS ReceivedMin, max(s.ReceivedMax) AS ReceivedMax,
    min(s.LatenessMsMin) AS LatenessMsMin, max(s.LatenessMsMax) AS LatenessMsMax,
    sumMap(s.LatenessBins) AS LatenessBins, sum(s.Anomalous) AS Anomalous
FROM (
    SELECT *, if(Signal = 'metrics', EventBucket, ReceiveBucket) AS Bucket,
        least(toUnixTimestamp64Milli(EventTimeMax), toUnixTimestamp64Milli(ReceivedMax)) AS EventMs
    FROM tally_source
) AS s
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal, ReceiveMinute, EventMinute;

CREATE TABLE IF NOT EXISTS tally_sampling_minute {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ReceiveMinute     DateTime('UTC'),
    ThresholdHex      LowCardinality(String),
    Spans             SimpleAggregateFunction(sum, UInt64),
    Violations        SimpleAggregateFunction(sum, UInt64),
    ExampleTraceId    SimpleAggregateFunction(max, String)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveMinute)
ORDER BY (ReceiveMinute, Tenant, ServiceNamespace, ServiceName, ThresholdHex)
TTL ReceiveMinute + INTERVAL 14 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_sampling_minute_mv {on_cluster} TO tally_sampling_minute AS
SELECT Tenant, ServiceNamespace, ServiceName, toStartOfMinute(ReceiveBucket) AS ReceiveMinute, ThresholdHex,
    sum(t.Spans) AS Spans, sum(t.Violations) AS Violations, max(t.ExampleTraceId) AS ExampleTraceId
FROM tally_sampling AS t
GROUP BY Tenant, ServiceNamespace, ServiceName, ReceiveMinute, ThresholdHex;
