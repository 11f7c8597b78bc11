-- Why:  what was judged, decided and told, each with the evidence it rested on.
-- Care: verdicts and decisions are append-only; findings, reports and notifications keep their newest row
--       per id (read them with FINAL).
-- Undo: DROP TABLE verdicts, findings, decisions, reports, notifications. Destroys the record of decisions.

CREATE TABLE IF NOT EXISTS verdicts {on_cluster} (
    EvaluatedAt       DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String COMMENT 'empty: all instances of the service',
    Signal            LowCardinality(String),
    Dimension         LowCardinality(String),
    Outcome           LowCardinality(String) COMMENT 'pass, fail or unknown',
    Estimate          Nullable(Float64),
    Lower             Nullable(Float64),
    Upper             Nullable(Float64),
    Confidence        Float64,
    Unit              LowCardinality(String),
    N                 UInt64,
    LimitWarn         Float64,
    LimitFail         Float64,
    WindowStart       DateTime64(3, 'UTC'),
    WindowEnd         DateTime64(3, 'UTC'),
    ValidUntil        DateTime64(3, 'UTC'),
    Reasons           String COMMENT 'JSON',
    Estimators        String COMMENT 'JSON',
    Evidence          String COMMENT 'JSON'
) ENGINE = {replicated}MergeTree
PARTITION BY toDate(EvaluatedAt)
ORDER BY (EvaluatedAt, Tenant, ServiceNamespace, ServiceName, Signal, Dimension)
TTL toDateTime(EvaluatedAt) + INTERVAL 14 DAY;

CREATE TABLE IF NOT EXISTS findings {on_cluster} (
    Id          String,
    Kind        LowCardinality(String),
    Subject     String,
    Culprit     Nullable(String),
    State       LowCardinality(String) COMMENT 'suspect, confirmed, closed or cannot-say',
    OnsetAt     DateTime64(3, 'UTC'),
    DetectedAt  DateTime64(3, 'UTC'),
    ClosedAt    Nullable(DateTime64(3, 'UTC')),
    UpdatedAt   DateTime64(3, 'UTC'),
    Effect      String COMMENT 'JSON',
    Confidence  Float64,
    Reasons     String COMMENT 'JSON',
    Evidence    String COMMENT 'JSON',
    Decisions   Array(String)
) ENGINE = {replicated}ReplacingMergeTree(UpdatedAt)
ORDER BY Id;

CREATE TABLE IF NOT EXISTS decisions {on_cluster} (
    DecidedAt     DateTime64(3, 'UTC'),
    Seq           UInt64,
    DecisionId    String,
    Decision      LowCardinality(String) COMMENT 'allow, deny or hold',
    Mode          LowCardinality(String) COMMENT 'enforce or shadow',
    ActorId       String,
    ActionKind    LowCardinality(String),
    Stage         LowCardinality(String),
    TargetService String,
    ConstraintSet String,
    Request       String COMMENT 'JSON as asked',
    Response      String COMMENT 'JSON as answered',
    PrevHash      String,
    Hash          String
) ENGINE = {replicated}ReplacingMergeTree
ORDER BY (DecidedAt, Seq, DecisionId)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS reports {on_cluster} (
    Id         String,
    SubjectId  String,
    State      LowCardinality(String) COMMENT 'open or closed',
    OpenedAt   DateTime64(3, 'UTC'),
    UpdatedAt  DateTime64(3, 'UTC'),
    ClosedAt   Nullable(DateTime64(3, 'UTC')),
    Headline   String,
    Markdown   String,
    Facts      String COMMENT 'JSON'
) ENGINE = {replicated}ReplacingMergeTree(UpdatedAt)
ORDER BY Id;

CREATE TABLE IF NOT EXISTS notifications {on_cluster} (
    Id          String,
    ReportId    String,
    Channel     LowCardinality(String),
    State       LowCardinality(String) COMMENT 'delivered or failed',
    Attempts    UInt32,
    UpdatedAt   DateTime64(3, 'UTC'),
    Detail      String
) ENGINE = {replicated}ReplacingMergeTree(UpdatedAt)
ORDER BY Id;
