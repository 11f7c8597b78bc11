-- Why:  what hides failures between a caller and what it calls: breakers, fallbacks, retries, timeouts, ejected hosts. No
--       convention names them, but libraries export them anyway, by names of their own (core/mask-metrics.ts). Which of
--       a metric's values counts is told by a label, and whom it is about by another; both are kept.
-- Care: as in 0019 the last reading of a minute, a maximum by time. Of a cumulative series the Epoch is 0: proxies exist that
--       send the time of their last flush as its start, so a reset is told by a fall alone. Nothing is written for who
--       exports none of these.
-- Undo: DROP the views, then the table; it is derived, and is rebuilt from the otel_metrics_* rows.

CREATE TABLE IF NOT EXISTS tally_mask_minute {on_cluster} (
    ServiceName       LowCardinality(String) COMMENT 'of the caller',
    MetricName        LowCardinality(String),
    Minute            DateTime('UTC') COMMENT 'start of the minute of event time that the reading closes',
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String) COMMENT 'of the caller',
    Callee            LowCardinality(String) COMMENT 'as the library calls it: a breaker, a cluster, a target',
    Kind              LowCardinality(String) COMMENT 'value of the label that tells what is counted',
    Temporality       UInt8 COMMENT '0 a level (gauge), 1 delta, 2 cumulative',
    Epoch             DateTime64(9, 'UTC') COMMENT 'TimeUnix of a delta, else 0',
    Series            UInt64 COMMENT 'hash of resource, scope and all attributes',
    Last              SimpleAggregateFunction(max, Tuple(TimeUnix DateTime64(9, 'UTC'), StartTimeUnix DateTime64(9, 'UTC'), Value Float64))
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toMonday(Minute)
ORDER BY (ServiceName, MetricName, Minute, Tenant, ServiceNamespace, Callee, Kind, Temporality, Epoch, Series)
TTL Minute + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_mask_minute_gauge_mv {on_cluster} TO tally_mask_minute AS
SELECT toLowCardinality(multiIf(
        m.ServiceName NOT IN ('', 'unknown_service'), toString(m.ServiceName),
        ResourceAttributes['k8s.deployment.name'] != '', ResourceAttributes['k8s.deployment.name'],
        ResourceAttributes['k8s.statefulset.name'] != '', ResourceAttributes['k8s.statefulset.name'],
        ResourceAttributes['k8s.container.name'])) AS ServiceName,
    MetricName, toStartOfMinute(toDateTime(m.TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute, Tenant, ServiceNamespace,
    substring(multiIf(startsWith(MetricName, 'resilience4j') OR startsWith(MetricName, 'circuit'), Attributes['name'],
        Attributes['envoy.cluster_name'] != '', Attributes['envoy.cluster_name'],
        Attributes['envoy_cluster_name'] != '', Attributes['envoy_cluster_name'],
        Attributes['cluster_name']), 1, 200) AS Callee,
    substring(multiIf(startsWith(MetricName, 'circuit'), Attributes['event'], endsWith(MetricName, 'state'), Attributes['state'],
        Attributes['kind']), 1, 40) AS Kind,
    toUInt8(0) AS Temporality,
    toDateTime64(0, 9, 'UTC') AS Epoch,
    cityHash64(ServiceInstanceId, mapSort(ResourceAttributes), ScopeName, mapSort(Attributes)) AS Series,
    max((m.TimeUnix, m.StartTimeUnix, Value)) AS Last
FROM (
    SELECT * FROM otel_metrics_gauge
    WHERE MetricName IN ('resilience4j.circuitbreaker.state', 'resilience4j_circuitbreaker_state',
        'resilience4j.circuitbreaker.not.permitted.calls', 'resilience4j_circuitbreaker_not_permitted_calls',
        'resilience4j_circuitbreaker_not_permitted_calls_total', 'resilience4j.retry.calls',
        'resilience4j_retry_calls', 'resilience4j_retry_calls_total', 'resilience4j.timelimiter.calls',
        'resilience4j_timelimiter_calls', 'resilience4j_timelimiter_calls_total', 'circuit', 'circuit_total',
        'cluster.upstream_rq_retry', 'envoy.cluster.upstream_rq_retry', 'envoy_cluster_upstream_rq_retry',
        'cluster.upstream_rq_timeout', 'envoy.cluster.upstream_rq_timeout', 'envoy_cluster_upstream_rq_timeout',
        'cluster.upstream_rq_per_try_timeout', 'envoy.cluster.upstream_rq_per_try_timeout',
        'envoy_cluster_upstream_rq_per_try_timeout', 'cluster.upstream_rq_pending_overflow',
        'envoy.cluster.upstream_rq_pending_overflow', 'envoy_cluster_upstream_rq_pending_overflow',
        'cluster.circuit_breakers.default.cx_open', 'envoy.cluster.circuit_breakers.default.cx_open',
        'envoy_cluster_circuit_breakers_default_cx_open', 'cluster.circuit_breakers.default.rq_pending_open',
        'envoy.cluster.circuit_breakers.default.rq_pending_open',
        'envoy_cluster_circuit_breakers_default_rq_pending_open', 'cluster.circuit_breakers.default.rq_open',
        'envoy.cluster.circuit_breakers.default.rq_open', 'envoy_cluster_circuit_breakers_default_rq_open',
        'cluster.outlier_detection.ejections_active', 'envoy.cluster.outlier_detection.ejections_active',
        'envoy_cluster_outlier_detection_ejections_active', 'cluster.membership_total',
        'envoy.cluster.membership_total', 'envoy_cluster_membership_total')
        AND isFinite(Value) AND bitAnd(Flags, 1) = 0
        AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
) AS m
GROUP BY ServiceName, MetricName, Minute, Tenant, ServiceNamespace, Callee, Kind, Temporality, Epoch, Series;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_mask_minute_sum_mv {on_cluster} TO tally_mask_minute AS
SELECT toLowCardinality(multiIf(
        m.ServiceName NOT IN ('', 'unknown_service'), toString(m.ServiceName),
        ResourceAttributes['k8s.deployment.name'] != '', ResourceAttributes['k8s.deployment.name'],
        ResourceAttributes['k8s.statefulset.name'] != '', ResourceAttributes['k8s.statefulset.name'],
        ResourceAttributes['k8s.container.name'])) AS ServiceName,
    MetricName, toStartOfMinute(toDateTime(m.TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute, Tenant, ServiceNamespace,
    substring(multiIf(startsWith(MetricName, 'resilience4j') OR startsWith(MetricName, 'circuit'), Attributes['name'],
        Attributes['envoy.cluster_name'] != '', Attributes['envoy.cluster_name'],
        Attributes['envoy_cluster_name'] != '', Attributes['envoy_cluster_name'],
        Attributes['cluster_name']), 1, 200) AS Callee,
    substring(multiIf(startsWith(MetricName, 'circuit'), Attributes['event'], endsWith(MetricName, 'state'), Attributes['state'],
        Attributes['kind']), 1, 40) AS Kind,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 1, m.TimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ServiceInstanceId, mapSort(ResourceAttributes), ScopeName, mapSort(Attributes)) AS Series,
    max((m.TimeUnix, m.StartTimeUnix, Value)) AS Last
FROM (
    SELECT * FROM otel_metrics_sum
    WHERE MetricName IN ('resilience4j.circuitbreaker.state', 'resilience4j_circuitbreaker_state',
        'resilience4j.circuitbreaker.not.permitted.calls', 'resilience4j_circuitbreaker_not_permitted_calls',
        'resilience4j_circuitbreaker_not_permitted_calls_total', 'resilience4j.retry.calls',
        'resilience4j_retry_calls', 'resilience4j_retry_calls_total', 'resilience4j.timelimiter.calls',
        'resilience4j_timelimiter_calls', 'resilience4j_timelimiter_calls_total', 'circuit', 'circuit_total',
        'cluster.upstream_rq_retry', 'envoy.cluster.upstream_rq_retry', 'envoy_cluster_upstream_rq_retry',
        'cluster.upstream_rq_timeout', 'envoy.cluster.upstream_rq_timeout', 'envoy_cluster_upstream_rq_timeout',
        'cluster.upstream_rq_per_try_timeout', 'envoy.cluster.upstream_rq_per_try_timeout',
        'envoy_cluster_upstream_rq_per_try_timeout', 'cluster.upstream_rq_pending_overflow',
        'envoy.cluster.upstream_rq_pending_overflow', 'envoy_cluster_upstream_rq_pending_overflow',
        'cluster.circuit_breakers.default.cx_open', 'envoy.cluster.circuit_breakers.default.cx_open',
        'envoy_cluster_circuit_breakers_default_cx_open', 'cluster.circuit_breakers.default.rq_pending_open',
        'envoy.cluster.circuit_breakers.default.rq_pending_open',
        'envoy_cluster_circuit_breakers_default_rq_pending_open', 'cluster.circuit_breakers.default.rq_open',
        'envoy.cluster.circuit_breakers.default.rq_open', 'envoy_cluster_circuit_breakers_default_rq_open',
        'cluster.outlier_detection.ejections_active', 'envoy.cluster.outlier_detection.ejections_active',
        'envoy_cluster_outlier_detection_ejections_active', 'cluster.membership_total',
        'envoy.cluster.membership_total', 'envoy_cluster_membership_total')
        AND isFinite(Value) AND AggregationTemporality IN (1, 2) AND bitAnd(Flags, 1) = 0
        AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
) AS m
GROUP BY ServiceName, MetricName, Minute, Tenant, ServiceNamespace, Callee, Kind, Temporality, Epoch, Series;

-- Of durations how many, of counts per call their sum.
CREATE MATERIALIZED VIEW IF NOT EXISTS tally_mask_minute_histogram_mv {on_cluster} TO tally_mask_minute AS
SELECT toLowCardinality(multiIf(
        m.ServiceName NOT IN ('', 'unknown_service'), toString(m.ServiceName),
        ResourceAttributes['k8s.deployment.name'] != '', ResourceAttributes['k8s.deployment.name'],
        ResourceAttributes['k8s.statefulset.name'] != '', ResourceAttributes['k8s.statefulset.name'],
        ResourceAttributes['k8s.container.name'])) AS ServiceName,
    MetricName, toStartOfMinute(toDateTime(m.TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute, Tenant, ServiceNamespace,
    substring(if(Attributes['grpc.target'] != '', Attributes['grpc.target'], Attributes['grpc_target']), 1, 200) AS Callee,
    substring(if(Attributes['grpc.status'] != '', Attributes['grpc.status'], Attributes['grpc_status']), 1, 40) AS Kind,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 1, m.TimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ServiceInstanceId, mapSort(ResourceAttributes), ScopeName, mapSort(Attributes)) AS Series,
    max((m.TimeUnix, m.StartTimeUnix, if(position(MetricName, 'duration') > 0, toFloat64(Count), Sum))) AS Last
FROM (
    SELECT * FROM otel_metrics_histogram
    WHERE MetricName IN ('grpc.client.attempt.duration', 'grpc_client_attempt_duration', 'grpc_client_attempt_duration_seconds',
        'grpc.client.call.duration', 'grpc_client_call_duration', 'grpc_client_call_duration_seconds',
        'grpc.client.call.retries', 'grpc_client_call_retries', 'grpc_client_call_retries_seconds',
        'grpc.client.call.transparent_retries', 'grpc_client_call_transparent_retries',
        'grpc_client_call_transparent_retries_seconds', 'grpc.client.call.hedges', 'grpc_client_call_hedges',
        'grpc_client_call_hedges_seconds')
        AND isFinite(Sum) AND AggregationTemporality IN (1, 2) AND bitAnd(Flags, 1) = 0
        AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
) AS m
GROUP BY ServiceName, MetricName, Minute, Tenant, ServiceNamespace, Callee, Kind, Temporality, Epoch, Series;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_mask_minute_exponential_histogram_mv {on_cluster} TO tally_mask_minute AS
SELECT toLowCardinality(multiIf(
        m.ServiceName NOT IN ('', 'unknown_service'), toString(m.ServiceName),
        ResourceAttributes['k8s.deployment.name'] != '', ResourceAttributes['k8s.deployment.name'],
        ResourceAttributes['k8s.statefulset.name'] != '', ResourceAttributes['k8s.statefulset.name'],
        ResourceAttributes['k8s.container.name'])) AS ServiceName,
    MetricName, toStartOfMinute(toDateTime(m.TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute, Tenant, ServiceNamespace,
    substring(if(Attributes['grpc.target'] != '', Attributes['grpc.target'], Attributes['grpc_target']), 1, 200) AS Callee,
    substring(if(Attributes['grpc.status'] != '', Attributes['grpc.status'], Attributes['grpc_status']), 1, 40) AS Kind,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 1, m.TimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ServiceInstanceId, mapSort(ResourceAttributes), ScopeName, mapSort(Attributes)) AS Series,
    max((m.TimeUnix, m.StartTimeUnix, if(position(MetricName, 'duration') > 0, toFloat64(Count), Sum))) AS Last
FROM (
    SELECT * FROM otel_metrics_exponential_histogram
    WHERE MetricName IN ('grpc.client.attempt.duration', 'grpc_client_attempt_duration', 'grpc_client_attempt_duration_seconds',
        'grpc.client.call.duration', 'grpc_client_call_duration', 'grpc_client_call_duration_seconds',
        'grpc.client.call.retries', 'grpc_client_call_retries', 'grpc_client_call_retries_seconds',
        'grpc.client.call.transparent_retries', 'grpc_client_call_transparent_retries',
        'grpc_client_call_transparent_retries_seconds', 'grpc.client.call.hedges', 'grpc_client_call_hedges',
        'grpc_client_call_hedges_seconds')
        AND isFinite(Sum) AND AggregationTemporality IN (1, 2) AND bitAnd(Flags, 1) = 0
        AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
) AS m
GROUP BY ServiceName, MetricName, Minute, Tenant, ServiceNamespace, Callee, Kind, Temporality, Epoch, Series;
