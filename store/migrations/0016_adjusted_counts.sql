-- Why:  detectors and intents hold requests against a target, and a sampled span stands for more than one of them. Spans
--       are counted by what says how many: whole numbers here, weights only where they are read, so every split of the
--       spans over inserts and replicas gives the same bits.
-- Care: rows from before have WeightKind '': their weight is unknown, which it was, so for a day a service has no good
--       reference but where people declare that nothing samples it. A span that its own marks contradict
--       (R < T) has none. Distinct keys are bounded: of a threshold the four digits after its leading f's count, which is
--       what samplers write by default, and what is cut off is taken for half of the last digit (a weight 0.01 % off at
--       most); of a rate three decimals. tally_weight_minute goes: nobody read it.
-- Undo: MODIFY QUERY of tally_service_mv with that of 0006; the columns stay, as a sorting key cannot lose any. Make
--       tally_weight_minute again with 0014.

ALTER TABLE tally_service {on_cluster}
    ADD COLUMN IF NOT EXISTS WeightKind LowCardinality(String) COMMENT 'of core/sampling; empty: from before weights were read',
    ADD COLUMN IF NOT EXISTS WeightKey LowCardinality(String) COMMENT 'as in otel_traces, cut to bounded precision',
    MODIFY ORDER BY (Tenant, ServiceNamespace, ServiceName, Bucket, WeightKind, WeightKey);

-- Thresholds are the only keys of hex digits alone that are longer than four, rates the only ones with a decimal point:
-- both patterns run over the few distinct keys of a block, not over its spans.
ALTER TABLE tally_service_mv {on_cluster} MODIFY QUERY
SELECT Tenant, ServiceNamespace, ServiceName,
    toStartOfInterval(toDateTime(EventTime), INTERVAL 10 SECOND) AS Bucket,
    if(SamplingViolation = 1, 'invalid', s.WeightKind) AS WeightKind,
    replaceRegexpOne(replaceRegexpOne(s.WeightKey, '^(f*[0-9a-e][0-9a-f]{3})[0-9a-f]+$', '\\18'), '([.][0-9]{3})[0-9]+$', '\\1') AS WeightKey,
    count() AS Requests, countIf(StatusCode = 'Error') AS Errors,
    sumMap(map(toInt16(floor(8 * log2(1 + Duration / 1000))), toUInt64(1))) AS DurationBins
FROM (SELECT *, addNanoseconds(Timestamp, Duration) AS EventTime FROM otel_traces) AS s
WHERE SpanKind IN ('Server', 'Consumer')
    AND EventTime BETWEEN ReceivedAt - INTERVAL 30 DAY AND ReceivedAt + INTERVAL 1 DAY
GROUP BY Tenant, ServiceNamespace, ServiceName, Bucket, WeightKind, WeightKey;

DROP VIEW IF EXISTS tally_weight_minute_mv {on_cluster};
DROP TABLE IF EXISTS tally_weight_minute {on_cluster};
