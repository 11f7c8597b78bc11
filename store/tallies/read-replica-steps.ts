import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly ServiceName: string;
  readonly IsOfAutoscaler: number;
  readonly MinuteS: number;
  readonly BeforeS: number;
  readonly Before: number;
  readonly After: number;
}

/** The number of replicas that a workload is to have was another one a reading later. */
export interface ReplicaStep {
  readonly service: string;
  /** Its autoscaler tells it; else nobody says who set it. */
  readonly isOfAutoscaler: boolean;
  readonly heldUntilMs: number;
  readonly atMs: number;
  readonly before: number;
  readonly after: number;
}

/** Readings further apart do not tell when it was. */
const GAP_S_MAX = 900;

/**
 * Changes of the desired replicas in [fromMs, untilMs), as platform metrics tell; of a workload with an autoscaler
 * those of the autoscaler alone, so that one change is told once.
 * @throws PipelineError store_unavailable
 */
export async function readReplicaSteps(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<ReplicaStep[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT ServiceName, IsOfAutoscaler, toUnixTimestamp(Minute) AS MinuteS, toUnixTimestamp(BeforeMinute) AS BeforeS, Before, After
FROM (
  SELECT ServiceName, IsOfAutoscaler, Minute, After,
    max(IsOfAutoscaler) OVER (PARTITION BY ServiceName) AS HasAutoscaler,
    lagInFrame(After) OVER one AS Before, lagInFrame(Minute) OVER one AS BeforeMinute
  FROM (
    SELECT ServiceName, Series, Minute, startsWith(MetricName, 'k8s.hpa.') AS IsOfAutoscaler, Last.3 AS After
    FROM tally_metric_minute FINAL
    WHERE MetricName IN ('k8s.hpa.pod.desired', 'k8s.hpa.desired_replicas', 'k8s.deployment.pod.desired', 'k8s.deployment.desired')
      AND ServiceName != '' AND Temporality != 1
      AND Minute >= {before:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
  )
  WINDOW one AS (PARTITION BY ServiceName, IsOfAutoscaler, Series ORDER BY Minute ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE IsOfAutoscaler = HasAutoscaler AND BeforeS > 0 AND After != Before AND MinuteS - BeforeS <= {gap:UInt32}
  AND Minute >= {from:DateTime64(3, 'UTC')}
ORDER BY Minute, ServiceName, Before, After`,
    params: {
      before: toClickhouseTime(range.fromMs - GAP_S_MAX * 1_000),
      from: toClickhouseTime(range.fromMs),
      until: toClickhouseTime(range.untilMs),
      gap: GAP_S_MAX,
    },
    about: 'tally_metric_minute',
  });
  return rows.map((row) => ({
    service: row.ServiceName,
    isOfAutoscaler: row.IsOfAutoscaler === 1,
    heldUntilMs: row.BeforeS * 1_000,
    atMs: row.MinuteS * 1_000,
    before: row.Before,
    after: row.After,
  }));
}
