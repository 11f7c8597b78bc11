import type { ClickHouseClient } from '@clickhouse/client';
import type { CohortTally } from '../../core/cohort-tally.ts';
import type { Signal } from '../../core/signal.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { type BinRows, binsOf } from './bins.ts';

interface Row extends BinRows {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Signal: Signal;
  readonly CohortS: string;
  readonly AllItems: string;
  readonly LatenessMax: string;
  readonly Batches: string;
  readonly Squares: string;
}

/** A clock that is further ahead is quarantined: its events are in no cohort. */
const AHEAD_MS_MAX = 300_000;

const SQL = `
SELECT Tenant, ServiceNamespace, ServiceName, Signal, CohortS, sum(BatchItems) AS AllItems,
  max(BatchLatenessMax) AS LatenessMax, count() AS Batches, sum(BatchItems * BatchItems) AS Squares,
  sumMap(BatchBins) AS Merged, mapKeys(Merged) AS Bins, mapValues(Merged) AS Counts
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, ReceiveBucket,
    intDiv(toInt64(toUnixTimestamp(EventBucket)), {cohort:Int64}) * {cohort:Int64} AS CohortS,
    sum(Items) AS BatchItems, max(LatenessMsMax) AS BatchLatenessMax, sumMap(LatenessBins) AS BatchBins
  FROM tally_source
  WHERE ReceiveBucket >= {received:DateTime64(3, 'UTC')}
    AND EventBucket >= {from:DateTime64(3, 'UTC')} AND EventBucket < {until:DateTime64(3, 'UTC')}
  GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, ReceiveBucket, CohortS
)
GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, CohortS
ORDER BY CohortS`;

/**
 * What is here now of the events of [fromMs, untilMs), per service and signal and `cohortMs` of event time, all sources
 * in one query, oldest first. Cohorts without a record are not there.
 * @param range whole cohorts; `cohortMs` a multiple of 5,000
 * @throws PipelineError store_unavailable
 */
export async function readCohorts(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number; readonly cohortMs: number },
): Promise<CohortTally[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: {
      cohort: range.cohortMs / 1_000,
      received: toClickhouseTime(range.fromMs - AHEAD_MS_MAX),
      from: toClickhouseTime(range.fromMs),
      until: toClickhouseTime(range.untilMs),
    },
    about: 'tally_source',
  });
  return rows.map((row) => ({
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: '',
      signal: row.Signal,
    },
    startMs: Number(row.CohortS) * 1_000,
    endMs: Number(row.CohortS) * 1_000 + range.cohortMs,
    items: Number(row.AllItems),
    latenessMsMax: Number(row.LatenessMax),
    latenessBins: binsOf(row),
    batches: Number(row.Batches),
    batchItemsSquared: Number(row.Squares),
  }));
}
