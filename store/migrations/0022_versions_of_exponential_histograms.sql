-- Why:  0019 reads versions from spans and from histograms of explicit bounds; a service that sends its request durations as
--       exponential histograms only had no version, and so no releases that anybody could tell apart.
-- Care: the same metrics, bounds and minute as in 0019; a service sends one of the two kinds, and if both, versions are the same.
-- Undo: DROP the view; tally_version_minute is derived, and is rebuilt from the otel_* rows.

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_version_minute_exponential_histogram_mv {on_cluster} TO tally_version_minute AS
SELECT ServiceName, toStartOfMinute(toDateTime(TimeUnix - INTERVAL 1 NANOSECOND)) AS Minute,
    toLowCardinality(ResourceAttributes['service.version']) AS Version, count() AS Items
FROM otel_metrics_exponential_histogram
WHERE MetricName IN ('http.server.request.duration', 'http.server.duration', 'rpc.server.call.duration', 'rpc.server.duration')
    AND Version != '' AND TimeUnix BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
GROUP BY ServiceName, Minute, Version;
