import type { Signal } from '../../core/signal.ts';
import { FAULT } from '../../core/structure-tally.ts';

/** One question about records that each record answers for itself. */
export interface RecordPart {
  readonly id: string;
  readonly signals: readonly Signal[];
  /** A record with any of these bits has the fault. */
  readonly bits: number;
  /** What ingest refused for the same fault. */
  readonly refusals: readonly string[];
}

const TIMES = FAULT.timeMissing | FAULT.timeOutOfRange;

/** Quality.md S1, S2, S9, S10, S12 and C12. */
export const RECORD_PARTS: readonly RecordPart[] = [
  {
    id: 'ids',
    signals: ['traces', 'metrics', 'logs'],
    bits: FAULT.idInvalid | FAULT.parentIdInvalid | FAULT.selfParent,
    refusals: ['trace_id_invalid', 'span_id_invalid'],
  },
  {
    id: 'span-times',
    signals: ['traces'],
    bits: TIMES | FAULT.endBeforeStart | FAULT.longerThanDay,
    refusals: [],
  },
  { id: 'log-times', signals: ['logs'], bits: TIMES, refusals: [] },
  {
    id: 'points',
    signals: ['metrics'],
    bits: TIMES | FAULT.startAfterTime | FAULT.temporalityUnset,
    refusals: ['temporality_unset', 'value_missing'],
  },
  { id: 'buckets', signals: ['metrics'], bits: FAULT.bucketsMisfit, refusals: ['buckets_misfit'] },
  {
    id: 'attributes',
    signals: ['traces', 'metrics', 'logs'],
    bits: FAULT.duplicateKeys | FAULT.invalidUtf8,
    refusals: ['value_too_deep'],
  },
  { id: 'truncation', signals: ['traces', 'logs'], bits: FAULT.truncated, refusals: [] },
];
