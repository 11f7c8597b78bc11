import { NO_TEXT } from '../text-place.ts';
import { kindIndex } from '../traces/marks-memory.ts';
import { writeWeightByAttributes } from '../weight-by-attributes.ts';
import type { WireReader } from '../wire-reader.ts';
import type { LogColumns } from './log-columns.ts';
import type { LogScan } from './log-scan.ts';

const NONE = kindIndex('none');
const NOTHING = { at: 0, byteCount: 0 };

/**
 * The sampling columns of a row whose LogAttributes are written. A record is kept by its own marks, whatever became of
 * its span, so the flags, which are the span's, have no say.
 */
export function writeLogWeight(columns: LogColumns, reader: WireReader, log: LogScan): void {
  if (columns.LogAttributes.hasSeeded) {
    const traceId = { at: log.traceIdAt, byteCount: log.traceIdBytes };
    const { attributes } = log;
    writeWeightByAttributes(columns, reader, { traceState: NOTHING, traceId, flags: 0, attributes });
    return;
  }
  columns.WeightKind.pushIndex(NONE);
  columns.WeightKey.push(NO_TEXT.source, NO_TEXT.at, NO_TEXT.byteCount);
  columns.SamplingRandomness.push(NO_TEXT.source, NO_TEXT.at, NO_TEXT.byteCount);
  columns.SamplingViolation.data.uint8(0);
}
