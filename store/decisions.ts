import type { ClickHouseClient } from '@clickhouse/client';
import type { Decision, DecisionRequest } from '../core/decision.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { streamRows } from './stream-rows.ts';

const DECISIONS_MAX = 1_000;
/** Far beyond any decision, and still a time that the column can hold. */
const END_OF_TIME_MS = Date.UTC(2200, 0);

/** One line of the ledger. The same line written twice stays one. */
export interface DecisionRow {
  readonly decidedAtMs: number;
  readonly mode: 'enforce' | 'shadow';
  readonly request: DecisionRequest;
  readonly response: Decision;
  /** Of this line; `response.prevHash` is the one before. */
  readonly hash: string;
}

interface StoredDecision {
  readonly DecidedAt: string;
  readonly Mode: 'enforce' | 'shadow';
  readonly Request: string;
  readonly Response: string;
  readonly Hash: string;
}

/** Appends decisions. @throws PipelineError store_unavailable, store_refused */
export async function insertDecisions(
  client: ClickHouseClient,
  decisions: readonly DecisionRow[],
): Promise<void> {
  await copyDecisions(client, { items: decisions, decisionOf: (decision) => decision });
}

/**
 * Appends what holds decisions, each read when its turn comes and a few to a turn of the event loop: whoever else has
 * work on this thread gets turns.
 * @throws PipelineError store_unavailable, store_refused
 */
export async function copyDecisions<Item>(
  client: ClickHouseClient,
  {
    items,
    decisionOf,
  }: { readonly items: readonly Item[]; readonly decisionOf: (item: Item) => DecisionRow },
): Promise<void> {
  await streamRows(client, 'decisions', { items, rowOf: (item) => storedDecision(decisionOf(item)) });
}

/** Newest first, 1,000 at most unless told; of all times, or of [fromMs, untilMs). @throws PipelineError store_unavailable */
export async function readDecisions(
  client: ClickHouseClient,
  filter: {
    service?: string | undefined;
    limit?: number | undefined;
    fromMs?: number | undefined;
    untilMs?: number | undefined;
  } = {},
): Promise<DecisionRow[]> {
  const rows = await readRows<StoredDecision>(client, {
    sql: `SELECT DecidedAt, Mode, Request, Response, Hash FROM decisions FINAL
      WHERE {service:String} IN ('', TargetService)
        AND DecidedAt >= {from:DateTime64(3, 'UTC')} AND DecidedAt < {until:DateTime64(3, 'UTC')}
      ORDER BY DecidedAt DESC, Seq DESC LIMIT {limit:UInt32}`,
    params: {
      service: filter.service ?? '',
      limit: filter.limit ?? DECISIONS_MAX,
      from: toClickhouseTime(filter.fromMs ?? 0),
      until: toClickhouseTime(filter.untilMs ?? END_OF_TIME_MS),
    },
    about: 'decisions',
  });
  return rows.map(decisionOf);
}

export async function readDecision(client: ClickHouseClient, id: string): Promise<DecisionRow | null> {
  const rows = await readRows<StoredDecision>(client, {
    sql: 'SELECT DecidedAt, Mode, Request, Response, Hash FROM decisions WHERE DecisionId = {id:String} LIMIT 1',
    params: { id },
    about: `decision ${id}`,
  });
  return rows[0] === undefined ? null : decisionOf(rows[0]);
}

function storedDecision(row: DecisionRow): StoredDecision & Readonly<Record<string, unknown>> {
  return {
    DecidedAt: toClickhouseTime(row.decidedAtMs),
    Seq: String(row.response.seq),
    DecisionId: row.response.decisionId,
    Decision: row.response.decision,
    Mode: row.mode,
    ActorId: row.request.actor.id,
    ActionKind: row.request.action.kind,
    Stage: row.request.action.stage ?? '',
    TargetService: row.request.target['service'] ?? '',
    ConstraintSet: row.response.constraintSet,
    Request: JSON.stringify(row.request),
    Response: JSON.stringify(row.response),
    PrevHash: row.response.prevHash,
    Hash: row.hash,
  };
}

function decisionOf(row: StoredDecision): DecisionRow {
  return {
    decidedAtMs: fromClickhouseTime(row.DecidedAt),
    mode: row.Mode,
    request: JSON.parse(row.Request) as DecisionRequest,
    response: JSON.parse(row.Response) as Decision,
    hash: row.Hash,
  };
}
