-- Why:  drift is seen over weeks, by the minute: what a service answered and called, its versions, and what its platform
--       says of it. Requests of spans are in tally_service already; here is what is not: request metrics that no sampler
--       touched, gauges and counters with their resets, edges as the caller felt them. What people accept as normal is
--       kept as frozen numbers, for the raw rows are gone after a month.
-- Care: of a series and a minute the last reading is kept, as a maximum by time, so what arrives twice is once; readings
--       are told apart on reading, where a counter's reset shows. A reading closes the minute that it ends. The Epoch of a
--       delta is its own time: each is a series of one. Times are bounded as in 0006, whole durations are microseconds.
--       accepted_references and accepted_reference_ends are records of acts of people: nothing deletes or changes a row.
-- Undo: MODIFY QUERY of tally_call_mv with that of 0011, DROP the views, then the tally tables; all are derived, and are
--       rebuilt from the otel_* rows. DROP accepted_reference* destroys what people accepted.

CREATE TABLE IF NOT EXISTS tally_duration_minute {on_cluster} (
    ServiceName       LowCardinality(String),
    Side              LowCardinality(String) COMMENT 'server or client',
    Minute            DateTime('UTC') COMMENT 'start of the minute of event time that the reading closes',
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    Peer              LowCardinality(String) COMMENT 'whom a client called; empty of servers',
    Outcome           LowCardinality(String) COMMENT 'ok, error or rejected (429, 503)',
    Temporality       UInt8 COMMENT '1 delta, 2 cumulative',
    Epoch             DateTime64(9, 'UTC') COMMENT 'StartTimeUnix of a cumulative series, TimeUnix of a delta',
    Series            UInt64 COMMENT 'hash of resource, scope and all attributes',
    Last              SimpleAggregateFunction(max, Tuple(TimeUnix DateTime64(9, 'UTC'), StartTimeUnix DateTime64(9, 'UTC'),
                          Count Int64, SumUs Int64, BoundsMs Array(Float64), Counts Array(Int64)))
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toMonday(Minute)
ORDER BY (ServiceName, Side, Minute, Tenant, ServiceNamespace, Peer, Outcome, Temporality, Epoch, Series)
TTL Minute + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_duration_minute_histogram_mv {on_cluster} TO tally_duration_minute AS
SELECT ServiceName, if(position(MetricName, '.client.') > 0, 'client', 'server') AS Side,
    toStartOfMinute(toDateTime(h.TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute,
    Tenant, ServiceNamespace,
    if(Side = 'server', '', substring(multiIf(
        Attributes['service.peer.name'] != '', Attributes['service.peer.name'],
        Attributes['peer.service'] != '', Attributes['peer.service'],
        Attributes['server.address'] != '', concat(Attributes['server.address'], ':', Attributes['server.port']),
        Attributes['net.peer.name']
    ), 1, 200)) AS Peer,
    multiIf(Status IN ('429', '503'), 'rejected', Attributes['error.type'] != '' OR match(Status, '^5..$')
        OR Attributes['rpc.grpc.status_code'] NOT IN ('', '0'), 'error', 'ok') AS Outcome,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, h.StartTimeUnix, h.TimeUnix) AS Epoch,
    cityHash64(ServiceInstanceId, mapSort(ResourceAttributes), ScopeName, mapSort(Attributes)) AS Series,
    max((h.TimeUnix, h.StartTimeUnix, toInt64(least(Count, 9000000000000000000)),
        toInt64(round(if(isFinite(Sum), least(greatest(Sum, 0) * if(MetricUnit = 'ms', 1e3, 1e6), 9e18), 0))),
        arrayMap(b -> round(if(MetricUnit = 'ms', b, b * 1000), 3), ExplicitBounds),
        arrayMap(c -> toInt64(least(c, 9000000000000000000)), BucketCounts))) AS Last
FROM (
    SELECT *, if(Attributes['http.response.status_code'] != '', Attributes['http.response.status_code'],
        Attributes['http.status_code']) AS Status
    FROM otel_metrics_histogram
    WHERE MetricName IN ('http.server.request.duration', 'http.server.duration', 'rpc.server.call.duration',
        'rpc.server.duration', 'messaging.process.duration', 'http.client.request.duration', 'http.client.duration',
        'rpc.client.call.duration', 'rpc.client.duration')
        AND bitAnd(Flags, 1) = 0 AND AggregationTemporality IN (1, 2)
        AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
        AND NOT multiSearchAnyCaseInsensitive(ScopeName, ['spanmetrics', 'span-metrics', 'signaltometrics'])
        AND NOT mapContains(Attributes, 'span.kind')
) AS h
GROUP BY ServiceName, Side, Minute, Tenant, ServiceNamespace, Peer, Outcome, Temporality, Epoch, Series;

-- Exponential buckets as bounds: 2^(i * 2^-Scale). Negative values are no durations; below them all stands the zero count.
CREATE MATERIALIZED VIEW IF NOT EXISTS tally_duration_minute_exponential_histogram_mv {on_cluster} TO tally_duration_minute AS
SELECT ServiceName, if(position(MetricName, '.client.') > 0, 'client', 'server') AS Side,
    toStartOfMinute(toDateTime(h.TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute,
    Tenant, ServiceNamespace,
    if(Side = 'server', '', substring(multiIf(
        Attributes['service.peer.name'] != '', Attributes['service.peer.name'],
        Attributes['peer.service'] != '', Attributes['peer.service'],
        Attributes['server.address'] != '', concat(Attributes['server.address'], ':', Attributes['server.port']),
        Attributes['net.peer.name']
    ), 1, 200)) AS Peer,
    multiIf(Status IN ('429', '503'), 'rejected', Attributes['error.type'] != '' OR match(Status, '^5..$')
        OR Attributes['rpc.grpc.status_code'] NOT IN ('', '0'), 'error', 'ok') AS Outcome,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, h.StartTimeUnix, h.TimeUnix) AS Epoch,
    cityHash64(ServiceInstanceId, mapSort(ResourceAttributes), ScopeName, mapSort(Attributes)) AS Series,
    max((h.TimeUnix, h.StartTimeUnix, toInt64(least(Count, 9000000000000000000)),
        toInt64(round(if(isFinite(Sum), least(greatest(Sum, 0) * if(MetricUnit = 'ms', 1e3, 1e6), 9e18), 0))),
        arrayMap(i -> round(if(MetricUnit = 'ms', 1, 1000) * exp2((PositiveOffset + i) * exp2(-Scale)), 6),
            range(length(PositiveBucketCounts) + 1)),
        arrayMap(c -> toInt64(least(c, 9000000000000000000)),
            arrayConcat([toUInt64(ZeroCount)], PositiveBucketCounts, [toUInt64(0)])))) AS Last
FROM (
    SELECT *, if(Attributes['http.response.status_code'] != '', Attributes['http.response.status_code'],
        Attributes['http.status_code']) AS Status
    FROM otel_metrics_exponential_histogram
    WHERE MetricName IN ('http.server.request.duration', 'http.server.duration', 'rpc.server.call.duration',
        'rpc.server.duration', 'messaging.process.duration', 'http.client.request.duration', 'http.client.duration',
        'rpc.client.call.duration', 'rpc.client.duration')
        AND bitAnd(Flags, 1) = 0 AND AggregationTemporality IN (1, 2)
        AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
        AND NOT multiSearchAnyCaseInsensitive(ScopeName, ['spanmetrics', 'span-metrics', 'signaltometrics'])
        AND NOT mapContains(Attributes, 'span.kind')
) AS h
GROUP BY ServiceName, Side, Minute, Tenant, ServiceNamespace, Peer, Outcome, Temporality, Epoch, Series;

-- Gauges and counters by the names of core/series-metrics.ts. What Kubernetes says of a workload is about the service of
-- its name, where the resource names no service.
CREATE TABLE IF NOT EXISTS tally_metric_minute {on_cluster} (
    ServiceName       LowCardinality(String),
    MetricName        LowCardinality(String),
    Minute            DateTime('UTC') COMMENT 'start of the minute of event time that the reading closes',
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    Temporality       UInt8 COMMENT '0 a level (gauge), 1 delta, 2 cumulative',
    Epoch             DateTime64(9, 'UTC') COMMENT 'StartTimeUnix of a cumulative series, TimeUnix of a delta, 0 of a gauge',
    Series            UInt64 COMMENT 'hash of resource, scope and all attributes',
    Last              SimpleAggregateFunction(max, Tuple(TimeUnix DateTime64(9, 'UTC'), StartTimeUnix DateTime64(9, 'UTC'), Value Float64))
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toMonday(Minute)
ORDER BY (ServiceName, MetricName, Minute, Tenant, ServiceNamespace, Temporality, Epoch, Series)
TTL Minute + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_metric_minute_gauge_mv {on_cluster} TO tally_metric_minute AS
SELECT toLowCardinality(multiIf(
        g.ServiceName NOT IN ('', 'unknown_service'), toString(g.ServiceName),
        ResourceAttributes['k8s.deployment.name'] != '', ResourceAttributes['k8s.deployment.name'],
        ResourceAttributes['k8s.hpa.name'] != '', ResourceAttributes['k8s.hpa.name'],
        ResourceAttributes['k8s.statefulset.name'] != '', ResourceAttributes['k8s.statefulset.name'],
        ResourceAttributes['k8s.container.name'])) AS ServiceName,
    MetricName, toStartOfMinute(toDateTime(g.TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute, Tenant, ServiceNamespace,
    toUInt8(0) AS Temporality, toDateTime64(0, 9, 'UTC') AS Epoch,
    cityHash64(ServiceInstanceId, mapSort(ResourceAttributes), ScopeName, mapSort(Attributes)) AS Series,
    max((g.TimeUnix, g.StartTimeUnix, Value)) AS Last
FROM (
    SELECT * FROM otel_metrics_gauge
    WHERE MetricName IN ('k8s.hpa.pod.current', 'k8s.hpa.current_replicas', 'k8s.hpa.pod.desired', 'k8s.hpa.desired_replicas',
        'k8s.hpa.pod.min', 'k8s.hpa.min_replicas', 'k8s.hpa.pod.max', 'k8s.hpa.max_replicas',
        'k8s.hpa.metric.target.cpu.average_utilization', 'k8s.deployment.pod.available', 'k8s.deployment.available',
        'k8s.container.cpu.limit', 'k8s.container.cpu_limit', 'k8s.container.cpu.limit.utilization',
        'k8s.container.cpu_limit_utilization', 'k8s.container.memory.limit', 'k8s.container.memory_limit',
        'container.memory.working_set', 'k8s.container.memory_limit_utilization', 'k8s.container.restart.count',
        'k8s.container.restarts', 'http.server.active_requests', 'db.client.connection.pending_requests',
        'db.client.connections.pending_requests', 'app.queue.length', 'app.fallbacks', 'app.stale_answers', 'app.cache.hits',
        'app.cache.misses', 'app.cache.ttl', 'app.circuit_breaker.open', 'platform.cost')
        AND isFinite(Value) AND bitAnd(Flags, 1) = 0
        AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
) AS g
GROUP BY ServiceName, MetricName, Minute, Tenant, ServiceNamespace, Series;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_metric_minute_sum_mv {on_cluster} TO tally_metric_minute AS
SELECT toLowCardinality(multiIf(
        g.ServiceName NOT IN ('', 'unknown_service'), toString(g.ServiceName),
        ResourceAttributes['k8s.deployment.name'] != '', ResourceAttributes['k8s.deployment.name'],
        ResourceAttributes['k8s.hpa.name'] != '', ResourceAttributes['k8s.hpa.name'],
        ResourceAttributes['k8s.statefulset.name'] != '', ResourceAttributes['k8s.statefulset.name'],
        ResourceAttributes['k8s.container.name'])) AS ServiceName,
    MetricName, toStartOfMinute(toDateTime(g.TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute, Tenant, ServiceNamespace,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, g.StartTimeUnix, g.TimeUnix) AS Epoch,
    cityHash64(ServiceInstanceId, mapSort(ResourceAttributes), ScopeName, mapSort(Attributes)) AS Series,
    max((g.TimeUnix, g.StartTimeUnix, Value)) AS Last
FROM (
    SELECT * FROM otel_metrics_sum
    WHERE MetricName IN ('k8s.hpa.pod.current', 'k8s.hpa.current_replicas', 'k8s.hpa.pod.desired', 'k8s.hpa.desired_replicas',
        'k8s.hpa.pod.min', 'k8s.hpa.min_replicas', 'k8s.hpa.pod.max', 'k8s.hpa.max_replicas',
        'k8s.hpa.metric.target.cpu.average_utilization', 'k8s.deployment.pod.available', 'k8s.deployment.available',
        'k8s.container.cpu.limit', 'k8s.container.cpu_limit', 'k8s.container.cpu.limit.utilization',
        'k8s.container.cpu_limit_utilization', 'k8s.container.memory.limit', 'k8s.container.memory_limit',
        'container.memory.working_set', 'k8s.container.memory_limit_utilization', 'k8s.container.restart.count',
        'k8s.container.restarts', 'http.server.active_requests', 'db.client.connection.pending_requests',
        'db.client.connections.pending_requests', 'app.queue.length', 'app.fallbacks', 'app.stale_answers', 'app.cache.hits',
        'app.cache.misses', 'app.cache.ttl', 'app.circuit_breaker.open', 'platform.cost')
        AND isFinite(Value) AND bitAnd(Flags, 1) = 0 AND AggregationTemporality IN (1, 2)
        AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
) AS g
GROUP BY ServiceName, MetricName, Minute, Tenant, ServiceNamespace, Temporality, Epoch, Series;

-- Which versions answered.
CREATE TABLE IF NOT EXISTS tally_version_minute {on_cluster} (
    ServiceName       LowCardinality(String),
    Minute            DateTime('UTC') COMMENT 'start of a minute of event time',
    Version           LowCardinality(String) COMMENT 'service.version',
    Items             SimpleAggregateFunction(sum, UInt64)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toMonday(Minute)
ORDER BY (ServiceName, Minute, Version)
TTL Minute + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_version_minute_traces_mv {on_cluster} TO tally_version_minute AS
SELECT ServiceName, toStartOfMinute(toDateTime(Timestamp)) AS Minute,
    toLowCardinality(ResourceAttributes['service.version']) AS Version, count() AS Items
FROM otel_traces
WHERE SpanKind IN ('Server', 'Consumer') AND Version != ''
    AND Timestamp BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
GROUP BY ServiceName, Minute, Version;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_version_minute_histogram_mv {on_cluster} TO tally_version_minute AS
SELECT ServiceName, toStartOfMinute(toDateTime(TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute,
    toLowCardinality(ResourceAttributes['service.version']) AS Version, count() AS Items
FROM otel_metrics_histogram
WHERE MetricName IN ('http.server.request.duration', 'http.server.duration', 'rpc.server.call.duration', 'rpc.server.duration')
    AND Version != '' AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
GROUP BY ServiceName, Minute, Version;

-- Calls of other services as the caller felt them. They ride on tally_call, which has told already whom a call is for.
ALTER TABLE tally_call {on_cluster}
    ADD COLUMN IF NOT EXISTS Duration UInt64 CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS IsResend UInt8 COMMENT 'http.request.resend_count: tried before',
    ADD COLUMN IF NOT EXISTS IsTimeout UInt8 COMMENT 'error.type tells of a timeout',
    ADD COLUMN IF NOT EXISTS WeightKind LowCardinality(String) DEFAULT 'none',
    ADD COLUMN IF NOT EXISTS WeightKey LowCardinality(String);

ALTER TABLE tally_call_mv {on_cluster} MODIFY QUERY
SELECT ReceivedAt, Tenant, ServiceNamespace, ServiceName, TraceId, SpanId, Timestamp AS StartTime,
    substring(multiIf(
        SpanAttributes['service.peer.name'] != '', SpanAttributes['service.peer.name'],
        SpanAttributes['peer.service'] != '', SpanAttributes['peer.service'],
        SpanAttributes['messaging.destination.name'] != '', SpanAttributes['messaging.destination.name'],
        SpanAttributes['server.address'] != '', concat(SpanAttributes['server.address'], ':', SpanAttributes['server.port']),
        SpanAttributes['net.peer.name']
    ), 1, 200) AS Peer,
    StatusCode = 'Error' AS IsError, Duration,
    SpanAttributes['http.request.resend_count'] NOT IN ('', '0') AS IsResend,
    StatusCode = 'Error' AND (positionCaseInsensitive(SpanAttributes['error.type'], 'timeout') > 0
        OR SpanAttributes['error.type'] IN ('DEADLINE_EXCEEDED', 'timed_out', 'ETIMEDOUT', 'ESOCKETTIMEDOUT')) AS IsTimeout,
    if(SamplingViolation = 1, 'invalid', WeightKind) AS WeightKind, WeightKey
FROM otel_traces
WHERE SpanKind IN ('Client', 'Producer');

CREATE TABLE IF NOT EXISTS tally_peer_ten_minutes {on_cluster} (
    ServiceName       LowCardinality(String) COMMENT 'of the caller',
    Bucket            DateTime('UTC') COMMENT 'start of ten minutes of event time',
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String) COMMENT 'of the caller',
    Peer              LowCardinality(String) COMMENT 'as in tally_call',
    WeightKind        LowCardinality(String),
    WeightKey         LowCardinality(String) COMMENT 'cut to bounded precision, as in tally_service',
    Attempts          SimpleAggregateFunction(sum, UInt64),
    Resends           SimpleAggregateFunction(sum, UInt64) COMMENT 'attempts that were not the first',
    Errors            SimpleAggregateFunction(sum, UInt64) COMMENT 'attempts that failed',
    DurationUs        SimpleAggregateFunction(sum, UInt64) COMMENT 'of all attempts'
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toMonday(Bucket)
ORDER BY (ServiceName, Bucket, Tenant, ServiceNamespace, Peer, WeightKind, WeightKey)
TTL Bucket + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_peer_ten_minutes_mv {on_cluster} TO tally_peer_ten_minutes AS
SELECT ServiceName, toStartOfInterval(toDateTime(StartTime), INTERVAL 10 MINUTE) AS Bucket, Tenant, ServiceNamespace, Peer,
    c.WeightKind AS WeightKind,
    replaceRegexpOne(replaceRegexpOne(c.WeightKey, '^(f*[0-9a-e][0-9a-f]{3})[0-9a-f]+$', '\\18'), '([.][0-9]{3})[0-9]+$', '\\1') AS WeightKey,
    count() AS Attempts, sum(IsResend) AS Resends, sum(IsError) AS Errors, sum(intDiv(Duration, 1000)) AS DurationUs
FROM tally_call AS c
WHERE Peer != '' AND StartTime BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
GROUP BY ServiceName, Bucket, Tenant, ServiceNamespace, Peer, WeightKind, WeightKey;

-- Attempts that were not the first, and those that timed out, by the minute; no rows of callers that have neither.
CREATE TABLE IF NOT EXISTS tally_retry_minute {on_cluster} (
    ServiceName       LowCardinality(String) COMMENT 'of the caller',
    Minute            DateTime('UTC') COMMENT 'start of a minute of event time',
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String) COMMENT 'of the caller',
    WeightKind        LowCardinality(String),
    WeightKey         LowCardinality(String),
    Resends           SimpleAggregateFunction(sum, UInt64),
    Timeouts          SimpleAggregateFunction(sum, UInt64)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toMonday(Minute)
ORDER BY (ServiceName, Minute, Tenant, ServiceNamespace, WeightKind, WeightKey)
TTL Minute + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_retry_minute_mv {on_cluster} TO tally_retry_minute AS
SELECT ServiceName, toStartOfMinute(toDateTime(StartTime)) AS Minute, Tenant, ServiceNamespace, c.WeightKind AS WeightKind,
    replaceRegexpOne(replaceRegexpOne(c.WeightKey, '^(f*[0-9a-e][0-9a-f]{3})[0-9a-f]+$', '\\18'), '([.][0-9]{3})[0-9]+$', '\\1') AS WeightKey,
    sum(IsResend) AS Resends, sum(IsTimeout) AS Timeouts
FROM tally_call AS c
WHERE (IsResend = 1 OR IsTimeout = 1) AND StartTime BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
GROUP BY ServiceName, Minute, Tenant, ServiceNamespace, WeightKind, WeightKey;

-- What people accepted as normal. The newest that holds for a service and was not revoked is in force.
CREATE TABLE IF NOT EXISTS accepted_references {on_cluster} (
    Id          String,
    AcceptedAt  DateTime64(3, 'UTC'),
    Services    Array(String) COMMENT 'as asked; empty: all there were',
    Held        Array(String) COMMENT 'services that the numbers are of',
    PeriodFrom  DateTime64(3, 'UTC'),
    PeriodUntil DateTime64(3, 'UTC'),
    AcceptedBy  String,
    Reason      String,
    Hash        String COMMENT 'SHA-256 over the canonical JSON of services, period and numbers',
    Numbers     String COMMENT 'canonical JSON' CODEC(ZSTD(3))
) ENGINE = {replicated}ReplacingMergeTree
ORDER BY Id
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS accepted_reference_ends {on_cluster} (
    Id        String,
    RevokedAt DateTime64(3, 'UTC'),
    RevokedBy String,
    Reason    String
) ENGINE = {replicated}MergeTree
ORDER BY (Id, RevokedAt)
SETTINGS non_replicated_deduplication_window = 10000;
