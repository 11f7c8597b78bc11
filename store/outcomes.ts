import type { ClickHouseClient } from '@clickhouse/client';
import type { Outcome } from '../core/decision.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

/** One line of the ledger that says how a decision turned out. The same line written twice stays one. */
export interface OutcomeRow {
  readonly recordedAtMs: number;
  readonly seq: number;
  readonly prevHash: string;
  readonly outcome: Outcome;
  /** Of this line. */
  readonly hash: string;
}

interface StoredOutcome {
  readonly RecordedAt: string;
  readonly Seq: string;
  readonly DecisionId: string;
  readonly Acted: boolean;
  readonly Result: Outcome['result'];
  readonly Note: string | null;
  readonly By: string;
  readonly PrevHash: string;
  readonly Hash: string;
}

/** Appends outcomes. @throws PipelineError store_unavailable, store_refused */
export async function insertOutcomes(client: ClickHouseClient, rows: readonly OutcomeRow[]): Promise<void> {
  await writeRows(client, 'decision_outcomes', rows.map(storedOutcome));
}

/** Of one decision, oldest first: the last one counts. @throws PipelineError store_unavailable */
export async function readOutcomes(client: ClickHouseClient, decisionId: string): Promise<OutcomeRow[]> {
  const rows = await readRows<StoredOutcome>(client, {
    sql: `SELECT * FROM decision_outcomes FINAL WHERE DecisionId = {id:String} ORDER BY RecordedAt, Seq, Hash`,
    params: { id: decisionId },
    about: `outcomes of ${decisionId}`,
  });
  return rows.map((row) => ({
    recordedAtMs: fromClickhouseTime(row.RecordedAt),
    seq: Number(row.Seq),
    prevHash: row.PrevHash,
    outcome: {
      decisionId: row.DecisionId,
      acted: row.Acted,
      result: row.Result,
      note: row.Note,
      by: row.By,
    },
    hash: row.Hash,
  }));
}

function storedOutcome({ recordedAtMs, seq, prevHash, outcome, hash }: OutcomeRow) {
  const stored: StoredOutcome = {
    RecordedAt: toClickhouseTime(recordedAtMs),
    Seq: String(seq),
    DecisionId: outcome.decisionId,
    Acted: outcome.acted,
    Result: outcome.result,
    Note: outcome.note,
    By: outcome.by,
    PrevHash: prevHash,
    Hash: hash,
  };
  return { ...stored };
}
