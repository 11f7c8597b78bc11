-- Why:  detectors of drift are told what automations did, what people changed, how zones share a service, and whom callers
--       called, from telemetry. Log records that may tell of an action are few among all: they are kept apart, whole, and
--       understood on reading (core/actions). Zone, instance, resends and timeouts ride on the readings of 0019.
-- Care: action_records are candidates: what they say is judged where they are read. Bodies of more than 64 KiB are not
--       kept, their length is. Zone, Instance and what follows them are the same in all readings of a series, so that any
--       maximum is it; readings from before have none. recorded_changes are acts of people: nothing deletes a row.
-- Undo: MODIFY QUERY of the four views of 0019 with theirs; DROP the views, then action_records and tally_zone_minute: both
--       are derived. DROP recorded_changes destroys what people wrote down.

-- The first test is one look at the names of attributes; bodies are looked at only where they are JSON, by names that
-- nothing else has together. Of the API server's audit log reads, leases and status updates are most: by verb and resource
-- they are left out here.
CREATE TABLE IF NOT EXISTS action_records {on_cluster} (
    Timestamp          DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    ReceivedAt         DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    Tenant             LowCardinality(String),
    ServiceNamespace   LowCardinality(String),
    ServiceName        LowCardinality(String),
    EventName          LowCardinality(String),
    LogAttributes      Map(LowCardinality(String), String) COMMENT 'those that tell of actions' CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) COMMENT 'k8s.* and deployment.*' CODEC(ZSTD(1)),
    Body               String COMMENT 'empty where longer than 64 KiB' CODEC(ZSTD(3)),
    BodyBytes          UInt64 COMMENT 'as it was received'
) ENGINE = {replicated}MergeTree
PARTITION BY toMonday(Timestamp)
ORDER BY (toStartOfHour(Timestamp), ServiceName, Timestamp)
TTL toDateTime(Timestamp) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS action_records_mv {on_cluster} TO action_records AS
SELECT Timestamp, ReceivedAt, Tenant, ServiceNamespace, ServiceName, substring(l.EventName, 1, 200) AS EventName,
    mapApply((k, v) -> (k, substring(v, 1, 2000)), mapFilter((k, v) -> match(k, '^(automation|change|deployment|k8s)[.]|^event[.]name$'),
        l.LogAttributes)) AS LogAttributes,
    mapApply((k, v) -> (k, substring(v, 1, 500)), mapFilter((k, v) -> match(k, '^(deployment|k8s)[.]'),
        l.ResourceAttributes)) AS ResourceAttributes,
    if(BodyBytes <= 65536, l.Body, '') AS Body, length(l.Body) AS BodyBytes
FROM otel_logs AS l
WHERE (
        (hasAny(mapKeys(l.LogAttributes), ['automation.actor', 'change.summary', 'deployment.status', 'k8s.event.reason'])
            AND l.LogAttributes['k8s.event.reason'] IN ('', 'Descheduled', 'DisruptionLaunching', 'DisruptionTerminating', 'EvictedByVPA', 'InPlaceResizedByVPA',
                'KEDAJobsCreated', 'KEDAScaleTargetActivated', 'KEDAScaleTargetDeactivated', 'Killing', 'Launched',
                'Preempted', 'RolloutAborted', 'RolloutCompleted', 'RolloutResumed', 'RolloutStepCompleted',
                'RolloutUpdated', 'ScaleDown', 'ScaleDownEmpty', 'ScaledUpGroup', 'SuccessfulRescale', 'SwitchService',
                'Synced', 'TaintManagerEviction', 'TrafficWeightUpdated', 'TriggeredScaleUp'))
        OR (startsWith(l.Body, '{') AND (
            (position(l.Body, '"reason"') > 0 AND multiSearchAny(l.Body, ['"involvedObject"', '"regarding"'])
                AND multiSearchAny(l.Body, ['"Descheduled"', '"DisruptionLaunching"', '"DisruptionTerminating"', '"EvictedByVPA"',
                    '"InPlaceResizedByVPA"', '"KEDAJobsCreated"', '"KEDAScaleTargetActivated"',
                    '"KEDAScaleTargetDeactivated"', '"Killing"', '"Launched"', '"Preempted"', '"RolloutAborted"',
                    '"RolloutCompleted"', '"RolloutResumed"', '"RolloutStepCompleted"', '"RolloutUpdated"', '"ScaleDown"',
                    '"ScaleDownEmpty"', '"ScaledUpGroup"', '"SuccessfulRescale"', '"SwitchService"', '"Synced"',
                    '"TaintManagerEviction"', '"TrafficWeightUpdated"', '"TriggeredScaleUp"']))
            OR (position(l.Body, '"auditID"') > 0
                AND match(l.Body, '"verb" *: *"(create|update|patch|delete|deletecollection)"')
                AND match(l.Body, '"resource" *: *"(deployments|statefulsets|daemonsets|rollouts|replicasets|pods|nodes|nodeclaims|machines|horizontalpodautoscalers|scaledobjects|services|ingresses|httproutes|virtualservices|destinationrules|namespaces|persistentvolumeclaims)"')
                AND NOT match(l.Body, '"subresource" *: *"status"'))))
    )
    AND l.Timestamp BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY;

-- What a person wrote down of a change, who has no pipeline that sends it.
CREATE TABLE IF NOT EXISTS recorded_changes {on_cluster} (
    Id         String,
    At         DateTime64(3, 'UTC') COMMENT 'when it was made',
    Service    String,
    Summary    String,
    Expects    String COMMENT 'empty: nothing that anybody should see',
    RecordedBy String,
    RecordedAt DateTime64(3, 'UTC')
) ENGINE = {replicated}ReplacingMergeTree
ORDER BY Id
SETTINGS non_replicated_deduplication_window = 10000;

-- Of which zone and instance a reading is, and of a client whether its attempts were the first.
ALTER TABLE tally_duration_minute {on_cluster}
    ADD COLUMN IF NOT EXISTS Zone SimpleAggregateFunction(max, String) COMMENT 'cloud.availability_zone',
    ADD COLUMN IF NOT EXISTS Instance SimpleAggregateFunction(max, UInt64) COMMENT 'hash of service.instance.id, 0 without',
    ADD COLUMN IF NOT EXISTS Resend SimpleAggregateFunction(max, UInt8) COMMENT '0 not told, 1 first attempts, 2 further ones',
    ADD COLUMN IF NOT EXISTS IsTimeout SimpleAggregateFunction(max, UInt8) COMMENT 'error.type tells of a timeout';

ALTER TABLE tally_duration_minute_histogram_mv {on_cluster} MODIFY QUERY
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
        arrayMap(c -> toInt64(least(c, 9000000000000000000)), BucketCounts))) AS Last,
    max(ResourceAttributes['cloud.availability_zone']) AS Zone,
    max(if(ServiceInstanceId = '', 0, cityHash64(toString(ServiceInstanceId)))) AS Instance,
    max(multiIf(NOT mapContains(Attributes, 'http.request.resend_count'), 0, Attributes['http.request.resend_count'] IN ('', '0'), 1, 2)) AS Resend,
    max(positionCaseInsensitive(Attributes['error.type'], 'timeout') > 0
        OR Attributes['error.type'] IN ('DEADLINE_EXCEEDED', 'timed_out', 'ETIMEDOUT', 'ESOCKETTIMEDOUT')) AS IsTimeout
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

ALTER TABLE tally_duration_minute_exponential_histogram_mv {on_cluster} MODIFY QUERY
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
            arrayConcat([toUInt64(ZeroCount)], PositiveBucketCounts, [toUInt64(0)])))) AS Last,
    max(ResourceAttributes['cloud.availability_zone']) AS Zone,
    max(if(ServiceInstanceId = '', 0, cityHash64(toString(ServiceInstanceId)))) AS Instance,
    max(multiIf(NOT mapContains(Attributes, 'http.request.resend_count'), 0, Attributes['http.request.resend_count'] IN ('', '0'), 1, 2)) AS Resend,
    max(positionCaseInsensitive(Attributes['error.type'], 'timeout') > 0
        OR Attributes['error.type'] IN ('DEADLINE_EXCEEDED', 'timed_out', 'ETIMEDOUT', 'ESOCKETTIMEDOUT')) AS IsTimeout
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

-- How many replicas a deployment is to have is told by the deployment too.
ALTER TABLE tally_metric_minute_gauge_mv {on_cluster} MODIFY QUERY
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
        'k8s.deployment.pod.desired', 'k8s.deployment.desired',
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

ALTER TABLE tally_metric_minute_sum_mv {on_cluster} MODIFY QUERY
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
        'k8s.deployment.pod.desired', 'k8s.deployment.desired',
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

-- Zones by spans, of services that send no such metric; no rows of services without zones.
CREATE TABLE IF NOT EXISTS tally_zone_minute {on_cluster} (
    ServiceName       LowCardinality(String),
    Minute            DateTime('UTC') COMMENT 'start of a minute of event time',
    Zone              LowCardinality(String) COMMENT 'cloud.availability_zone',
    WeightKind        LowCardinality(String),
    WeightKey         LowCardinality(String) COMMENT 'cut to bounded precision, as in tally_service',
    Requests          SimpleAggregateFunction(sum, UInt64),
    DurationBins      SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) COMMENT 'as in tally_service',
    Instances         SimpleAggregateFunction(sumMap, Map(UInt64, UInt64)) COMMENT 'spans by hash of service.instance.id, 0 without'
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toMonday(Minute)
ORDER BY (ServiceName, Minute, Zone, WeightKind, WeightKey)
TTL Minute + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_zone_minute_mv {on_cluster} TO tally_zone_minute AS
SELECT ServiceName, toStartOfMinute(toDateTime(EventTime)) AS Minute,
    toLowCardinality(ResourceAttributes['cloud.availability_zone']) AS Zone,
    if(SamplingViolation = 1, 'invalid', s.WeightKind) AS WeightKind,
    replaceRegexpOne(replaceRegexpOne(s.WeightKey, '^(f*[0-9a-e][0-9a-f]{3})[0-9a-f]+$', '\\18'), '([.][0-9]{3})[0-9]+$', '\\1') AS WeightKey,
    count() AS Requests,
    sumMap(map(toInt16(floor(8 * log2(1 + Duration / 1000))), toUInt64(1))) AS DurationBins,
    sumMap(map(if(ServiceInstanceId = '', 0, cityHash64(toString(ServiceInstanceId))), toUInt64(1))) AS Instances
FROM (SELECT *, addNanoseconds(Timestamp, Duration) AS EventTime FROM otel_traces) AS s
WHERE SpanKind IN ('Server', 'Consumer') AND Zone != ''
    AND EventTime BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
GROUP BY ServiceName, Minute, Zone, WeightKind, WeightKey;
