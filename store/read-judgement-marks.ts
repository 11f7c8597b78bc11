import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';

/** Opaque texts that change whenever anything was written: same text, nothing new to read. */
export interface JudgementMarks {
  readonly verdicts: string;
  readonly findings: string;
}

/**
 * Whether there is news, for a fraction of the price of reading it (a thousand services: 12 ms instead of 80 ms,
 * and no rows). Counts change with every row, so a verdict that is committed late is news too.
 * @throws PipelineError store_unavailable
 */
export async function readJudgementMarks(client: ClickHouseClient, sinceMs: number): Promise<JudgementMarks> {
  const [marks] = await readRows<JudgementMarks>(client, {
    sql: `SELECT
  (SELECT concat(toString(count()), '/', toString(max(EvaluatedAt))) FROM verdicts
    WHERE EvaluatedAt >= {since:DateTime64(3, 'UTC')}) AS verdicts,
  (SELECT concat(toString(count()), '/', toString(max(UpdatedAt))) FROM findings) AS findings`,
    params: { since: toClickhouseTime(sinceMs) },
    about: 'marks of verdicts and findings',
  });
  return marks ?? { verdicts: '', findings: '' };
}
