import type { ClickHouseClient } from '@clickhouse/client';
import type { CohortTally } from '../../core/cohort-tally.ts';
import type { Signal } from '../../core/signal.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Signal: Signal;
  readonly AskedMs: string;
  readonly AllItems: string;
  readonly HereItems: string;
  readonly LatenessMax: string;
  readonly Squares: string;
}

/** Which events are asked about, and at which moments. */
export interface CohortRange {
  readonly youngestMs: number;
  readonly oldestMs: number;
  /** Moments from here on... */
  readonly fromMs: number;
  /** ...to this one, both included, */
  readonly untilMs: number;
  /** ...at multiples of this. Out of step with exports, or each moment would find them at the same point. */
  readonly stepMs: number;
  /** Of these services only; all, when left out. */
  readonly serviceNames?: readonly string[];
}

/** A clock that is further ahead is quarantined: its events are in no cohort. */
const AHEAD_MS_MAX = 300_000;
const BUCKET_MS = 5_000;

// Moments fall inside the 5 s cells of event and arrival. A cell counts by the share of its events that were of the ages
// asked, and of these by those that had arrived: both as if spread evenly between their extremes, and in the same order,
// which is exact for a batch that came at once. In thousandths, so that sums are of whole numbers.
const SQL = `
SELECT Tenant, ServiceNamespace, ServiceName, Signal, AskedMs, intDiv(sum(BatchAsked), 1000) AS AllItems,
  intDiv(sum(BatchHere), 1000) AS HereItems, max(BatchLatenessMax) AS LatenessMax,
  sum(intDiv(BatchAsked, 1000) * intDiv(BatchAsked, 1000)) AS Squares
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, ReceiveBucket, AskedMs,
    sum(CellItems * (HighShare - LowShare)) AS BatchAsked,
    sum(CellItems * greatest(0, least(HighShare, HereShare) - LowShare)) AS BatchHere,
    max(CellLatenessMax) AS BatchLatenessMax
  FROM (
    SELECT *,
      arrayJoin(range(intDiv(EventMin + {youngest:Int64} + {step:Int64}, {step:Int64}) * {step:Int64},
        EventMax + 1 + {oldest:Int64}, {step:Int64})) AS AskedMs,
      EventMax + 1 - EventMin AS EventMs, ReceivedEnd + 1 - ReceivedStart AS ReceivedMs,
      intDiv(1000 * greatest(0, AskedMs - {oldest:Int64} - EventMin), EventMs) AS LowShare,
      intDiv(1000 * least(EventMs, AskedMs - {youngest:Int64} - EventMin), EventMs) AS HighShare,
      intDiv(1000 * greatest(0, least(ReceivedMs, AskedMs - ReceivedStart)), ReceivedMs) AS HereShare
    FROM (
      SELECT Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, ReceiveBucket, EventBucket,
        sum(Items) AS CellItems, max(LatenessMsMax) AS CellLatenessMax,
        toUnixTimestamp64Milli(min(EventTimeMin)) AS EventMin, toUnixTimestamp64Milli(max(EventTimeMax)) AS EventMax,
        toUnixTimestamp64Milli(min(ReceivedMin)) AS ReceivedStart, toUnixTimestamp64Milli(max(ReceivedMax)) AS ReceivedEnd
      FROM tally_source
      WHERE ReceiveBucket >= {received:DateTime64(3, 'UTC')}
        AND EventBucket >= {events:DateTime64(3, 'UTC')} AND EventBucket < {until:DateTime64(3, 'UTC')}
        AND (empty({services:Array(String)}) OR ServiceName IN {services:Array(String)})
      GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, ReceiveBucket, EventBucket
    )
  )
  WHERE AskedMs >= {fromMs:Int64} AND AskedMs <= {untilMs:Int64}
  GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, ReceiveBucket, AskedMs
)
GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, AskedMs
HAVING AllItems > 0
ORDER BY AskedMs`;

/**
 * Per service and signal and moment: how many events of those ages are here now, and how many were then; all sources
 * in one query, oldest moment first. Moments without an event are not there.
 * @throws PipelineError store_unavailable
 */
export async function readCohorts(client: ClickHouseClient, range: CohortRange): Promise<CohortTally[]> {
  // Whole buckets: the first may hold events that are older than asked, which then count by their share.
  const eventsFromMs = range.fromMs - range.oldestMs - BUCKET_MS;
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: {
      services: range.serviceNames ?? [],
      youngest: range.youngestMs,
      oldest: range.oldestMs,
      step: range.stepMs,
      fromMs: range.fromMs,
      untilMs: range.untilMs,
      received: toClickhouseTime(eventsFromMs - AHEAD_MS_MAX),
      events: toClickhouseTime(eventsFromMs),
      until: toClickhouseTime(range.untilMs - range.youngestMs),
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
    askedMs: Number(row.AskedMs),
    startMs: Number(row.AskedMs) - range.oldestMs,
    endMs: Number(row.AskedMs) - range.youngestMs,
    items: Number(row.AllItems),
    hereItems: Number(row.HereItems),
    latenessMsMax: Number(row.LatenessMax),
    batchItemsSquared: Number(row.Squares),
  }));
}
