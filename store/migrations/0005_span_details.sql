-- Why:  the rest of what a span's events and links say: what their SDK dropped, and the flags of a link, which tell
--       whether it points to another process. The Collector's ClickHouse exporter leaves them out.
-- Care: a Nested's columns must have arrays of one length; rows written before read as zeros of that length.
-- Undo: ALTER TABLE otel_traces DROP COLUMN IF EXISTS, for each of the three. Destroys data.

ALTER TABLE otel_traces {on_cluster}
    ADD COLUMN IF NOT EXISTS `Events.DroppedAttributesCount` Array(UInt32) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS `Links.DroppedAttributesCount` Array(UInt32) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS `Links.Flags` Array(UInt32) COMMENT 'OTLP Link.flags, bit for bit' CODEC(ZSTD(1));
