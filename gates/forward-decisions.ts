import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { hasCode } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { copyDecisions, type DecisionRow } from '../store/decisions.ts';
import { insertOutcomes, type OutcomeRow } from '../store/outcomes.ts';
import type { Ledger, WrittenLine } from './ledger.ts';

/** A second of many decisions: one part in the store, not ten. */
const BATCH_MAX = 1_000;
/** Each copy is a part that the engine syncs to disk, and every other sync waits with it: ten a second were felt. */
const IDLE_MS = 1_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 30_000;

export interface Forwarding {
  readonly ledger: Ledger;
  readonly client: ClickHouseClient;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Lines the store refused as faulty; they stay in the ledger. */
async function insertOneByOne({ client, log }: Forwarding, lines: readonly WrittenLine[]): Promise<void> {
  for (const line of lines) {
    try {
      await insertLines(client, [line]);
    } catch (error) {
      if (!hasCode(error, 'store_refused')) throw error;
      const row = line.row();
      const { decisionId } = 'response' in row ? row.response : row.outcome;
      const facts = { decisionId, seq: line.seq, err: error };
      log.error(facts, 'The store refused this line; it stands in the ledger only.');
    }
  }
}

async function insertLines(client: ClickHouseClient, lines: readonly WrittenLine[]): Promise<void> {
  await copyDecisions(client, {
    items: lines.filter(({ isDecision }) => isDecision),
    decisionOf: (line) => line.row() as DecisionRow,
  });
  const outcomes = lines.filter(({ isDecision }) => !isDecision).map((line) => line.row() as OutcomeRow);
  await insertOutcomes(client, outcomes);
}

/** Copies the next lines; returns how many. A line copied twice (a crash before the cursor) stays one there. */
async function forwardBatch(forwarding: Forwarding): Promise<number> {
  const { ledger, client } = forwarding;
  const lines = ledger.linesAfter(ledger.readCursor(), BATCH_MAX);
  const last = lines.at(-1);
  if (last === undefined) return 0;
  try {
    await insertLines(client, lines);
  } catch (error) {
    if (!hasCode(error, 'store_refused')) throw error;
    await insertOneByOne(forwarding, lines);
  }
  await ledger.writeCursor(last.seq);
  return lines.length;
}

/**
 * Copies the ledger into the store for as long as it runs: in order, in batches, from where it stopped before a
 * restart. The store being down delays the copy and nothing else.
 */
export async function forwardDecisions(forwarding: Forwarding): Promise<void> {
  const { log, signal } = forwarding;
  let retryMs = RETRY_MS_MIN;
  while (!signal.aborted) {
    let waitMs = IDLE_MS;
    try {
      if ((await forwardBatch(forwarding)) === BATCH_MAX) waitMs = 0;
      if (retryMs > RETRY_MS_MIN) log.info({}, 'Decisions are copied into the store again.');
      retryMs = RETRY_MS_MIN;
    } catch (error) {
      if (retryMs === RETRY_MS_MIN)
        log.warn({ err: error }, 'Decisions cannot be copied into the store; they wait in the ledger.');
      waitMs = retryMs;
      retryMs = Math.min(RETRY_MS_MAX, 2 * retryMs);
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}
