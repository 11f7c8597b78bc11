-- Why:  how decisions turned out, as people and actors tell later; and who signed what people accepted.
-- Care: append-only; of several outcomes of one decision the newest counts. A copy: the ledger has every outcome too.
-- Undo: DROP TABLE decision_outcomes, reference_signatures. Destroys the signatures.

CREATE TABLE IF NOT EXISTS decision_outcomes {on_cluster} (
    RecordedAt DateTime64(3, 'UTC'),
    Seq        UInt64 COMMENT 'of its own line of the ledger',
    DecisionId String,
    Acted      Bool,
    Result     LowCardinality(String) COMMENT 'good, bad or unknown',
    Note       Nullable(String),
    By         String,
    PrevHash   String,
    Hash       String
) ENGINE = {replicated}ReplacingMergeTree
ORDER BY (DecisionId, RecordedAt, Seq, Hash)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS reference_signatures {on_cluster} (
    ReferenceId String,
    Act         LowCardinality(String) COMMENT 'reference.accept or reference.revoke',
    SignedAt    DateTime64(3, 'UTC'),
    KeyId       String COMMENT 'RFC 7638 thumbprint of the public key',
    Signer      String COMMENT 'person or replica',
    Signature   String COMMENT 'base64url, over the canonical JSON of the act'
) ENGINE = {replicated}MergeTree
ORDER BY (ReferenceId, SignedAt)
SETTINGS non_replicated_deduplication_window = 10000;
