import type { ClickHouseClient } from '@clickhouse/client';
import type { ClockTally } from '../../core/clock-tally.ts';
import type { Signal } from '../../core/signal.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { type BinRows, binsOf } from './bins.ts';
import { CLOCKS_SQL, hostsSinceMs } from './clock-sql.ts';

interface Row extends BinRows {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly Signal: Signal;
  readonly SourceClock: string | null;
  readonly AllItems: string;
  readonly EventMs: string | null;
  readonly ReceivedMs: string;
  readonly LatenessMax: string;
  readonly LatenessLow: string | null;
  readonly GapCount: string;
  readonly GapP99: string;
  readonly AheadLower: string;
  readonly AheadUpper: string;
  readonly QuarantinedLower: string;
  readonly QuarantinedUpper: string;
}

const SOURCE = 'Tenant, ServiceNamespace, ServiceName, ServiceInstanceId';
const AHEAD = -10_000;
const QUARANTINE = -300_000;

// Cells first: what is decided per cell must not depend on how its rows were split over inserts. Then 5 s of arrival,
// then sources. No view of its own: a cell whose greatest lateness is below -10 s lies ahead as a whole, one whose
// least is not lies ahead in no part; what is between is counted in the upper bound only.
const SQL = `
SELECT s.*, c.Clock AS SourceClock FROM (
  SELECT ${SOURCE}, Signal, sum(BucketItems) AS AllItems, max(BucketEventMs) AS EventMs, max(BucketLastMs) AS ReceivedMs,
    max(BucketLatenessMax) AS LatenessMax, quantileExactLow(0.1)(BucketLatenessMin) AS LatenessLow,
    sumMap(BucketBins) AS Merged, mapKeys(Merged) AS Bins, mapValues(Merged) AS Counts,
    arraySort(groupArray((BucketFirstMs, BucketLastMs))) AS Spans,
    arrayMap((next, last) -> next.1 - last.2, arrayPopFront(Spans), arrayPopBack(Spans)) AS Gaps,
    length(Gaps) AS GapCount, arrayReduce('quantileExactHigh(0.99)', Gaps) AS GapP99,
    sum(BucketAheadLower) AS AheadLower, sum(BucketAheadUpper) AS AheadUpper,
    sum(BucketQuarantinedLower) AS QuarantinedLower, sum(BucketQuarantinedUpper) AS QuarantinedUpper
  FROM (
    SELECT ${SOURCE}, Signal, ReceiveBucket, sum(CellItems) AS BucketItems,
      maxOrNullIf(least(CellEventMs, CellLastMs), CellLatenessMax >= ${QUARANTINE}) AS BucketEventMs,
      min(CellFirstMs) AS BucketFirstMs, max(CellLastMs) AS BucketLastMs, max(CellLatenessMax) AS BucketLatenessMax,
      minOrNullIf(CellLatenessMin, CellLatenessMin >= ${QUARANTINE}) AS BucketLatenessMin,
      sumMap(CellBins) AS BucketBins,
      sumIf(CellItems, CellLatenessMax < ${AHEAD}) AS BucketAheadLower,
      sumIf(CellItems, CellLatenessMin < ${AHEAD}) AS BucketAheadUpper,
      sumIf(CellItems, CellLatenessMax < ${QUARANTINE}) AS BucketQuarantinedLower,
      sumIf(CellItems, CellLatenessMin < ${QUARANTINE}) AS BucketQuarantinedUpper
    FROM (
      SELECT ${SOURCE}, Signal, ReceiveBucket, EventBucket, sum(Items) AS CellItems,
        toUnixTimestamp64Milli(max(EventTimeMax)) AS CellEventMs,
        toUnixTimestamp64Milli(min(ReceivedMin)) AS CellFirstMs, toUnixTimestamp64Milli(max(ReceivedMax)) AS CellLastMs,
        min(LatenessMsMin) AS CellLatenessMin, max(LatenessMsMax) AS CellLatenessMax, sumMap(LatenessBins) AS CellBins
      FROM tally_source WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')}
        AND (empty({services:Array(String)}) OR ServiceName IN {services:Array(String)})
      GROUP BY ${SOURCE}, Signal, ReceiveBucket, EventBucket
    )
    GROUP BY ${SOURCE}, Signal, ReceiveBucket
  )
  GROUP BY ${SOURCE}, Signal
) AS s
LEFT JOIN ${CLOCKS_SQL} AS c USING (${SOURCE})
SETTINGS join_use_nulls = 1`;

/**
 * What arrived since `fromMs` says about time, per instance and signal, in one query.
 * @param serviceNames of these only; of all when there are none
 * @throws PipelineError store_unavailable
 */
export async function readClockTallies(
  client: ClickHouseClient,
  fromMs: number,
  serviceNames: readonly string[] = [],
): Promise<ClockTally[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: {
      services: serviceNames,
      from: toClickhouseTime(fromMs),
      hosts: toClickhouseTime(hostsSinceMs(fromMs)),
    },
    about: 'tally_source',
  });
  return rows.map(tallyOf);
}

function tallyOf(row: Row): ClockTally {
  const number = (text: string | null) => (text === null ? null : Number(text));
  return {
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
      signal: row.Signal,
    },
    clock: row.SourceClock,
    items: Number(row.AllItems),
    eventTimeMsMax: number(row.EventMs),
    receivedMsMax: Number(row.ReceivedMs),
    latenessBins: binsOf(row),
    latenessMsMax: Number(row.LatenessMax),
    latenessMsLow: number(row.LatenessLow),
    gapCount: Number(row.GapCount),
    gapMsP99: Number(row.GapCount) === 0 ? 0 : Number(row.GapP99),
    ahead: { lower: Number(row.AheadLower), upper: Number(row.AheadUpper) },
    quarantined: { lower: Number(row.QuarantinedLower), upper: Number(row.QuarantinedUpper) },
  };
}
