import type { ClickHouseClient } from '@clickhouse/client';
import type { Counter, Meter } from '@opentelemetry/api';
import { type Job, UnrecoverableError } from 'bullmq';
import { type CloudEventsConfig, sendCloudEvent } from '../alerts/cloud-event.ts';
import { reportEvent } from '../alerts/report-event.ts';
import { sendWebhook } from '../alerts/webhook.ts';
import { hasCode } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Report } from '../core/report.ts';
import { type Notification, readNotifications, writeNotification } from '../store/notifications.ts';
import type { NotificationJob } from './notification-job.ts';

export interface NotifyDeps {
  readonly client: ClickHouseClient;
  readonly webhookUrl: string | undefined;
  readonly webhookSecret: string | undefined;
  readonly cloudEvents?: CloudEventsConfig | undefined;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly log: Log;
  readonly meter: Meter;
  /** Ends what is being sent, for shutdown; it is tried again in the next life. */
  readonly signal: AbortSignal;
}

/**
 * The processor of notify jobs: sends, then records what became of it. Thrown errors are tried again by the queue;
 * UnrecoverableError is not.
 */
export function createNotifier(deps: NotifyDeps): (job: Job<NotificationJob>) => Promise<void> {
  const counter = deps.meter.createCounter('plumbline.notifications', {
    description: 'Tries to tell a report, by what became of them: delivered, retry or failed',
  });
  return async (job) => {
    if (await wasDelivered(job, deps)) return;
    const detail = job.data.deliveredDetail ?? (await deliver(job, deps, counter));
    await record(job, 'delivered', detail, deps);
  };
}

/** Of two judges that queue the same one after the other the second is late; a store that is away stops nobody from being told. */
async function wasDelivered({ data }: Job<NotificationJob>, { client }: NotifyDeps): Promise<boolean> {
  const said = await readNotifications(client, { reportId: data.report.id }).catch(() => []);
  return said.some(({ id, state }) => id === data.deliveryId && state === 'delivered');
}

async function deliver(job: Job<NotificationJob>, deps: NotifyDeps, counter: Counter): Promise<string> {
  const status = await send(job, deps).catch((error) => handleFailure(job, error, deps, counter));
  counter.add(1, { state: 'delivered', channel: job.data.channel });
  const deliveredDetail = `answered ${status}`;
  await job
    .updateData({ ...job.data, deliveredDetail })
    .catch((error) =>
      deps.log.warn({ error }, 'A report was told; should its record fail, it is told twice.'),
    );
  return deliveredDetail;
}

async function send(job: Job<NotificationJob>, deps: NotifyDeps): Promise<number> {
  const { report, deliveryId } = job.data;
  if (job.data.channel === 'cloudevents') return sendEvent(report, deps);
  const { webhookUrl: url, webhookSecret: secret, fetch, now, signal } = deps;
  if (url === undefined) {
    throw new UnrecoverableError('PLUMBLINE_WEBHOOK_URL is no longer set, so the report was not sent.');
  }
  return sendWebhook({ url, secret, report, deliveryId, fetch, now, signal });
}

async function sendEvent(report: Report, { cloudEvents, signal }: NotifyDeps): Promise<number> {
  if (cloudEvents === undefined) {
    throw new UnrecoverableError('PLUMBLINE_CLOUD_EVENTS_URL is no longer set, so the event was not sent.');
  }
  return sendCloudEvent(reportEvent(report, cloudEvents.source), cloudEvents, signal);
}

async function handleFailure(
  job: Job<NotificationJob>,
  error: Error,
  deps: NotifyDeps,
  counter: Counter,
): Promise<never> {
  const { channel, report } = job.data;
  const triesLeft = (job.opts.attempts ?? 1) - job.attemptsMade - 1;
  if (hasCode(error, 'webhook_unavailable') && triesLeft > 0) {
    counter.add(1, { state: 'retry', channel });
    deps.log.warn(
      { reportId: report.id, triesLeft, reason: error.message },
      'A report could not be told yet.',
    );
    throw error;
  }
  counter.add(1, { state: 'failed', channel });
  deps.log.error({ reportId: report.id, reason: error.message }, 'A report could not be told.');
  await record(job, 'failed', error.message, deps);
  throw new UnrecoverableError(error.message);
}

async function record(
  job: Job<NotificationJob>,
  state: Notification['state'],
  detail: string,
  { client, now }: NotifyDeps,
): Promise<void> {
  const { deliveryId, report, channel } = job.data;
  const attempts = job.attemptsMade + 1;
  await writeNotification(client, {
    id: deliveryId,
    reportId: report.id,
    channel,
    state,
    attempts,
    updatedAtMs: now(),
    detail,
  });
}
