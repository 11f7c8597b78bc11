-- Why:  people open an incident, and every replica of the gate reads it: policies may hold automation meanwhile.
-- Care: the newest row of an id counts (read it with FINAL); a close is never undone, open another one.
-- Undo: DROP TABLE incidents.

CREATE TABLE IF NOT EXISTS incidents {on_cluster} (
    Id          String,
    Service     String COMMENT 'empty: of everything',
    Reason      String,
    OpenedAt    DateTime64(3, 'UTC'),
    OpenedBy    String,
    ClosedAt    Nullable(DateTime64(3, 'UTC')),
    ClosedBy    String,
    CloseReason String,
    Version     UInt8 COMMENT '1: opened, 2: closed'
) ENGINE = {replicated}ReplacingMergeTree(Version)
ORDER BY Id;
