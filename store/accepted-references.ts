import type { ClickHouseClient } from '@clickhouse/client';
import type { AcceptedReference, FrozenService } from '../core/accepted-reference.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

interface ReferenceRow {
  readonly Id: string;
  readonly AcceptedAt: string;
  readonly Services: readonly string[];
  readonly Held: readonly string[];
  readonly PeriodFrom: string;
  readonly PeriodUntil: string;
  readonly AcceptedBy: string;
  readonly Reason: string;
  readonly Hash: string;
  /** Empty: it stands. */
  readonly RevokedAt: string;
  readonly RevokedBy: string;
  readonly RevokedReason: string;
}

/** Appends a reference that a person accepted. @throws PipelineError store_* */
export async function insertReference(
  client: ClickHouseClient,
  reference: AcceptedReference,
  /** Canonical JSON of the frozen numbers. */
  numbers: string,
): Promise<void> {
  await writeRows(client, 'accepted_references', [
    {
      Id: reference.id,
      AcceptedAt: toClickhouseTime(reference.acceptedAtMs),
      Services: reference.services,
      Held: reference.held,
      PeriodFrom: toClickhouseTime(reference.fromMs),
      PeriodUntil: toClickhouseTime(reference.untilMs),
      AcceptedBy: reference.acceptedBy,
      Reason: reference.reason,
      Hash: reference.hash,
      Numbers: numbers,
    },
  ]);
}

/** Appends that a person took a reference back: the first time counts. @throws PipelineError store_* */
export async function insertRevocation(
  client: ClickHouseClient,
  id: string,
  { atMs, by, reason }: NonNullable<AcceptedReference['revoked']>,
): Promise<void> {
  await writeRows(client, 'accepted_reference_ends', [
    { Id: id, RevokedAt: toClickhouseTime(atMs), RevokedBy: by, Reason: reason },
  ]);
}

/** All there ever were, the newest first; their numbers apart. @throws PipelineError store_unavailable */
export async function readReferences(client: ClickHouseClient): Promise<AcceptedReference[]> {
  const rows = await readRows<ReferenceRow>(client, {
    sql: `
SELECT r.* EXCEPT Numbers, if(e.Id = '', '', toString(e.At)) AS RevokedAt, e.By AS RevokedBy, e.Why AS RevokedReason
FROM (SELECT * FROM accepted_references FINAL) AS r
LEFT JOIN (
  SELECT Id, min(RevokedAt) AS At, argMin(RevokedBy, RevokedAt) AS By, argMin(Reason, RevokedAt) AS Why
  FROM accepted_reference_ends GROUP BY Id
) AS e ON e.Id = r.Id
ORDER BY AcceptedAt DESC, Id`,
    params: {},
    about: 'accepted_references',
  });
  return rows.map(referenceOf);
}

/** The frozen numbers of one reference; none where there is no such reference. @throws PipelineError store_unavailable */
export async function readReferenceNumbers(client: ClickHouseClient, id: string): Promise<FrozenService[]> {
  const rows = await readRows<{ Numbers: string }>(client, {
    sql: 'SELECT Numbers FROM accepted_references FINAL WHERE Id = {id:String}',
    params: { id },
    about: `accepted reference ${id}`,
  });
  return rows[0] === undefined ? [] : (JSON.parse(rows[0].Numbers) as FrozenService[]);
}

/** What was frozen of a reference for detectors. */
export interface ReferenceLevels {
  readonly edition: number;
  /** By what was asked; values are JSON. */
  readonly levels: Readonly<Record<string, unknown>>;
}

/**
 * What was frozen of the accepted minutes of services, of the newest edition there is.
 * @returns null: nothing yet, or not of all these services
 * @throws PipelineError store_unavailable
 */
export async function readReferenceLevels(
  client: ClickHouseClient,
  id: string,
  serviceNames: readonly string[],
): Promise<ReferenceLevels | null> {
  const rows = await readRows<{ Edition: number; Levels: string }>(client, {
    sql: `
SELECT Edition, Levels FROM accepted_reference_levels FINAL
WHERE Id = {id:String} AND hasAll(Services, {services:Array(String)})
ORDER BY Edition DESC, length(Services), Services LIMIT 1`,
    params: { id, services: serviceNames },
    about: `levels of reference ${id}`,
  });
  const [row] = rows;
  return row === undefined
    ? null
    : { edition: row.Edition, levels: JSON.parse(row.Levels) as ReferenceLevels['levels'] };
}

/** Keeps what was frozen; the same again replaces it. @throws PipelineError store_* */
export async function insertReferenceLevels(
  client: ClickHouseClient,
  of: { readonly id: string; readonly serviceNames: readonly string[]; readonly frozenAtMs: number },
  { edition, levels }: ReferenceLevels,
): Promise<void> {
  await writeRows(client, 'accepted_reference_levels', [
    {
      Id: of.id,
      Services: of.serviceNames,
      Edition: edition,
      FrozenAt: toClickhouseTime(of.frozenAtMs),
      Levels: JSON.stringify(levels),
    },
  ]);
}

function referenceOf(row: ReferenceRow): AcceptedReference {
  return {
    id: row.Id,
    services: row.Services,
    held: row.Held,
    fromMs: fromClickhouseTime(row.PeriodFrom),
    untilMs: fromClickhouseTime(row.PeriodUntil),
    acceptedBy: row.AcceptedBy,
    reason: row.Reason,
    acceptedAtMs: fromClickhouseTime(row.AcceptedAt),
    hash: row.Hash,
    revoked:
      row.RevokedAt === ''
        ? null
        : { atMs: fromClickhouseTime(row.RevokedAt), by: row.RevokedBy, reason: row.RevokedReason },
  };
}
