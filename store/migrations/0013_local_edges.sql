-- Why:  a service that samples by a coin of its own drops its part of a trace whole; lost spans and lost batches leave
--       children without their parent inside the service too. Counting local edges tells the two apart.
-- Care: settled with tally_edge and marked by tally_edge_settled. Where local children are very many the rows are of
--       a consistent subset of traces: ratios hold, sums over services do not.
-- Undo: DROP TABLE tally_local_edge; it is derived from rows of the last two hours.

-- Rows count only where tally_edge_settled names their SettledAt as the window's newest.
CREATE TABLE IF NOT EXISTS tally_local_edge {on_cluster} (
    Window            DateTime('UTC') COMMENT 'start of 5 s of arrival of the children',
    SettledAt         DateTime64(3, 'UTC'),
    Tenant            LowCardinality(String),
    ServiceNamespace  LowCardinality(String),
    ServiceName       LowCardinality(String),
    Children          UInt64 COMMENT 'spans whose parent is of the same process, by their flags',
    Orphans           UInt64 COMMENT 'of these, without their parent',
    Split             UInt64 COMMENT 'of these, whose parent came in another request'
) ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toDate(Window)
ORDER BY (Window, SettledAt, Tenant, ServiceNamespace, ServiceName)
TTL Window + INTERVAL 1 DAY
SETTINGS non_replicated_deduplication_window = 10000;
