import { FAILURES, type FailureCode, type FailureFacts, PipelineError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { StoreAddress } from '../store/client.ts';
import type { StoredCheckpoint } from './checkpoint-file.ts';
import type { LedgerEntry, Recorded } from './ledger-entry.ts';
import type { Checkpoint } from './ledger-line.ts';
import type { WrittenEnd } from './ledger-segments.ts';

/** What the thread of a ledger is started with. */
export interface LedgerThreadStart {
  readonly dataDir: string;
  readonly signingKeyPath: string | undefined;
  readonly store: StoreAddress;
  readonly segmentBytes?: number;
}

/** What can be asked of the thread, and what each comes back with. */
export interface LedgerCalls {
  append: { readonly asked: LedgerEntry; readonly answer: Recorded };
  writeCheckpoint: { readonly asked: null; readonly answer: StoredCheckpoint };
  newestCheckpoint: { readonly asked: null; readonly answer: StoredCheckpoint };
  close: { readonly asked: null; readonly answer: StoredCheckpoint | null };
}

export interface LedgerCall {
  readonly id: number;
  readonly name: keyof LedgerCalls;
  readonly asked: LedgerCalls[keyof LedgerCalls]['asked'];
}

export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly facts: FailureFacts;
}

export type LedgerAnswer =
  | { readonly id: number; readonly answer: LedgerCalls[keyof LedgerCalls]['answer'] }
  | { readonly id: number; readonly failure: Failure };

/** Up to where lines are on disk. */
export interface LedgerState {
  readonly head: Checkpoint;
  readonly end: WrittenEnd;
}

export type FromLedgerThread =
  | { readonly kind: 'ready'; readonly state: LedgerState }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'answers'; readonly answers: readonly LedgerAnswer[]; readonly state: LedgerState }
  | { readonly kind: 'log'; readonly level: keyof Log; readonly facts: object; readonly text: string };

/** An error's class does not survive the way between threads; what it says does. */
export function failureOf(error: unknown): Failure {
  const { code, message, facts } = error as PipelineError;
  return code in FAILURES
    ? { code, message, facts }
    : { code: 'internal', message: `The ledger failed: ${message}`, facts: {} };
}

export function errorOf({ code, message, facts }: Failure): PipelineError {
  return new PipelineError(code, message, facts);
}
