-- Why:  R of the Collector's hash_seed has 14 bits, and is judged by these alone; the same span under two thresholds means
--       that two stages of a pipeline send here.
-- Care: windows that were settled before hold 0: their R counted in full, and of their copies nothing is known.
-- Undo: ALTER TABLE tally_sampling_window DROP COLUMN of those added here.

ALTER TABLE tally_sampling_window {on_cluster}
    ADD COLUMN IF NOT EXISTS OnLattice         UInt64 COMMENT 'traces in Offsets whose R has 14 bits; they are there by the lower end of their cell',
    ADD COLUMN IF NOT EXISTS ThresholdCopies   UInt64 COMMENT 'copies beyond the first, of spans whose first has a threshold',
    ADD COLUMN IF NOT EXISTS Relabelled        UInt64 COMMENT 'of these, with another threshold than the first',
    ADD COLUMN IF NOT EXISTS RelabelledTraceId String;
