import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Decision } from '../core/decision.ts';
import type { PipelineError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { DecisionRow } from '../store/decisions.ts';
import type { OutcomeRow } from '../store/outcomes.ts';
import type { StoredCheckpoint } from './checkpoint-file.ts';
import { unwritable } from './ledger.ts';
import {
  answerText,
  decisionEntry,
  decisionOf,
  type LedgerEntry,
  outcomeEntry,
  type Recorded,
  type Undated,
  type UndatedOutcome,
} from './ledger-entry.ts';
import type { Checkpoint, LedgerRow } from './ledger-line.ts';
import {
  errorOf,
  type FromLedgerThread,
  type LedgerAnswer,
  type LedgerCall,
  type LedgerCalls,
  type LedgerState,
  type LedgerThreadStart,
} from './ledger-message.ts';
import { LedgerReader } from './ledger-reader.ts';
import { ledgerPath } from './segment-files.ts';

const ENTRY = new URL('./ledger-thread-main.ts', import.meta.url);
/** More waiting than this, and the disk does not keep up: better refuse than answer minutes late. */
const WAITING_MAX = 10_000;

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: PipelineError) => void;
}

/**
 * The ledger of a gate, written by a thread of its own: hashing, waiting for the disk, signing and copying into the store
 * are half of what a decision costs, and a slow disk must not keep questions from being read.
 */
export class LedgerThread {
  readonly #worker: Worker;
  readonly #folder: string;
  readonly #waiting = new Map<number, Waiting>();
  #calls: LedgerCall[] = [];
  #lastId = 0;
  #state: LedgerState;
  #closed: Promise<StoredCheckpoint | null> | null = null;

  /** @throws PipelineError data_dir_unwritable, config_invalid (no key) */
  static async open(start: LedgerThreadStart, log: Log): Promise<LedgerThread> {
    const worker = new Worker(ENTRY, { workerData: start });
    const [first] = (await once(worker, 'message')) as [FromLedgerThread];
    if (first.kind === 'failed') {
      await worker.terminate();
      throw errorOf(first.failure);
    }
    if (first.kind !== 'ready') throw new Error(`The thread of the ledger began with ${first.kind}.`);
    return new LedgerThread({ worker, folder: ledgerPath(start.dataDir), state: first.state, log });
  }

  private constructor(of: { worker: Worker; folder: string; state: LedgerState; log: Log }) {
    const { worker, folder, state, log } = of;
    this.#worker = worker;
    this.#folder = folder;
    this.#state = state;
    worker.on('message', (message: FromLedgerThread) => {
      if (message.kind === 'log') log[message.level](message.facts, message.text);
      else if (message.kind === 'answers') this.#take(message.answers, message.state);
    });
    // Nobody foresaw it: without a ledger nothing may be answered, so the process ends and is started anew.
    worker.on('error', (error) => {
      for (const { reject } of this.#waiting.values()) reject(unwritable(error));
      throw error;
    });
  }

  /**
   * Records one decision and answers when it is on disk, with its receipt.
   * @throws PipelineError ledger_unwritable: then nothing was recorded, and nothing may be answered
   */
  async append(undated: Undated): Promise<Decision> {
    return decisionOf(undated, await this.#append(entryOf(decisionEntry, undated)));
  }

  /** As `append`; the decision as canonical JSON. @throws PipelineError ledger_unwritable */
  async appendForText(undated: Undated): Promise<string> {
    const entry = entryOf(decisionEntry, undated);
    return answerText(entry, await this.#append(entry));
  }

  /** Appends how a decision turned out. @throws PipelineError ledger_unwritable */
  async appendOutcome(undated: UndatedOutcome): Promise<OutcomeRow> {
    const { seq, prevHash, hash } = await this.#append(entryOf(outcomeEntry, undated));
    return { ...undated, seq, prevHash, hash };
  }

  #append({ texts, claims }: LedgerEntry): Promise<Recorded> {
    return this.#call('append', { texts, claims });
  }

  checkpoint(): Checkpoint {
    return this.#state.head;
  }

  /** A minute old at most, while somebody signs every minute. @throws PipelineError as writeCheckpoint */
  newestCheckpoint(): Promise<StoredCheckpoint> {
    return this.#call('newestCheckpoint', null);
  }

  /** Signs the newest state, unless that was done. @throws PipelineError internal (lines contradict what was signed), ledger_unwritable */
  writeCheckpoint(): Promise<StoredCheckpoint> {
    return this.#call('writeCheckpoint', null);
  }

  /** Decisions among the `limit` lines after `seq`, oldest first. @throws PipelineError internal when lines were damaged */
  readAfter(seq: number, limit: number): DecisionRow[] {
    return this.follow()(seq, limit).filter((row) => 'response' in row);
  }

  /** Reads lines for somebody who keeps a pace of his own. */
  follow(): (seq: number, limit: number) => LedgerRow[] {
    const reader = new LedgerReader(this.#folder);
    return (seq, limit) => reader.readAfter(seq, { limit, ...this.#state });
  }

  /** Ends copying, and signs what is there last. @returns the newest checkpoint; null when it cannot be written */
  close(): Promise<StoredCheckpoint | null> {
    this.#closed ??= this.#call('close', null).finally(() => this.#worker.terminate());
    return this.#closed;
  }

  #call<Name extends keyof LedgerCalls>(
    name: Name,
    asked: LedgerCalls[Name]['asked'],
  ): Promise<LedgerCalls[Name]['answer']> {
    if (this.#waiting.size >= WAITING_MAX)
      return Promise.reject(unwritable(`${WAITING_MAX} already wait for the disk`));
    // Nobody is there any more who could answer.
    if (this.#closed !== null) return Promise.reject(unwritable('the ledger is closed'));
    const id = ++this.#lastId;
    // All that is asked in one turn goes in one message.
    if (this.#calls.push({ id, name, asked }) === 1) setImmediate(() => this.#send());
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #send(): void {
    this.#worker.postMessage(this.#calls);
    this.#calls = [];
  }

  #take(answers: readonly LedgerAnswer[], state: LedgerState): void {
    this.#state = state;
    for (const one of answers) {
      const waiting = this.#waiting.get(one.id);
      this.#waiting.delete(one.id);
      if ('failure' in one) waiting?.reject(errorOf(one.failure));
      else waiting?.resolve(one.answer as never);
    }
  }
}

/** @throws PipelineError ledger_unwritable: the ledger has no form for it */
function entryOf<From, Entry extends LedgerEntry>(make: (from: From) => Entry, from: From): Entry {
  try {
    return make(from);
  } catch (cause) {
    throw unwritable(cause);
  }
}
