-- Why:  tally_service has a partition per day of event time, and one insert may reach a hundred of them. A single
--       sender with a broken clock, or one that sends history, would stop the inserts of all spans for good.
-- Care: what is older than the tally's 30 days would vanish from it at once, and what claims to end more than a
--       day after it arrived is no sample of how a service does now. Both stay in otel_traces and tally_source.
-- Undo: MODIFY QUERY with the query of 0003.

ALTER TABLE tally_service_mv {on_cluster} MODIFY QUERY
SELECT Tenant, ServiceNamespace, ServiceName,
    toStartOfInterval(toDateTime(EventTime), INTERVAL 10 SECOND) AS Bucket,
    count() AS Requests, countIf(StatusCode = 'Error') AS Errors,
    sumMap(map(toInt16(floor(8 * log2(1 + Duration / 1000))), toUInt64(1))) AS DurationBins
FROM (SELECT *, addNanoseconds(Timestamp, Duration) AS EventTime FROM otel_traces)
WHERE SpanKind IN ('Server', 'Consumer')
    AND EventTime BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
GROUP BY Tenant, ServiceNamespace, ServiceName, Bucket;
