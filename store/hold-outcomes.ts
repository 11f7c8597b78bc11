import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';

/** Decisions that a constraint held or denied, by how they turned out. */
export interface HoldOutcomes {
  /** `constraint-set/id`, or `built-in`. */
  readonly constraint: string;
  readonly heldCount: number;
  /** Acting was bad, or leaving it was good. */
  readonly rightCount: number;
  /** Acting was good, or leaving it was bad. */
  readonly wrongCount: number;
}

/**
 * Of decisions in [fromMs, untilMs); one that several constraints held counts for each. Of several outcomes of one
 * decision the newest counts, and one that says `unknown` says neither right nor wrong.
 * @throws PipelineError store_unavailable
 */
export async function readHoldOutcomes(
  client: ClickHouseClient,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): Promise<HoldOutcomes[]> {
  const rows = await readRows<{ Constraint: string; Held: string; Right: string; Wrong: string }>(client, {
    sql: `
SELECT Constraint, count() AS Held,
    countIf((o.Acted AND o.Result = 'bad') OR (NOT o.Acted AND o.Result = 'good')) AS Right,
    countIf((o.Acted AND o.Result = 'good') OR (NOT o.Acted AND o.Result = 'bad')) AS Wrong
FROM (
  SELECT DecisionId, arrayJoin(arrayDistinct(arrayMap(r -> r.constraint, arrayFilter(r -> r.severity = 'blocking',
    JSONExtract(Response, 'reasons', 'Array(Tuple(constraint String, severity String))'))))) AS Constraint
  FROM decisions FINAL
  WHERE Decision IN ('hold', 'deny')
    AND DecidedAt >= {from:DateTime64(3, 'UTC')} AND DecidedAt < {until:DateTime64(3, 'UTC')}
) AS d
LEFT JOIN (
  SELECT DecisionId, argMax(Acted, (RecordedAt, Seq, Hash)) AS Acted, argMax(Result, (RecordedAt, Seq, Hash)) AS Result
  FROM decision_outcomes GROUP BY DecisionId
) AS o ON o.DecisionId = d.DecisionId
GROUP BY Constraint
ORDER BY Held DESC, Constraint`,
    params: { from: toClickhouseTime(fromMs), until: toClickhouseTime(untilMs) },
    about: 'outcomes of holds',
  });
  return rows.map(({ Constraint, Held, Right, Wrong }) => ({
    constraint: Constraint,
    heldCount: Number(Held),
    rightCount: Number(Right),
    wrongCount: Number(Wrong),
  }));
}
