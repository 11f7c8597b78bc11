import type { ClickHouseClient } from '@clickhouse/client';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

/** A change that a person wrote down. */
export interface WrittenChange {
  readonly id: string;
  readonly atMs: number;
  readonly service: string;
  readonly summary: string;
  readonly expects: string | null;
  readonly recordedBy: string;
  readonly recordedAtMs: number;
}

interface Row {
  readonly Id: string;
  readonly At: string;
  readonly Service: string;
  readonly Summary: string;
  readonly Expects: string;
  readonly RecordedBy: string;
  readonly RecordedAt: string;
}

/** Appends a change; the same one twice stays one. @throws PipelineError store_* */
export async function insertChange(client: ClickHouseClient, change: WrittenChange): Promise<void> {
  await writeRows(client, 'recorded_changes', [
    {
      Id: change.id,
      At: toClickhouseTime(change.atMs),
      Service: change.service,
      Summary: change.summary,
      Expects: change.expects ?? '',
      RecordedBy: change.recordedBy,
      RecordedAt: toClickhouseTime(change.recordedAtMs),
    },
  ]);
}

/** Those made in [fromMs, untilMs), in order of time. @throws PipelineError store_unavailable */
export async function readWrittenChanges(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<WrittenChange[]> {
  const rows = await readRows<Row>(client, {
    sql: `SELECT * FROM recorded_changes FINAL
      WHERE At >= {from:DateTime64(3, 'UTC')} AND At < {until:DateTime64(3, 'UTC')} ORDER BY At, Id`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'recorded_changes',
  });
  return rows.map((row) => ({
    id: row.Id,
    atMs: fromClickhouseTime(row.At),
    service: row.Service,
    summary: row.Summary,
    expects: row.Expects || null,
    recordedBy: row.RecordedBy,
    recordedAtMs: fromClickhouseTime(row.RecordedAt),
  }));
}
