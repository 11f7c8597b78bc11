import type { ClickHouseClient } from '@clickhouse/client';
import { PipelineError } from '../../core/errors.ts';
import { type DecisionRow, readDecision } from '../../store/decisions.ts';

/** @throws PipelineError not_found */
export async function knownDecision(client: ClickHouseClient, id: string): Promise<DecisionRow> {
  const decision = await readDecision(client, id);
  if (decision !== null) return decision;
  const text = `There is no decision ${id} here (yet: a new one takes up to two seconds to be listed); GET /api/v1/decisions lists them.`;
  throw new PipelineError('not_found', text, { id });
}
