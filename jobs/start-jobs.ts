import type { ClickHouseClient } from '@clickhouse/client';
import type { Meter } from '@opentelemetry/api';
import type { CloudEventsConfig } from '../alerts/cloud-event.ts';
import type { Finding } from '../core/finding.ts';
import type { Log } from '../core/log.ts';
import type { News } from '../core/news.ts';
import type { Addressed, ToldSubject } from '../core/oncall.ts';
import type { Source } from '../core/source.ts';
import type { Dimension, Verdict } from '../core/verdict.ts';
import { NOTIFY_ATTEMPTS, NOTIFY_QUEUE } from './notification-job.ts';
import { createNotifier } from './notify.ts';
import { connectQueues } from './queues.ts';
import { createTeller } from './tell.ts';
import { createTickMetrics } from './tick-metrics.ts';
import { startTicks, type TickKind } from './ticks.ts';

export interface JobsConfig {
  readonly dataDir: string;
  readonly redisUrl?: string | undefined;
  readonly webhookUrl?: string | undefined;
  readonly webhookSecret?: string | undefined;
  readonly cloudEvents?: CloudEventsConfig | undefined;
}

export interface JobsDeps {
  readonly client: ClickHouseClient;
  readonly now: () => number;
  readonly log: Log;
  readonly meter: Meter;
  /** Told when rows were stored nearby: the judge then looks at once, and not only every second. */
  readonly storedNews?: News | undefined;
  /** Verdicts were written. */
  readonly onJudged?: () => void;
  /** First delay of a notification's retries; a test cannot wait as long as a receiver's restart takes. */
  readonly notifyDelayMs?: number | undefined;
}

/** What the ticks do; each is called by one worker at a time. */
export interface Judgement {
  judge(nowMs: number): Promise<readonly Verdict[]>;
  /** Matches spans with those they name. */
  settle(nowMs: number): Promise<void>;
  /** Sends a span to ourselves and waits until it can be read; null where there is no receiver here. */
  canary: (() => Promise<void>) | null;
  detect(nowMs: number): Promise<readonly Finding[]>;
  /** Holds services against the references that people accepted. */
  detectDrift(nowMs: number): Promise<readonly Finding[]>;
  /** `set/id` of what people wrote about this source and dimension; null where defaults hold. */
  constraintFor(subject: { source: Source; dimension: Dimension }): string | null;
  /** Who is on call for a report, and what they are told at once. */
  oncallOf(subject: ToldSubject): Addressed | null;
  digestMinuteOf(oncall: string): number;
}

/** Promise of the design: from arrival to verdict within 2 s, of which the writer takes up to one. */
const JUDGE_EVERY_MS = 1_000;
/** Parents are waited for half a minute: two seconds more decide nothing. */
const SETTLE_EVERY_MS = 2_000;
/** States that last for hours: five seconds are soon enough, and its queries are the widest. */
/** Weeks of minutes are read for it, and drift takes hours to show. */
const DETECT_DRIFT_EVERY_MS = 300_000;
const DETECT_EVERY_MS = 5_000;
/** A digest is due at a minute of the day. */
const DIGEST_EVERY_MS = 60_000;
/** Seventeen thousand spans a day, and a lag known within minutes of a start. */
const CANARY_EVERY_MS = 5_000;
/** A webhook that needs its full 10 s must not keep the reports of others waiting. */
const NOTIFY_CONCURRENCY = 4;

/**
 * Opens the queue and starts the ticks and the worker of notifications. Ready when they are scheduled to start: a
 * Redis that is away only delays them.
 * @throws PipelineError queue_unavailable, disk_full when the embedded queue cannot be made
 */
export async function startJobs(
  config: JobsConfig,
  judgement: Judgement,
  deps: JobsDeps,
): Promise<{ close(): Promise<void> }> {
  const { client, log, meter, now } = deps;
  const { dataDir, webhookUrl, webhookSecret, cloudEvents } = config;
  const connection = await connectQueues({ redisUrl: config.redisUrl, dataDir, log, now });
  const notifyQueue = connection.queue(NOTIFY_QUEUE);
  const stopping = new AbortController();
  const { signal } = stopping;
  const notifier = createNotifier({
    client,
    webhookUrl,
    webhookSecret,
    cloudEvents,
    fetch,
    now,
    log,
    meter,
    signal,
  });
  connection.worker(NOTIFY_QUEUE, notifier, {
    concurrency: NOTIFY_CONCURRENCY,
    // A process that is killed again and again must not use up the tries of a report.
    maxStalledCount: NOTIFY_ATTEMPTS,
  });
  const teller = createTeller({
    client,
    notifyQueue,
    dataDir,
    webhookUrl,
    cloudEvents,
    log,
    constraintFor: judgement.constraintFor,
    oncallOf: judgement.oncallOf,
    digestMinuteOf: judgement.digestMinuteOf,
    notifyDelayMs: deps.notifyDelayMs,
  });
  const kinds: TickKind[] = [
    {
      name: 'judge',
      everyMs: JUDGE_EVERY_MS,
      ...(deps.storedNews === undefined ? {} : { news: deps.storedNews }),
      run: async (nowMs) => {
        const verdicts = await judgement.judge(nowMs);
        deps.onJudged?.();
        await teller.tellVerdicts(verdicts, nowMs);
      },
    },
    { name: 'settle', everyMs: SETTLE_EVERY_MS, run: (nowMs) => judgement.settle(nowMs) },
    {
      name: 'detect',
      everyMs: DETECT_EVERY_MS,
      run: async (nowMs) => teller.tellFindings(await judgement.detect(nowMs), nowMs),
    },
    {
      name: 'detect-drift',
      everyMs: DETECT_DRIFT_EVERY_MS,
      run: async (nowMs) => teller.tellFindings(await judgement.detectDrift(nowMs), nowMs),
    },
    { name: 'digest', everyMs: DIGEST_EVERY_MS, run: (nowMs) => teller.tellDigests(nowMs) },
  ];
  const { canary } = judgement;
  if (canary !== null) kinds.push({ name: 'canary', everyMs: CANARY_EVERY_MS, run: canary });
  const metrics = createTickMetrics(meter);
  const ticks = kinds.map((kind) => startTicks(kind, { connection, metrics, log, now }));
  return {
    close: async () => {
      stopping.abort();
      for (const tick of ticks) tick.close();
      await connection.close();
    },
  };
}
