import type { ClickHouseClient } from '@clickhouse/client';
import type { Report } from '../core/report.ts';
import { rfc3339 } from '../core/time.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

interface ReportRow {
  readonly Id: string;
  readonly SubjectId: string;
  readonly State: Report['state'];
  readonly OpenedAt: string;
  readonly UpdatedAt: string;
  readonly ClosedAt: string | null;
  readonly Headline: string;
  readonly Markdown: string;
  readonly Facts: string;
}

/** Writes a report over the one of the same id, if its `updatedAt` is newer. @throws PipelineError store_* */
export async function writeReport(client: ClickHouseClient, report: Report): Promise<void> {
  const row: ReportRow = {
    Id: report.id,
    SubjectId: report.subjectId,
    State: report.state,
    OpenedAt: columnTime(report.openedAt),
    UpdatedAt: columnTime(report.updatedAt),
    ClosedAt: report.closedAt === null ? null : columnTime(report.closedAt),
    Headline: report.headline,
    Markdown: report.markdown,
    Facts: JSON.stringify(report.facts),
  };
  await writeRows(client, 'reports', [{ ...row }]);
}

/** By its own id, or the newest one about a subject or finding by that one's id. @throws PipelineError store_unavailable */
export async function readReport(client: ClickHouseClient, id: string): Promise<Report | null> {
  const rows = await readRows<ReportRow>(client, {
    sql: `SELECT * FROM reports FINAL WHERE {id:String} IN (Id, SubjectId, JSONExtractString(Facts, 'findingId'))
      OR has(JSONExtract(Facts, 'otherFindingIds', 'Array(String)'), {id:String})
      ORDER BY Id = {id:String} DESC, UpdatedAt DESC LIMIT 1`,
    params: { id },
    about: `report ${id}`,
  });
  return rows[0] === undefined ? null : reportOf(rows[0]);
}

/** Newest change first. @throws PipelineError store_unavailable */
export async function readReports(
  client: ClickHouseClient,
  filter: { limit: number; state?: Report['state'] | undefined },
): Promise<Report[]> {
  const rows = await readRows<ReportRow>(client, {
    sql: `SELECT * FROM reports FINAL WHERE {state:String} IN ('', State)
      ORDER BY UpdatedAt DESC, Id LIMIT {limit:UInt32}`,
    params: { state: filter.state ?? '', limit: filter.limit },
    about: 'reports',
  });
  return rows.map(reportOf);
}

function reportOf(row: ReportRow): Report {
  return {
    id: row.Id,
    subjectId: row.SubjectId,
    state: row.State,
    openedAt: rfc3339(fromClickhouseTime(row.OpenedAt)),
    updatedAt: rfc3339(fromClickhouseTime(row.UpdatedAt)),
    closedAt: row.ClosedAt === null ? null : rfc3339(fromClickhouseTime(row.ClosedAt)),
    headline: row.Headline,
    markdown: row.Markdown,
    facts: JSON.parse(row.Facts) as Record<string, unknown>,
  };
}

function columnTime(rfc3339Time: string): string {
  return toClickhouseTime(Date.parse(rfc3339Time));
}
