-- Why:  0019 reads versions from spans and from histograms of explicit bounds; a service that sends its request durations as
--       exponential histograms only had no version, and so no releases that anybody could tell apart. And a service's own
--       time, told by whoever knows it from traces.
-- Care: the same metrics, bounds and minute as in 0019; a service sends one of the two kinds, and if both, versions are the same.
--       Own times are a view of their own, so that the names of 0020 stand where they are.
-- Undo: DROP the views; their tables are derived, and are rebuilt from the otel_* rows.

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_version_minute_exponential_histogram_mv {on_cluster} TO tally_version_minute AS
SELECT ServiceName, toStartOfMinute(toDateTime(TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute,
    toLowCardinality(ResourceAttributes['service.version']) AS Version, count() AS Items
FROM otel_metrics_exponential_histogram
WHERE MetricName IN ('http.server.request.duration', 'http.server.duration', 'rpc.server.call.duration', 'rpc.server.duration')
    AND Version != '' AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
GROUP BY ServiceName, Minute, Version;

-- What a request takes in a service itself, and on its critical path: whoever knows it from traces may send it as a gauge.
CREATE MATERIALIZED VIEW IF NOT EXISTS tally_metric_minute_own_time_mv {on_cluster} TO tally_metric_minute AS
SELECT g.ServiceName AS ServiceName, MetricName, toStartOfMinute(toDateTime(g.TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute,
    Tenant, ServiceNamespace, toUInt8(0) AS Temporality, toDateTime64(0, 9, 'UTC') AS Epoch,
    cityHash64(ServiceInstanceId, mapSort(ResourceAttributes), ScopeName, mapSort(Attributes)) AS Series,
    max((g.TimeUnix, g.StartTimeUnix, Value)) AS Last
FROM (
    SELECT * FROM otel_metrics_gauge
    WHERE MetricName IN ('app.self_time', 'app.critical_path_time') AND isFinite(Value) AND bitAnd(Flags, 1) = 0
        AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
) AS g
GROUP BY ServiceName, MetricName, Minute, Tenant, ServiceNamespace, Series;
