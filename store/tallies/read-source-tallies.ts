import type { ClickHouseClient } from '@clickhouse/client';
import type { Signal } from '../../core/signal.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { type BinRows, binsOf } from './bins.ts';

interface Row extends BinRows {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly Signal: Signal;
  readonly ReceiveStartMs: string;
  readonly Items: string;
  readonly EventMs: string;
  readonly ReceivedMs: string;
  readonly LatenessMin: string;
  readonly LatenessMax: string;
  readonly Anomalous: string;
  readonly IsDense: number;
  readonly RhythmBuckets: readonly number[];
}

/** Of the 120 buckets of ten minutes: a source that fills so many has no gaps worth learning. */
const DENSE_BUCKETS = 90;

/**
 * What arrived since `fromMs`, per source: one tally for the arrivals before `splitMs`, one for those from it on,
 * so that a shorter window costs no second query.
 * @throws PipelineError store_unavailable
 */
export async function readSourceTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly splitMs: number },
): Promise<SourceTally[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: { from: toClickhouseTime(range.fromMs), split: toClickhouseTime(range.splitMs) },
    about: 'tally_source',
  });
  return rows.map(tallyOf);
}

// An event time after its arrival counts as its arrival here, row by row: after the maximum it would be too late.
const SQL = `
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal,
  toInt64(toUnixTimestamp(min(ReceiveBucket))) * 1000 AS ReceiveStartMs,
  sum(Items) AS Items,
  max(least(toUnixTimestamp64Milli(EventTimeMax), toUnixTimestamp64Milli(ReceivedMax))) AS EventMs,
  toUnixTimestamp64Milli(max(ReceivedMax)) AS ReceivedMs,
  min(LatenessMsMin) AS LatenessMin, max(LatenessMsMax) AS LatenessMax,
  sum(Anomalous) AS Anomalous,
  sumMap(LatenessBins) AS Merged, mapKeys(Merged) AS Bins, mapValues(Merged) AS Counts,
  groupUniqArray(toUnixTimestamp(if(Signal = 'metrics', EventBucket, ReceiveBucket))) AS Buckets,
  Signal != 'metrics' AND length(Buckets) > ${DENSE_BUCKETS} AS IsDense,
  if(IsDense, [], Buckets) AS RhythmBuckets
FROM tally_source
WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')}
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal, ReceiveBucket >= {split:DateTime64(3, 'UTC')}`;

function tallyOf(row: Row): SourceTally {
  return {
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
      signal: row.Signal,
    },
    receiveStartMs: Number(row.ReceiveStartMs),
    items: Number(row.Items),
    eventTimeMsMax: Number(row.EventMs),
    receivedMsMax: Number(row.ReceivedMs),
    latenessMsMin: Number(row.LatenessMin),
    latenessMsMax: Number(row.LatenessMax),
    latenessBins: binsOf(row),
    anomalous: Number(row.Anomalous),
    rhythmBucketsMs: row.IsDense === 1 ? null : row.RhythmBuckets.map((seconds) => seconds * 1_000),
  };
}
