import { hash } from 'node:crypto';
import type { Decision, DecisionRequest, Outcome } from '../core/decision.ts';
import type { DecisionRow } from '../store/decisions.ts';
import type { OutcomeRow } from '../store/outcomes.ts';

/** The newest line; whoever keeps a copy of it elsewhere can prove later that nothing before it was changed. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
}

/** What line 1 follows. */
export const GENESIS: Checkpoint = { seq: 0, hash: '0'.repeat(64) };

interface LinePlace {
  readonly seq: number;
  readonly prevHash: string;
  /**
   * Only of a line that goes on after what a crash cut off: SHA-256 of all bytes between the line before and the
   * segment of this one, so that nobody can change those unseen either.
   */
  readonly torn?: string | undefined;
}

interface DecisionLine extends LinePlace {
  readonly decidedAtMs: number;
  readonly mode: 'enforce' | 'shadow';
  readonly request: DecisionRequest;
  readonly response: Decision;
}

interface OutcomeLine extends LinePlace {
  readonly recordedAtMs: number;
  readonly outcome: Outcome;
}

/** The content of a line as it is hashed: canonical JSON of exactly these fields. */
type HashedLine = DecisionLine | OutcomeLine;

/** A line as it is read. */
export type LedgerRow = DecisionRow | OutcomeRow;

/** The first line that is wrong, and how. */
export interface LineProblem {
  readonly seq: number;
  readonly text: string;
}

/** Good lines in a row, and where they end. */
interface Walk {
  readonly rows: readonly LedgerRow[];
  /** The bytes that each hash is over. */
  readonly contents: readonly Buffer[];
  /** `torn` of the first of them. */
  readonly torn: string | null;
  readonly head: Checkpoint;
  readonly endBytes: number;
  /** Of the complete line that stands there; null when none does. */
  readonly problem: LineProblem | null;
}

/** Characters, as each line begins. */
export const HASH_LENGTH = 64;
const NEWLINE = 10;

export function hashText(text: string | Uint8Array): string {
  return hash('sha256', text);
}

/** As stored: the hash, the very bytes it is over, a newline, which is the only one, for JSON escapes all others. */
export function lineText(content: string): { readonly hash: string; readonly text: string } {
  const hash = hashText(content);
  return { hash, text: `${hash}${content}\n` };
}

/** Null when the content does not match its hash. */
function parseLine(stored: Buffer): HashedLine | null {
  const content = stored.subarray(HASH_LENGTH);
  if (stored.toString('latin1', 0, HASH_LENGTH) !== hashText(content)) return null;
  try {
    return JSON.parse(content.toString()) as HashedLine;
  } catch {
    return null; // somebody hashed what we never wrote
  }
}

/** What the line at the start of `bytes` says it follows; null when no good line stands there. */
export function beforeFirstLine(bytes: Buffer): Checkpoint | null {
  const newline = bytes.indexOf(NEWLINE);
  const line = newline < 0 ? null : parseLine(bytes.subarray(0, newline));
  return line === null ? null : { seq: line.seq - 1, hash: line.prevHash };
}

function examine(stored: Buffer, before: Checkpoint): { row: LedgerRow; torn: string | null } | LineProblem {
  const next = before.seq + 1;
  const line = parseLine(stored);
  if (line === null) return { seq: next, text: `the content of line ${next} does not match its hash` };
  const { seq } = line;
  const places = 'response' in line ? [line, line.response] : [line];
  if (seq !== next) return { seq, text: `line ${next} is missing: ${before.seq} is followed by ${seq}` };
  for (const place of places)
    if (place.seq !== seq) return { seq, text: `line ${seq} says it is line ${place.seq}` };
  if (places.some((place) => place.prevHash !== before.hash))
    return { seq, text: `line ${seq} does not follow line ${before.seq}` };
  const hash = stored.toString('latin1', 0, HASH_LENGTH);
  return { row: rowOf(line, hash), torn: line.torn ?? null };
}

/** @param content of a line that we wrote, whose hash is known to be right */
export function rowOfContent(content: string, hash: string): LedgerRow {
  return rowOf(JSON.parse(content) as HashedLine, hash);
}

function rowOf(line: HashedLine, hash: string): LedgerRow {
  if ('response' in line) {
    const { decidedAtMs, mode, request, response } = line;
    return { decidedAtMs, mode, request, response, hash };
  }
  const { seq, prevHash, recordedAtMs, outcome } = line;
  return { seq, prevHash, recordedAtMs, outcome, hash };
}

export function seqOf(row: LedgerRow): number {
  return 'response' in row ? row.response.seq : row.seq;
}

/** The lines at the start of `bytes` that follow `before` and one another, up to `limit` of them. */
export function walkLines(bytes: Buffer, before: Checkpoint, limit = Number.POSITIVE_INFINITY): Walk {
  const rows: LedgerRow[] = [];
  const contents: Buffer[] = [];
  let torn: string | null = null;
  let head = before;
  let endBytes = 0;
  while (rows.length < limit) {
    const newline = bytes.indexOf(NEWLINE, endBytes);
    if (newline < 0) break;
    const stored = bytes.subarray(endBytes, newline);
    const examined = examine(stored, head);
    if ('text' in examined) return { rows, contents, torn, head, endBytes, problem: examined };
    if (rows.length === 0) torn = examined.torn;
    rows.push(examined.row);
    contents.push(stored.subarray(HASH_LENGTH));
    head = { seq: seqOf(examined.row), hash: examined.row.hash };
    endBytes = newline + 1;
  }
  return { rows, contents, torn, head, endBytes, problem: null };
}
