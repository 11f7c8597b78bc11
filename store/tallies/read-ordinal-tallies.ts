import type { ClickHouseClient } from '@clickhouse/client';
import type { OrdinalTally } from '../../core/ordinal-tally.ts';
import type { Signal } from '../../core/signal.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Signal: Signal;
  readonly ReceiveS: number;
  readonly Numbered: string;
  readonly Found: string;
  readonly Gaps: string;
  readonly ArrivalCount: string;
  readonly WorstProcess: string;
  readonly UnnumberedSum: string;
}

/** How long before the range a process may have spoken last: its highest number then is where the range begins. */
const BEFORE_MS = 3_600_000;

const PROCESS = 'Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId, BootId';

// A bucket answers for the numbers (highest before, highest in it], whenever these came: an export that was retried
// fills its gap later, and one that was overtaken counts in the bucket that overtook it. A number at or below the
// highest before the range belongs to an earlier range. Of a process that was never heard before, the first number that
// came is the first there is: what it may have lost before is not known. A small set gives its numbers in no order.
const SQL = `
SELECT Tenant, ServiceNamespace, ServiceName, Signal, toUnixTimestamp(ReceiveBucket) AS ReceiveS,
  sum(Expected) AS Numbered, sum(Came) AS Found, sum(Runs) AS Gaps, sum(Exports) AS ArrivalCount,
  if(Found = Numbered, '', argMax(
    concat(if(ServiceInstanceId = '', ServiceName, ServiceInstanceId), ' (boot ', BootId, ')'), Expected - Came)) AS WorstProcess,
  sum(Unnumbered) AS UnnumberedSum
FROM (
  SELECT ${PROCESS}, b.ReceiveBucket AS ReceiveBucket, b.Exports AS Exports, b.Unnumbered AS Unnumbered,
    if(b.Top < b.Bottom, 0, b.Top - b.Bottom + 1) AS Expected,
    bitmapSubsetInRange(s.AllSeqs, b.Bottom, greatest(b.Top + 1, b.Bottom)) AS Inside,
    bitmapCardinality(Inside) AS Came,
    if(Came = Expected, 0, arrayCount(step -> step > 1,
      arrayDifference(arrayConcat([toInt64(b.Bottom) - 1], arraySort(arrayMap(seq -> toInt64(seq), bitmapToArray(Inside))))))) AS Runs
  FROM (
    SELECT *, if(EarlierBuckets = 0, Lowest, HighestBefore + 1) AS Bottom
    FROM (
      SELECT *,
        max(Top) OVER (PARTITION BY ${PROCESS} ORDER BY ReceiveBucket ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS HighestBefore,
        count() OVER (PARTITION BY ${PROCESS} ORDER BY ReceiveBucket ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS EarlierBuckets
      FROM (
        SELECT ${PROCESS}, ReceiveBucket, max(SeqMax) AS Top, min(SeqMin) AS Lowest,
          groupBitmapMerge(Arrivals) AS Exports, max(UnnumberedMax) AS Unnumbered
        FROM tally_ordinal
        WHERE ReceiveBucket >= {before:DateTime64(3, 'UTC')} AND ReceiveBucket < {until:DateTime64(3, 'UTC')}
        GROUP BY ${PROCESS}, ReceiveBucket
      )
    )
    WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')}
  ) AS b
  INNER JOIN (
    SELECT ${PROCESS}, groupBitmapMergeState(Seqs) AS AllSeqs
    FROM tally_ordinal WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')} GROUP BY ${PROCESS}
  ) AS s USING (${PROCESS})
)
GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, ReceiveBucket
ORDER BY ReceiveBucket, Tenant, ServiceNamespace, ServiceName, Signal`;

/**
 * Numbers that came and numbers that are missing, per service, signal and 5 s bucket of arrival in [fromMs, untilMs);
 * what came since `untilMs` fills gaps too. `untilMs` should lie as far back as an overtaken export needs to arrive.
 * @throws PipelineError store_unavailable
 */
export async function readOrdinalTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<OrdinalTally[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: {
      before: toClickhouseTime(range.fromMs - BEFORE_MS),
      from: toClickhouseTime(range.fromMs),
      until: toClickhouseTime(range.untilMs),
    },
    about: 'tally_ordinal',
  });
  return rows.map((row) => ({
    service: { tenant: row.Tenant, serviceNamespace: row.ServiceNamespace, serviceName: row.ServiceName },
    signal: row.Signal,
    receiveStartMs: row.ReceiveS * 1_000,
    numbered: Number(row.Numbered),
    found: Number(row.Found),
    gaps: Number(row.Gaps),
    arrivals: Number(row.ArrivalCount),
    worstProcess: row.WorstProcess,
    unnumbered: Number(row.UnnumberedSum),
  }));
}
