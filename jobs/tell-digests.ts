import type { ClickHouseClient } from '@clickhouse/client';
import type { Queue } from 'bullmq';
import { digestReport, digestSubjectId } from '../alerts/digest.ts';
import { reportId } from '../alerts/report-id.ts';
import { deliveryId } from '../alerts/tell.ts';
import type { ToldNews } from '../core/told-news.ts';
import { readReport, writeReport } from '../store/reports.ts';
import { readUndigested, writeToldNews } from '../store/told-news.ts';
import { addNotification } from './notification-job.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export interface DigestDeps {
  readonly client: ClickHouseClient;
  readonly notifyQueue: Queue;
  readonly digestMinuteOf: (oncall: string) => number;
  readonly notifyDelayMs?: number | undefined;
}

/**
 * Sends each person the digest that is due, once a day and only where there is something to tell. Lines are first marked
 * with their digest, then sent, then the digest is written as a report: whoever ends in between leaves what the next one
 * sends as it was, and a line that comes too late is in the next digest.
 * @throws PipelineError store_*; the next call goes on
 */
export async function tellDigests(deps: DigestDeps, nowMs: number): Promise<void> {
  const waiting = await readUndigested(deps.client);
  for (const [oncall, news] of Map.groupBy(waiting, (one) => one.oncall)) {
    const marked = news.filter(({ digestId }) => digestId !== '');
    for (const [digestId, its] of Map.groupBy(marked, (one) => one.digestId)) {
      await send(its, { oncall, dueMs: dueOf(digestId) }, deps);
    }
    if (marked.length > 0) continue;
    await sendDue(news, oncall, deps, nowMs);
  }
}

async function sendDue(news: readonly ToldNews[], oncall: string, deps: DigestDeps, nowMs: number) {
  const dueMs = lastDueMs(deps.digestMinuteOf(oncall), nowMs);
  const due = news.filter(({ atMs }) => atMs <= dueMs);
  if (due.length === 0) return;
  const id = reportId(digestSubjectId(oncall, dueMs));
  if ((await readReport(deps.client, id)) !== null) return;
  const marked = due.map((one) => ({ ...one, digestId: `${id}.${dueMs}` }));
  await writeToldNews(deps.client, marked, 'inDigest');
  await send(marked, { oncall, dueMs }, deps);
}

async function send(
  news: readonly ToldNews[],
  of: { oncall: string; dueMs: number },
  { client, notifyQueue, notifyDelayMs }: DigestDeps,
): Promise<void> {
  const report = digestReport(news, of);
  const job = {
    deliveryId: deliveryId({ news: 'opened', report }, 'webhook'),
    channel: 'webhook',
    report,
  } as const;
  await addNotification(notifyQueue, job, notifyDelayMs);
  await writeReport(client, report);
}

function lastDueMs(digestMinute: number, nowMs: number): number {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS + digestMinute * MINUTE_MS;
  return today <= nowMs ? today : today - DAY_MS;
}

/** `<report id>.<due>` */
function dueOf(digestId: string): number {
  return Number(digestId.split('.').at(-1));
}
