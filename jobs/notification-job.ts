import type { Job, Queue } from 'bullmq';
import type { Channel } from '../alerts/tell.ts';
import type { Report } from '../core/report.ts';

/** What a notify job carries; its id is the delivery id, so the same telling is queued once. */
export interface NotificationJob {
  readonly deliveryId: string;
  readonly channel: Channel;
  readonly report: Report;
  /** Set once the receiver took it: only the record is missing then, and it must not be sent again. */
  readonly deliveredDetail?: string | undefined;
}

export const NOTIFY_QUEUE = 'plumbline-notify';
/** With delays of 5, 10, 20 ... 320 s a receiver may be away for ten minutes. */
export const NOTIFY_ATTEMPTS = 8;
const FIRST_DELAY_MS = 5_000;

export async function addNotification(
  queue: Queue,
  job: NotificationJob,
  firstDelayMs: number = FIRST_DELAY_MS,
): Promise<Job> {
  return queue.add('notify', job, {
    jobId: job.deliveryId,
    attempts: NOTIFY_ATTEMPTS,
    // Half of each delay is chance: reports that failed together do not come back together.
    backoff: { type: 'exponential', delay: firstDelayMs, jitter: 0.5 },
    removeOnComplete: true,
    removeOnFail: true,
  });
}
