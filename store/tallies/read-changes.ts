import type { ClickHouseClient } from '@clickhouse/client';
import { mergeChanges } from '../../core/actions/merge-changes.ts';
import { recogniseChange } from '../../core/actions/recognise-change.ts';
import { readWrittenChanges } from '../recorded-changes.ts';
import { readActionRecords } from './read-action-records.ts';

/** A change of people, wherever they recorded it. */
export interface KnownChange {
  readonly atMs: number;
  readonly service: string;
  readonly summary: string;
  readonly expects: string | null;
  /** null: it came as telemetry. */
  readonly written: { readonly id: string; readonly by: string; readonly atMs: number } | null;
}

/**
 * Changes that people made in [fromMs, untilMs), as telemetry and as they wrote them down; in order of time.
 * @param records to read them from, where they were read already
 * @throws PipelineError store_unavailable
 */
export async function readChanges(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
  records?: Awaited<ReturnType<typeof readActionRecords>>['records'],
): Promise<KnownChange[]> {
  const told = records ?? (await readActionRecords(client, range)).records;
  const written = await readWrittenChanges(client, range);
  const changes = [
    ...mergeChanges(told.flatMap((record) => recogniseChange(record) ?? [])).map(
      ({ timeMs, service, summary, expects }): KnownChange => ({
        atMs: timeMs,
        service,
        summary,
        expects,
        written: null,
      }),
    ),
    ...written.map(
      ({ id, atMs, service, summary, expects, recordedBy, recordedAtMs }): KnownChange => ({
        atMs,
        service,
        summary,
        expects,
        written: { id, by: recordedBy, atMs: recordedAtMs },
      }),
    ),
  ];
  return changes.sort((a, b) => a.atMs - b.atMs);
}
