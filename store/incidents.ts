import type { ClickHouseClient } from '@clickhouse/client';
import type { Incident } from '../core/incident.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

interface IncidentRow {
  readonly Id: string;
  readonly Service: string;
  readonly Reason: string;
  readonly OpenedAt: string;
  readonly OpenedBy: string;
  readonly ClosedAt: string | null;
  readonly ClosedBy: string;
  readonly CloseReason: string;
}

const INCIDENTS_MAX = 1_000;

/** Writes an incident as it is now, over what was written before. @throws PipelineError store_* */
export async function writeIncident(client: ClickHouseClient, incident: Incident): Promise<void> {
  const { id, service, reason, openedAtMs, openedBy, closed } = incident;
  await writeRows(client, 'incidents', [
    {
      Id: id,
      Service: service ?? '',
      Reason: reason,
      OpenedAt: toClickhouseTime(openedAtMs),
      OpenedBy: openedBy,
      ClosedAt: closed === null ? null : toClickhouseTime(closed.atMs),
      ClosedBy: closed?.by ?? '',
      CloseReason: closed?.reason ?? '',
      Version: closed === null ? 1 : 2,
    },
  ]);
}

/** Newest first, 1,000 at most; all, or those that are open. @throws PipelineError store_unavailable */
export async function readIncidents(
  client: ClickHouseClient,
  { isOpen }: { isOpen: boolean },
): Promise<Incident[]> {
  const rows = await readRows<IncidentRow>(client, {
    sql: `SELECT * EXCEPT Version FROM incidents FINAL
      WHERE {open:UInt8} = 0 OR ClosedAt IS NULL ORDER BY OpenedAt DESC, Id LIMIT {limit:UInt32}`,
    params: { open: isOpen ? 1 : 0, limit: INCIDENTS_MAX },
    about: 'incidents',
  });
  return rows.map(incidentOf);
}

export async function readIncident(client: ClickHouseClient, id: string): Promise<Incident | null> {
  const rows = await readRows<IncidentRow>(client, {
    sql: 'SELECT * EXCEPT Version FROM incidents FINAL WHERE Id = {id:String}',
    params: { id },
    about: `incident ${id}`,
  });
  return rows[0] === undefined ? null : incidentOf(rows[0]);
}

function incidentOf(row: IncidentRow): Incident {
  return {
    id: row.Id,
    service: row.Service === '' ? null : row.Service,
    reason: row.Reason,
    openedAtMs: fromClickhouseTime(row.OpenedAt),
    openedBy: row.OpenedBy,
    closed:
      row.ClosedAt === null
        ? null
        : { atMs: fromClickhouseTime(row.ClosedAt), by: row.ClosedBy, reason: row.CloseReason },
  };
}
