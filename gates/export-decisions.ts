import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import type { DecisionRow } from '../store/decisions.ts';
import { readLedgerCursor, writeLedgerCursor } from './ledger-cursor.ts';
import { seqOf } from './ledger-line.ts';
import type { LedgerThread } from './ledger-thread.ts';

/** Somebody elsewhere who wants every decision. */
export interface DecisionSink {
  /** Names its cursor in the data directory, and it in the log. */
  readonly name: string;
  /** Lines it takes at once. */
  readonly batchMax: number;
  /** Throws unless all of them were taken: they come again then. */
  send(rows: readonly DecisionRow[], signal: AbortSignal): Promise<void>;
}

const IDLE_MS = 1_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 60_000;

/**
 * Hands the ledger to a sink for as long as it runs: from its first line, in order, at least once, from where it
 * stopped before a restart. Nothing is skipped: a sink that refuses keeps its place until it takes the line, and the
 * log says so.
 */
export async function exportDecisions(of: {
  readonly ledger: LedgerThread;
  readonly sink: DecisionSink;
  readonly dataDir: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { ledger, sink, dataDir, log, signal } = of;
  const folder = join(dataDir, 'exports', sink.name);
  mkdirSync(folder, { recursive: true });
  const readAfter = ledger.follow();
  let seq = readLedgerCursor(folder);
  let retryMs = RETRY_MS_MIN;
  while (!signal.aborted) {
    let waitMs = IDLE_MS;
    try {
      const rows = readAfter(seq, sink.batchMax);
      const last = rows.at(-1);
      if (last !== undefined) {
        // Outcomes take numbers too: a sink sees them as gaps.
        const decisions = rows.filter((row) => 'response' in row);
        if (decisions.length > 0) await sink.send(decisions, signal);
        seq = seqOf(last);
        await writeLedgerCursor(folder, seq);
      }
      if (rows.length === sink.batchMax) waitMs = 0;
      if (retryMs > RETRY_MS_MIN) log.info({ sink: sink.name }, 'Decisions are exported again.');
      retryMs = RETRY_MS_MIN;
    } catch (error) {
      if (retryMs === RETRY_MS_MIN && !signal.aborted) {
        const facts = { sink: sink.name, afterSeq: seq, reason: (error as Error).message };
        log.warn(facts, 'Decisions cannot be exported; they wait in the ledger.');
      }
      waitMs = retryMs;
      retryMs = Math.min(RETRY_MS_MAX, 2 * retryMs);
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}
