import type { ClickHouseClient } from '@clickhouse/client';
import type { DecisionRequest } from '../core/decision.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';

/** Something that a replica of the gate allowed, to be enforced. */
export interface RecentAllow {
  readonly decisionId: string;
  readonly decidedAtMs: number;
  readonly request: DecisionRequest;
}

/**
 * The newest of what others than `ownPrefix` allowed on some services since a time, the newest first.
 * @throws PipelineError store_unavailable
 */
export async function readRecentAllows(
  client: ClickHouseClient,
  of: { services: readonly string[]; sinceMs: number; ownPrefix: string; limit: number },
): Promise<RecentAllow[]> {
  const rows = await readRows<{ DecidedAt: string; DecisionId: string; Request: string }>(client, {
    sql: `SELECT DecidedAt, DecisionId, Request FROM decisions
      WHERE DecidedAt > {since:DateTime64(3, 'UTC')} AND Decision = 'allow' AND Mode = 'enforce'
        AND TargetService IN {services:Array(String)} AND NOT startsWith(DecisionId, {own:String})
      ORDER BY DecidedAt DESC LIMIT {limit:UInt32}`,
    params: {
      services: of.services,
      since: toClickhouseTime(of.sinceMs),
      own: of.ownPrefix,
      limit: of.limit,
    },
    about: 'recent decisions',
  });
  return rows.map(({ DecidedAt, DecisionId, Request }) => ({
    decisionId: DecisionId,
    decidedAtMs: fromClickhouseTime(DecidedAt),
    request: JSON.parse(Request) as DecisionRequest,
  }));
}
