import type { ClickHouseClient } from '@clickhouse/client';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

const NOTIFICATIONS_MAX = 1_000;

/** What became of telling one report to one channel. */
export interface Notification {
  readonly id: string;
  readonly reportId: string;
  readonly channel: string;
  readonly state: 'delivered' | 'failed';
  readonly attempts: number;
  readonly updatedAtMs: number;
  readonly detail: string;
}

interface NotificationRow {
  readonly Id: string;
  readonly ReportId: string;
  readonly Channel: string;
  readonly State: Notification['state'];
  readonly Attempts: number;
  readonly UpdatedAt: string;
  readonly Detail: string;
}

/** Writes a notification over the one of the same id, if it is newer. @throws PipelineError store_* */
export async function writeNotification(client: ClickHouseClient, notification: Notification): Promise<void> {
  const row: NotificationRow = {
    Id: notification.id,
    ReportId: notification.reportId,
    Channel: notification.channel,
    State: notification.state,
    Attempts: notification.attempts,
    UpdatedAt: toClickhouseTime(notification.updatedAtMs),
    Detail: notification.detail,
  };
  await writeRows(client, 'notifications', [{ ...row }]);
}

/** Newest first, 1,000 at most unless told. @throws PipelineError store_unavailable */
export async function readNotifications(
  client: ClickHouseClient,
  filter: { reportId?: string | undefined; limit?: number | undefined } = {},
): Promise<Notification[]> {
  const rows = await readRows<NotificationRow>(client, {
    sql: `SELECT * FROM notifications FINAL WHERE {reportId:String} IN ('', ReportId)
      ORDER BY UpdatedAt DESC, Id LIMIT {limit:UInt32}`,
    params: { reportId: filter.reportId ?? '', limit: filter.limit ?? NOTIFICATIONS_MAX },
    about: 'notifications',
  });
  return rows.map((row) => ({
    id: row.Id,
    reportId: row.ReportId,
    channel: row.Channel,
    state: row.State,
    attempts: row.Attempts,
    updatedAtMs: fromClickhouseTime(row.UpdatedAt),
    detail: row.Detail,
  }));
}
