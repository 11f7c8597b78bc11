import type { ClickHouseClient } from '@clickhouse/client';
import type { Finding } from '../core/finding.ts';
import { readFindings } from './findings.ts';

const CLOSED_MAX = 200;
/** Long enough for its report to be closed, also after a restart. */
const CLOSED_MS_MAX = 3_600_000;

/**
 * Holds that the gate reported as too old: those that are open, and those that ended within the last hour.
 * @throws PipelineError store_unavailable
 */
export async function readOverdueHolds(client: ClickHouseClient, nowMs: number): Promise<Finding[]> {
  const [open, closed] = await Promise.all([
    readFindings(client, { state: 'confirmed' }),
    readFindings(client, { state: 'closed', limit: CLOSED_MAX }),
  ]);
  const ended = closed.filter(({ closedAtMs }) => nowMs - (closedAtMs ?? 0) < CLOSED_MS_MAX);
  return [...open, ...ended].filter(({ kind }) => kind === 'overdue-hold');
}
