/**
 * What was odd about a stored record, as bits of its `Anomalies` column. The record is kept: a fault of the
 * data must stay visible to the validators, and its neighbours must not pay for it.
 */
export const ANOMALY = {
  endBeforeStart: 1, // a span that ends before it starts; stored with Duration 0
  timeMissing: 2, // a start, end or point time of 0, kept as it is; for a log without any time the arrival stands in
  timeOutOfRange: 4, // a time that does not fit DateTime64(9); the arrival stands in (0 for a point's start)
  idInvalid: 8, // a log record, link or exemplar with a malformed id; stored with empty ids
  duplicateKeys: 16, // an attribute key twice in one list; one value is kept
  parentIdInvalid: 32, // a malformed or all-zero parent id; stored as a root
  startAfterTime: 64, // a data point that starts after its own time
  bucketsMisfit: 128, // histogram buckets that do not fit their bounds or their count
  invalidUtf8: 256, // text that is not UTF-8; the bytes were replaced
} as const;
