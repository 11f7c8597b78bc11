/** 56 bits of hexadecimal text as a number. */
export function hexNumber(hex: string): string {
  return `reinterpretAsUInt64(reverse(unhex(${hex})))`;
}

/** Spans of one request carry one local root per service: without a parent, with a remote one, or by their kind. */
const IS_LOCAL_ROOT = `(ParentSpanId = '' OR bitAnd(SpanFlags, 0x300) = 0x300 OR SpanKind IN ('Server', 'Consumer'))`;

const HAS_ARRIVED = `ReceivedAt >= {arrivedFrom:DateTime64(3, 'UTC')} AND ReceivedAt < {settledAt:DateTime64(3, 'UTC')}`;

/** The spans of the subset that ended in the window, as far as they had arrived. */
export const IN_WINDOW = `EndTime >= {from:DateTime64(3, 'UTC')} AND EndTime < {until:DateTime64(3, 'UTC')}
    AND ${HAS_ARRIVED} AND cityHash64(TraceId) % {oneIn:UInt32} = 0`;

/** The same of log records, by their own time; those outside of traces are in a subset each for itself. */
export const LOGS_IN_WINDOW = `Timestamp >= {from:DateTime64(3, 'UTC')} AND Timestamp < {until:DateTime64(3, 'UTC')}
    AND ${HAS_ARRIVED} AND cityHash64(if(TraceId = '', concat(toString(Timestamp), SamplingRandomness), TraceId)) % {oneIn:UInt32} = 0`;

/** Whose R nobody can tell: marks that are malformed but for their threshold. */
const IS_RANDOMNESS_LOST = `WeightKind = 'invalid' AND match(WeightKey, '^(tracestate|ot|rv)_')`;

const BELOW_ONE = '1 - pow(2, -53)';
/** T is on the lattice where it is asked for. */
const latticeCells = '(0x4000 - toFloat64(bitShiftRight(T, 42)))';

/** R is null where nobody can tell it, T where there is none; HasOffset says whether U exists. @see RANKED_SPANS */
const SAMPLING_NUMBERS = `WeightKind, SamplingRandomness, SamplingViolation,
    if(WeightKind = 'threshold', rightPad(WeightKey, 14, '0'), WeightKey) AS Key,
    if(${IS_RANDOMNESS_LOST}, NULL, ${hexNumber(`if(SamplingRandomness = '', substring(TraceId, 19, 14), SamplingRandomness)`)}) AS R,
    if(WeightKind = 'threshold', ${hexNumber('Key')}, 0) AS T,
    WeightKind = 'threshold' AND SamplingViolation = 0 AS HasOffset,
    HasOffset AND SamplingRandomness != '' AND bitAnd(T, 0x3ffffffffff) = 0
      AND bitShiftRight(assumeNotNull(R), 42) + bitAnd(assumeNotNull(R), 0x3fff) = 0x3fff AS IsOnLattice,
    multiIf(NOT HasOffset, -1, IsOnLattice, toFloat64(bitShiftRight(assumeNotNull(R) - T, 42)) / ${latticeCells},
      least(toFloat64(assumeNotNull(R) - T) / toFloat64(bitShiftLeft(toUInt64(1), 56) - T), ${BELOW_ONE})) AS U,
    if(IsOnLattice, least(toFloat64(bitShiftRight(assumeNotNull(R) - T, 42) + 1) / ${latticeCells}, ${BELOW_ONE}), U) AS UpperU`;

/**
 * Spans of the window, each copy a row: Copy is 1 for the first to arrive, which counts. On the lattice of the
 * Collector's hash_seed (core/sampling/hash-lattice.ts) U is the lower end of its cell, and UpperU the upper.
 */
export const RANKED_SPANS = `
  SELECT Tenant, ServiceNamespace, ServiceName, TraceId, SpanId, ParentSpanId, StartTime, EndTime,
    StatusCode = 'Error' AS IsError, ${IS_LOCAL_ROOT} AS IsRoot, ${SAMPLING_NUMBERS},
    row_number() OVER byArrival AS Copy,
    first_value(if(WeightKind = 'threshold', Key, '')) OVER byArrival AS FirstThreshold,
    Copy > 1 AND WeightKind = 'threshold' AND FirstThreshold != '' AS IsThresholdCopy
  FROM tally_span WHERE ${IN_WINDOW}
  WINDOW byArrival AS (PARTITION BY Tenant, TraceId, SpanId ORDER BY ReceivedAt, ServiceName, ServiceInstanceId, WeightKey)`;

/** From here on a severity is an error. */
const SEVERITY_ERROR = 17;

/**
 * Log records of the window in the same columns. Each counts: nothing tells a copy of a record from a line that was
 * written twice. One outside of any trace is a trace of its own, whose id is no id.
 */
export const LOG_RECORDS = `
  SELECT Tenant, ServiceNamespace, ServiceName, SpanId, Timestamp AS StartTime, Timestamp AS EndTime,
    SeverityNumber >= ${SEVERITY_ERROR} AS IsError, 1 AS IsRoot, ${SAMPLING_NUMBERS.replaceAll('TraceId', 'l.TraceId')},
    if(l.TraceId = '', concat('-', toString(rowNumberInAllBlocks())), l.TraceId) AS TraceId,
    1 AS Copy, '' AS FirstThreshold, 0 AS IsThresholdCopy
  FROM otel_logs AS l WHERE ${LOGS_IN_WINDOW.replaceAll('TraceId', 'l.TraceId')}`;
