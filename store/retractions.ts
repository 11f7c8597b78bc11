import type { ClickHouseClient } from '@clickhouse/client';
import type { Retraction } from '../core/retraction.ts';
import type { Signal } from '../core/signal.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

interface RetractionRow {
  readonly Id: string;
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly Signal: Signal;
  readonly WindowStart: string;
  readonly WindowEnd: string;
  readonly ClosedAt: string;
  readonly PromisedRatio: number;
  readonly HeldItems: string;
  readonly Items: string;
}

/** Writes them over those of the same id that were found before. @throws PipelineError store_unavailable, store_refused */
export async function insertRetractions(
  client: ClickHouseClient,
  retractions: readonly Retraction[],
  foundAtMs: number,
): Promise<void> {
  const foundAt = toClickhouseTime(foundAtMs);
  await writeRows(
    client,
    'retractions',
    retractions.map((retraction) => ({ ...rowOf(retraction), FoundAt: foundAt })),
  );
}

/** Found at `sinceMs` or later, oldest window first, 1,000 at most. @throws PipelineError store_unavailable */
export async function readRetractions(client: ClickHouseClient, sinceMs: number): Promise<Retraction[]> {
  const rows = await readRows<RetractionRow>(client, {
    sql: `SELECT * EXCEPT FoundAt FROM retractions FINAL WHERE FoundAt >= {since:DateTime64(3, 'UTC')}
      ORDER BY WindowStart, Id LIMIT 1000`,
    params: { since: toClickhouseTime(sinceMs) },
    about: 'retractions',
  });
  return rows.map(retractionOf);
}

function rowOf({ source, ...retraction }: Retraction): RetractionRow {
  return {
    Id: retraction.id,
    Tenant: source.tenant,
    ServiceNamespace: source.serviceNamespace,
    ServiceName: source.serviceName,
    ServiceInstanceId: source.serviceInstanceId,
    Signal: source.signal,
    WindowStart: toClickhouseTime(retraction.startMs),
    WindowEnd: toClickhouseTime(retraction.endMs),
    ClosedAt: toClickhouseTime(retraction.closedAtMs),
    PromisedRatio: retraction.promisedRatio,
    HeldItems: String(retraction.heldItems),
    Items: String(retraction.items),
  };
}

function retractionOf(row: RetractionRow): Retraction {
  return {
    id: row.Id,
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
      signal: row.Signal,
    },
    startMs: fromClickhouseTime(row.WindowStart),
    endMs: fromClickhouseTime(row.WindowEnd),
    closedAtMs: fromClickhouseTime(row.ClosedAt),
    promisedRatio: row.PromisedRatio,
    heldItems: Number(row.HeldItems),
    items: Number(row.Items),
  };
}
