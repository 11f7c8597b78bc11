import { readFileSync } from 'node:fs';
import { PipelineError } from '../../core/errors.ts';
import { beforeFirstLine, walkLines } from '../../gates/ledger-line.ts';
import type { DecisionRow } from '../../store/decisions.ts';
import type { Unreadable } from './file-arrivals.ts';

/**
 * Decisions of a segment of a ledger, up to the first line that does not follow the one before it.
 * @throws PipelineError request_invalid when the file cannot be read
 */
export function readLedgerFile(
  file: string,
  onUnreadable: (unreadable: Unreadable) => void,
): readonly DecisionRow[] {
  const bytes = read(file);
  const before = beforeFirstLine(bytes);
  if (before === null) {
    onUnreadable({ file, place: 'line 1', why: 'it is no line of a ledger' });
    return [];
  }
  const { rows, problem } = walkLines(bytes, before);
  if (problem !== null) {
    const why = `${problem.text}; the file is not read on from here`;
    onUnreadable({ file, place: `decision ${problem.seq}`, why });
  }
  return rows.filter((row) => 'response' in row);
}

function read(file: string): Buffer {
  try {
    return readFileSync(file); // a segment is 8 MiB at most
  } catch (error) {
    const text = `${file} cannot be read: ${(error as Error).message}.`;
    throw new PipelineError('request_invalid', text, { file }, error);
  }
}
