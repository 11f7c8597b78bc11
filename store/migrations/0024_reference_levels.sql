-- Why:  rollups of minutes are kept for 30 days, a reference for good. What detectors ask of its minutes besides the accepted
--       numbers (scatter, usual shares, levels of settings, cells of load and pool size) is kept with it while they are here.
-- Care: it is made of the accepted minutes alone, once, and never learned on. Derived: its absence is "cannot say".
-- Undo: DROP TABLE accepted_reference_levels; references whose minutes are gone are then silent.
CREATE TABLE IF NOT EXISTS accepted_reference_levels {on_cluster} (
    Id       String COMMENT 'of accepted_references',
    Services Array(String) COMMENT 'the system that it was frozen of',
    Edition  UInt16 COMMENT 'of what detectors ask; an older one is made again while the minutes are here',
    FrozenAt DateTime64(3, 'UTC'),
    Levels   String COMMENT 'JSON: by what was asked' CODEC(ZSTD(3))
) ENGINE = {replicated}ReplacingMergeTree(FrozenAt)
ORDER BY (Id, Services, Edition)
SETTINGS non_replicated_deduplication_window = 10000;
