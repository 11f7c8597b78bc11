-- Why:  how far clocks can be believed, and what was promised too early: the clock each source runs by, hard bounds of
--       the skew between two clocks from calls between them, and windows that turned out to hold less than was said.
-- Care: tally_host rides on every insert of spans, and looks at one span in eight, by a hash of its id: the lookups in
--       the map of attributes and the grouping cost 0.6 us a row otherwise. tally_host_pair is settled like tally_edge,
--       once per 5 s of arrival.
-- Undo: DROP the view, then the tables. Pairs and hosts are rebuilt from spans; retractions are a record and are lost.

-- Which host a source runs on. Two values, as one identity on two hosts is a fault of the sender, and then no clock.
CREATE TABLE IF NOT EXISTS tally_host {on_cluster} (
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    ReceiveHour       DateTime('UTC') COMMENT 'start of the hour of arrival',
    HostMin           SimpleAggregateFunction(min, String) COMMENT 'host.id, else host.name, else empty',
    HostMax           SimpleAggregateFunction(max, String)
) ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toDate(ReceiveHour)
ORDER BY (ReceiveHour, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId)
TTL ReceiveHour + INTERVAL 1 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_host_mv {on_cluster} TO tally_host AS
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, toStartOfHour(toDateTime(ReceivedAt)) AS ReceiveHour,
    min(Host) AS HostMin, max(Host) AS HostMax
FROM (
    SELECT *, if(ResourceAttributes['host.id'] != '', ResourceAttributes['host.id'], ResourceAttributes['host.name']) AS Host
    FROM otel_traces
    WHERE cityHash64(SpanId) % 8 = 0
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveHour;

-- Calls from one clock to another, per 5 s of arrival of the callee's spans. A clock is a host, or an instance whose
-- host is not known. Child clock minus parent clock lies between every EndDiff and every StartDiff, as a child starts
-- after its parent and ends before it. A row with no clocks and no pairs marks its window as settled, and is
-- written last.
CREATE TABLE IF NOT EXISTS tally_host_pair {on_cluster} (
    Window         DateTime('UTC') COMMENT 'start of 5 s of arrival of the children',
    SettledAt      DateTime64(3, 'UTC'),
    Tenant         LowCardinality(String),
    ParentClock    String,
    ChildClock     String,
    Pairs          UInt64 COMMENT 'that bound the skew; without Outlived',
    Outlived       UInt64 COMMENT 'children that took longer than their parent: they say nothing of clocks',
    EndDiffUsMax   Int64 COMMENT 'child end minus parent end, microseconds',
    StartDiffUsMin Int64 COMMENT 'child start minus parent start, microseconds',
    EndDiffBins    Map(Int16, UInt64) COMMENT 'bins of core/clock-bin.ts, in ms',
    StartDiffBins  Map(Int16, UInt64),
    ExampleTraceId String COMMENT 'the smallest'
) ENGINE = {replicated}ReplacingMergeTree(SettledAt)
PARTITION BY toDate(Window)
ORDER BY (Window, Tenant, ParentClock, ChildClock)
TTL Window + INTERVAL 1 DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- Event windows that were called complete and were not. The id follows from source and window: several judges that see
-- the same write one row, and the newest counts are kept.
CREATE TABLE IF NOT EXISTS retractions {on_cluster} (
    Id                String,
    FoundAt           DateTime64(3, 'UTC') COMMENT 'of the newest counts',
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    ServiceInstanceId String,
    Signal            LowCardinality(String),
    WindowStart       DateTime64(3, 'UTC'),
    WindowEnd         DateTime64(3, 'UTC'),
    ClosedAt          DateTime64(3, 'UTC') COMMENT 'when it was called complete',
    PromisedRatio     Float64 COMMENT 'what was said to be there, of all',
    HeldItems         UInt64 COMMENT 'what was there when it was said',
    Items             UInt64 COMMENT 'what is there now'
) ENGINE = {replicated}ReplacingMergeTree(FoundAt)
PARTITION BY toDate(WindowStart)
ORDER BY (WindowStart, Id)
TTL toDateTime(WindowEnd) + INTERVAL 14 DAY;
