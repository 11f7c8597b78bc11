-- Why:  what people did about findings (acknowledged, snoozed, closed, how useful they were), and what of the reports
--       on-call was told at once and what waits for the digest, so that budgets hold through restarts and on every replica.
-- Care: finding_acts is a record of acts of people: nothing deletes or changes a row. Of tellings the row of the highest
--       Version counts (read it with FINAL): a claim to tell at once may become a line of the digest, never the reverse.
-- Undo: DROP TABLE tellings; DROP TABLE finding_acts destroys what people said about findings.

CREATE TABLE IF NOT EXISTS finding_acts {on_cluster} (
    Id         String,
    FindingId  String,
    Act        LowCardinality(String) COMMENT 'ack, snooze, feedback or close',
    At         DateTime64(3, 'UTC'),
    By         String,
    Reason     String,
    Until      Nullable(DateTime64(3, 'UTC')) COMMENT 'end of a snooze',
    Feedback   LowCardinality(String) COMMENT 'useful, noise or wrong; empty of other acts',
    Kind       LowCardinality(String),
    Subject    String,
    Metric     String,
    HeldAgainst String COMMENT 'set/id; empty: held against none',
    EffectSize Nullable(Float64) COMMENT 'how far from normal the finding was then'
) ENGINE = {replicated}ReplacingMergeTree
ORDER BY (FindingId, At, Id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS tellings {on_cluster} (
    Id         String COMMENT 'delivery id',
    Version    UInt8 COMMENT '1: claimed, 2: put into the digest instead, 3: in the digest that DigestId names',
    Oncall     String,
    At         DateTime64(3, 'UTC'),
    Way        LowCardinality(String) COMMENT 'page or digest; close: the end of what was paged, in no budget',
    DigestId   String COMMENT 'empty: in no digest yet',
    ReportId   String,
    OpenedAt   DateTime64(3, 'UTC') COMMENT 'of the report',
    News       LowCardinality(String),
    State      LowCardinality(String) COMMENT 'of the finding, or fail; empty: over',
    EffectSize Nullable(Float64),
    Confidence Float64,
    Headline   String
) ENGINE = {replicated}ReplacingMergeTree(Version)
PARTITION BY toMonday(At)
ORDER BY (Oncall, At, Id)
TTL toDateTime(At) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 10000;
