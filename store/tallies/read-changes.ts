import type { ClickHouseClient } from '@clickhouse/client';
import { mergeChanges } from '../../core/actions/merge-changes.ts';
import { recogniseChange } from '../../core/actions/recognise-change.ts';
import { serviceOfWorkload } from '../../core/actions/workload-of.ts';
import type { RecordedChange } from '../../core/system-history.ts';
import { readWrittenChanges } from '../recorded-changes.ts';
import { readActionRecords } from './read-action-records.ts';

const MINUTE_MS = 60_000;

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

/** As detectors know changes: of services by their names, by minutes since `startMs`. */
export function recordedChanges(
  changes: readonly KnownChange[],
  { startMs, serviceNames }: { readonly startMs: number; readonly serviceNames: readonly string[] },
): RecordedChange[] {
  const names = new Set(serviceNames);
  return changes.map(({ atMs, service, summary, expects }) => ({
    minute: Math.floor((atMs - startMs) / MINUTE_MS),
    service: serviceOfWorkload(service, names),
    summary,
    expects,
  }));
}
