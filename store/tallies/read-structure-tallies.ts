import type { ClickHouseClient } from '@clickhouse/client';
import type { Signal } from '../../core/signal.ts';
import type { RefusalTally, StructureTally } from '../../core/structure-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { type BinRows, binsOf } from './bins.ts';

export interface StructureTallies {
  readonly tallies: readonly StructureTally[];
  readonly refusals: readonly RefusalTally[];
  /** Services and signals that were not read, as there are too many; those with faults are read first. */
  readonly sourcesLeftOut: number;
}

interface SourceRow {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Signal: Signal;
}

interface Row extends SourceRow, BinRows {
  readonly StartS: number;
  readonly Items: string;
  readonly RootSpans: string;
  readonly Attributes: string;
  readonly Events: string;
  readonly Links: string;
  readonly Nameless: string;
  readonly Batches: string;
  readonly Faulty: string;
}

interface RefusalRow extends SourceRow {
  readonly StartS: number;
  readonly Reason: string;
  readonly Items: string;
}

const SOURCES_MAX = 20_000;
/** Sources whose faults are read by bucket, so that a burst can be told from a habit; of the others by window. */
const DETAILED_MAX = 1_000;
const REFUSALS_MAX = 100_000;

/**
 * Records by their faults since `fromMs`, per service and signal, all instances together: per 5 s bucket of arrival
 * where there are faults; else one tally for the arrivals before `splitMs` and one for those from it on.
 * @throws PipelineError store_unavailable
 */
export async function readStructureTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly splitMs: number },
  limits: { readonly sourcesMax: number; readonly detailedMax: number } = {
    sourcesMax: SOURCES_MAX,
    detailedMax: DETAILED_MAX,
  },
): Promise<StructureTallies> {
  const params = {
    from: toClickhouseTime(range.fromMs),
    split: toClickhouseTime(range.splitMs),
    sources: limits.sourcesMax,
    detailed: limits.detailedMax,
  };
  const about = 'tally_structure';
  const [rows, refusals, counts] = await Promise.all([
    readRows<Row>(client, { sql: SQL, params, about }),
    readRows<RefusalRow>(client, { sql: REFUSALS_SQL, params, about: 'tally_rejection' }),
    readRows<{ Sources: string }>(client, { sql: COUNT_SQL, params, about }),
  ]);
  return {
    tallies: rows.map(tallyOf),
    refusals: refusals.map((row) => ({
      source: sourceOf(row),
      receiveStartMs: row.StartS * 1_000,
      reason: row.Reason,
      items: Number(row.Items),
    })),
    sourcesLeftOut: Math.max(0, Number(counts[0]?.Sources ?? 0) - limits.sourcesMax),
  };
}

const SINCE = `WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')}`;
const SOURCE = 'Tenant, ServiceNamespace, ServiceName, Signal';

const COUNT_SQL = `SELECT uniqExact(${SOURCE}) AS Sources FROM tally_structure ${SINCE}`;

// Bits that are no fault of the record (524288) do not make a source one with faults.
const SQL = `
WITH kept AS (
  SELECT ${SOURCE}, sumIf(Records, bitAnd(Faults, bitNot(toUInt32(524288))) != 0) AS Wrong,
    row_number() OVER (ORDER BY Wrong DESC, sum(Records) DESC, ${SOURCE}) AS Rank
  FROM tally_structure ${SINCE}
  GROUP BY ${SOURCE} ORDER BY Rank LIMIT {sources:UInt32}
)
SELECT ${SOURCE},
  toUnixTimestamp(min(ReceiveBucket)) AS StartS,
  sum(Records) AS Items, sum(Roots) AS RootSpans,
  sum(DroppedAttributes) AS Attributes, sum(DroppedEvents) AS Events, sum(DroppedLinks) AS Links,
  sumIf(Records, ServiceInstanceId = '') AS Nameless,
  uniqExact(ServiceInstanceId, ReceiveBucket) AS Batches,
  maxIf(ServiceInstanceId, bitAnd(Faults, bitNot(toUInt32(524288))) != 0) AS Faulty,
  sumMapIf(map(Faults, Records), Faults != 0) AS Merged, mapKeys(Merged) AS Bins, mapValues(Merged) AS Counts
FROM tally_structure INNER JOIN kept USING (${SOURCE})
${SINCE}
GROUP BY ${SOURCE},
  if(Wrong > 0 AND Rank <= {detailed:UInt32}, toUnixTimestamp(ReceiveBucket), toUInt32(ReceiveBucket >= {split:DateTime64(3, 'UTC')}))`;

const REFUSALS_SQL = `
SELECT ${SOURCE}, Reason,
  toUnixTimestamp(toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND)) AS StartS, sum(Items) AS Items
FROM tally_rejection WHERE ReceivedAt >= {from:DateTime64(3, 'UTC')}
GROUP BY ${SOURCE}, Reason, StartS
ORDER BY Items DESC LIMIT ${REFUSALS_MAX}`;

function sourceOf(row: SourceRow) {
  return {
    tenant: row.Tenant,
    serviceNamespace: row.ServiceNamespace,
    serviceName: row.ServiceName,
    serviceInstanceId: '',
    signal: row.Signal,
  };
}

function tallyOf(row: Row): StructureTally {
  return {
    source: sourceOf(row),
    receiveStartMs: row.StartS * 1_000,
    records: Number(row.Items),
    faults: binsOf(row),
    roots: Number(row.RootSpans),
    dropped: {
      attributes: Number(row.Attributes),
      events: Number(row.Events),
      links: Number(row.Links),
    },
    withoutInstance: Number(row.Nameless),
    batchCount: Number(row.Batches),
    faultyInstance: row.Faulty,
  };
}
