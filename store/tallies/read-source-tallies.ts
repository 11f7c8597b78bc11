import type { ClickHouseClient } from '@clickhouse/client';
import type { Signal } from '../../core/signal.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { type BinRows, binsOf } from './bins.ts';
import { minutesOf } from './minutes-of.ts';

interface Row extends BinRows {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly InstanceId: string;
  readonly Signal: Signal;
  readonly ReceiveStartS: number;
  readonly Items: string;
  readonly EventMs: string;
  readonly ReceivedMs: string;
  readonly LatenessMin: string;
  readonly LatenessMax: string;
  readonly Anomalous: string;
  readonly FilledWords: readonly string[];
}

/** The instances of a source that are told apart, the longest silent first; all others count as one. */
const INSTANCES_MAX = 50;
const OTHERS = '(others)';
const BUCKET_MS = 5_000;
/** A word of filled buckets holds five minutes. */
const WORD_BUCKETS = 60;
const ONE = '1'.charCodeAt(0);

/**
 * What arrived since `fromMs` (rounded up to a minute), per source: one tally for the arrivals before `splitMs`, one
 * for those from it on, so that a shorter window costs no second query. A source whose instance changes with every
 * request has 50 of them, and `(others)`.
 * @param servicesMax more than so many services, and those that sent the least are left out
 * @throws PipelineError store_unavailable
 */
export async function readSourceTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly splitMs: number },
  servicesMax = Number.POSITIVE_INFINITY,
): Promise<SourceTally[]> {
  const { fromMs, minutesUntilMs } = minutesOf(range);
  const rows = await readRows<Row>(client, {
    sql: sourcesSql(Number.isFinite(servicesMax)),
    params: {
      from: toClickhouseTime(fromMs),
      minutesUntil: toClickhouseTime(minutesUntilMs),
      split: toClickhouseTime(range.splitMs),
      ...(Number.isFinite(servicesMax) ? { servicesMax } : {}),
    },
    about: 'tally_source',
    isUrgent: true,
  });
  return rows.map((row) => tallyOf(row, fromMs));
}

const SOURCE = 'Tenant, ServiceNamespace, ServiceName, Signal';
const BUCKET = `toInt64(if(Signal = 'metrics', EventBucket, ReceiveBucket)) - toInt64(toDateTime({from:DateTime64(3, 'UTC')}))`;
const MINUTE = `toInt64(EventMinute) - toInt64(toDateTime({from:DateTime64(3, 'UTC')}))`;

const AMONG_THE_LARGEST = `AND (Tenant, ServiceNamespace, ServiceName) IN (
            SELECT Tenant, ServiceNamespace, ServiceName FROM tally_source_minute
            WHERE ReceiveMinute >= {from:DateTime64(3, 'UTC')} GROUP BY Tenant, ServiceNamespace, ServiceName
            ORDER BY sum(Items) DESC, Tenant, ServiceNamespace, ServiceName LIMIT {servicesMax:UInt32}
          )`;

// An event time after its arrival counts as its arrival, row by row: after the maximum it would be too late.
// Filled buckets are bits, counted from the first minute on, as lists of times would be most of the answer.
const sourcesSql = (isCrowded: boolean) => `
SELECT ${SOURCE}, if(Place <= ${INSTANCES_MAX}, ServiceInstanceId, '${OTHERS}') AS InstanceId,
  toUnixTimestamp(min(Start)) AS ReceiveStartS,
  sum(Count) AS Items, max(Event) AS EventMs, max(Received) AS ReceivedMs,
  min(LateMin) AS LatenessMin, max(LateMax) AS LatenessMax, sum(Odd) AS Anomalous,
  sumMap(Late) AS Merged, mapKeys(Merged) AS Bins, mapValues(Merged) AS Counts,
  [toString(groupBitOr(Filled0)), toString(groupBitOr(Filled1)), toString(groupBitOr(Filled2))] AS FilledWords
FROM (
  SELECT *, dense_rank() OVER (PARTITION BY ${SOURCE} ORDER BY Newest, ServiceInstanceId) AS Place
  FROM (
    SELECT *, max(Received) OVER (PARTITION BY ${SOURCE}, ServiceInstanceId) AS Newest
    FROM (
      SELECT ${SOURCE}, ServiceInstanceId, IsFast, min(From) AS Start, sum(Items) AS Count, max(EventMs) AS Event,
        max(ReceivedMs) AS Received, min(LatenessMsMin) AS LateMin, max(LatenessMsMax) AS LateMax,
        sum(Anomalous) AS Odd, sumMap(LatenessBins) AS Late,
        groupBitOrIf(Bits, Word = 0) AS Filled0, groupBitOrIf(Bits, Word = 1) AS Filled1, groupBitOrIf(Bits, Word = 2) AS Filled2
      FROM (
        SELECT ${SOURCE}, ServiceInstanceId, 0 AS IsFast, ReceiveMinute AS From, Items, EventTimeMsMax AS EventMs,
          toUnixTimestamp64Milli(ReceivedMax) AS ReceivedMs, LatenessMsMin, LatenessMsMax, Anomalous, LatenessBins,
          intDiv(${MINUTE}, 300) AS Word, if(${MINUTE} < 0, 0, bitShiftLeft(toUInt64(FilledMask), modulo(intDiv(${MINUTE}, 60), 5) * 12)) AS Bits
        FROM tally_source_minute
        WHERE ReceiveMinute >= {from:DateTime64(3, 'UTC')} AND ReceiveMinute < {minutesUntil:DateTime64(3, 'UTC')}
          ${isCrowded ? AMONG_THE_LARGEST : ''}
        UNION ALL
        SELECT ${SOURCE}, ServiceInstanceId, ReceiveBucket >= {split:DateTime64(3, 'UTC')} AS IsFast, ReceiveBucket AS From, Items,
          least(toUnixTimestamp64Milli(EventTimeMax), toUnixTimestamp64Milli(ReceivedMax)) AS EventMs,
          toUnixTimestamp64Milli(ReceivedMax) AS ReceivedMs, LatenessMsMin, LatenessMsMax, Anomalous, LatenessBins,
          intDiv(${BUCKET}, 300) AS Word, if(${BUCKET} < 0, 0, bitShiftLeft(toUInt64(1), modulo(intDiv(${BUCKET}, 5), ${WORD_BUCKETS}))) AS Bits
        FROM tally_source
        WHERE ReceiveBucket >= {minutesUntil:DateTime64(3, 'UTC')}
          ${isCrowded ? AMONG_THE_LARGEST : ''}
      )
      GROUP BY ${SOURCE}, ServiceInstanceId, IsFast
    )
  )
)
GROUP BY ${SOURCE}, InstanceId, IsFast
ORDER BY ${SOURCE}, InstanceId, IsFast`;

function tallyOf(row: Row, fromMs: number): SourceTally {
  return {
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.InstanceId,
      signal: row.Signal,
    },
    receiveStartMs: row.ReceiveStartS * 1_000,
    items: Number(row.Items),
    eventTimeMsMax: Number(row.EventMs),
    receivedMsMax: Number(row.ReceivedMs),
    latenessMsMin: Number(row.LatenessMin),
    latenessMsMax: Number(row.LatenessMax),
    latenessBins: binsOf(row),
    anomalous: Number(row.Anomalous),
    rhythmBucketsMs: row.FilledWords.flatMap((word, i) =>
      bucketsOf(word, fromMs + i * WORD_BUCKETS * BUCKET_MS),
    ),
  };
}

function bucketsOf(word: string, startMs: number): number[] {
  const buckets: number[] = [];
  if (word === '0') return buckets;
  const bits = BigInt(word).toString(2);
  for (let i = bits.length - 1, atMs = startMs; i >= 0; i--, atMs += BUCKET_MS)
    if (bits.charCodeAt(i) === ONE) buckets.push(atMs);
  return buckets;
}
