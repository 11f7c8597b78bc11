import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { PipelineError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { News } from '../core/news.ts';
import { createFailureLog, type FailureLog } from './failure-log.ts';
import type { QueueConnection } from './queues.ts';
import type { TickMetrics } from './tick-metrics.ts';

/** Something to do every so often by one worker at a time, however many there are. */
export interface TickKind {
  readonly name: string;
  readonly everyMs: number;
  /** What may make the next tick come sooner. */
  readonly news?: News;
  run(nowMs: number): Promise<void>;
}

export interface TickDeps {
  readonly connection: QueueConnection;
  readonly metrics: TickMetrics;
  readonly log: Log;
  readonly now: () => number;
  /** How often the schedule is looked after when no tick comes; 5 s unless told. */
  readonly checkEveryMs?: number | undefined;
}

const CHECK_EVERY_MS = 5_000;
/** Part of a period in which the next job is taken up. */
const HANDOVER_RATIO = 0.02;
/** After a tick that news brought about, for so many times as long as it took there is none: it costs a third of a core at most. */
const REST_FACTOR = 2;
/** Without a tick for two minutes, or for three periods, an embedded queue is not going to recover by itself. */
const STUCK_MS_MIN = 120_000;

/**
 * Runs `kind` as a job that repeats. A tick that fails is counted and said, never retried: the next one is due
 * anyway. Ticks do not pile up: the schedule holds one job, and what comes late on the heels of another is skipped.
 * Where there may be news, a job lasts for its period and ticks when there is some, or a period after the last tick.
 * @returns how to stop looking after the schedule; the worker is closed by the connection
 */
export function startTicks(kind: TickKind, deps: TickDeps): { close(): void } {
  const { connection, metrics, checkEveryMs = CHECK_EVERY_MS } = deps;
  const queueName = `plumbline-${kind.name}`;
  const queue = connection.queue(queueName);
  const tick = createTick(kind, deps);
  const stuckMs = Math.max((STUCK_MS_MIN * checkEveryMs) / CHECK_EVERY_MS, 4 * kind.everyMs);
  const stopping = new AbortController();
  let checksWithoutTick = 0;
  connection.worker(
    queueName,
    () => {
      checksWithoutTick = 0;
      connection.failures.recovered();
      const { news } = kind;
      return news === undefined
        ? tick.runUnlessRecent()
        : tickOnNews({ ...kind, news }, tick, stopping.signal);
    },
    { concurrency: 1 },
  );
  metrics.watch(kind.name, tick.ageMs);
  const check = oneAtATime(() => keepSchedule(queue, kind, connection), connection.failures);
  check();
  const timer = setInterval(() => {
    checksWithoutTick = tick.isRunning() ? 0 : checksWithoutTick + 1;
    const withoutTickMs = checksWithoutTick * checkEveryMs;
    if (connection.backend === 'embedded' && withoutTickMs >= stuckMs) throw stuck(kind, withoutTickMs);
    if (withoutTickMs > 3 * kind.everyMs) check();
  }, checkEveryMs);
  return {
    close: () => {
      stopping.abort();
      clearInterval(timer);
    },
  };
}

/** Ticks for a period when there is news, or when a period has passed since the last tick. */
async function tickOnNews(kind: TickKind & { readonly news: News }, tick: Tick, signal: AbortSignal) {
  const { news, everyMs } = kind;
  const endMs = performance.now() + everyMs * (1 - HANDOVER_RATIO);
  for (let atMs = performance.now(); atMs < endMs && !signal.aborted; atMs = performance.now()) {
    const dueMs = tick.begunMs() + everyMs;
    if (atMs < dueMs) {
      const restMs = Math.min(tick.restedMs(), dueMs, endMs) - atMs;
      if (restMs > 0) {
        await sleep(restMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
        continue;
      }
      if (!(await news.within(Math.min(dueMs, endMs) - atMs, signal))) continue;
    }
    news.taken();
    await tick.run();
  }
}

/** Times are of `performance.now()`, which does not step, but for the age. */
interface Tick {
  run(): Promise<void>;
  /** Does nothing on the heels of another. */
  runUnlessRecent(): Promise<void>;
  isRunning(): boolean;
  /** When the last one began; minus infinity before the first. */
  begunMs(): number;
  /** Until when news waits. */
  restedMs(): number;
  /** Since the last success; null before the first. */
  ageMs(): number | null;
}

function createTick(kind: TickKind, { metrics, now, log }: TickDeps): Tick {
  const failing = `The tick ${kind.name} fails; it is tried again every ${kind.everyMs / 1_000} s.`;
  const recovered = `The tick ${kind.name} works again.`;
  const failures = createFailureLog({ failing, recovered }, { log, now });
  let begunMs = Number.NEGATIVE_INFINITY;
  let restedMs = Number.NEGATIVE_INFINITY;
  let succeededAtMs: number | null = null;
  let isRunning = false;
  const run = async () => {
    begunMs = performance.now();
    isRunning = true;
    try {
      await kind.run(now());
      succeededAtMs = now();
      failures.recovered();
    } catch (error) {
      metrics.failed(kind.name);
      failures.failed(error);
    } finally {
      isRunning = false;
      const endedMs = performance.now();
      restedMs = endedMs + REST_FACTOR * (endedMs - begunMs);
      metrics.ran(kind.name, endedMs - begunMs);
    }
  };
  return {
    run,
    runUnlessRecent: async () => {
      if (performance.now() - begunMs < kind.everyMs / 2) metrics.skipped(kind.name);
      else await run();
    },
    isRunning: () => isRunning,
    begunMs: () => begunMs,
    restedMs: () => restedMs,
    ageMs: () => (succeededAtMs === null ? null : now() - succeededAtMs),
  };
}

/** One look at a time: against a dead Redis a command waits until it is back. */
function oneAtATime(look: () => Promise<void>, failures: FailureLog): () => void {
  let isLooking = false;
  return () => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error) => failures.failed(error))
      .finally(() => {
        isLooking = false;
      });
  };
}

/**
 * Makes the schedule when it is not there, was made with another period, or has no job left to go on with: BullMQ
 * plans the next job when it hands one out, so a full disk or an emptied Redis at that moment ends it for good.
 */
async function keepSchedule(
  queue: Queue,
  { name, everyMs }: TickKind,
  { backend }: QueueConnection,
): Promise<void> {
  const scheduler = await queue.getJobScheduler(name);
  const counts = await queue.getJobCounts('active', 'waiting', 'delayed');
  const jobCount = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (scheduler?.every === everyMs && jobCount > 0) return;
  // Several workers share a Redis; in this process the worker's own concurrency is enough.
  if (backend === 'redis') await queue.setGlobalConcurrency(1);
  await queue.upsertJobScheduler(
    name,
    { every: everyMs },
    { name, opts: { removeOnComplete: true, removeOnFail: true } },
  );
}

/** Ends the process (uncaught, on purpose): opened anew, a damaged queue is set aside. */
function stuck({ name }: TickKind, withoutTickMs: number): PipelineError {
  const seconds = withoutTickMs / 1_000;
  const text = `The job queue has brought no tick ${name} for ${seconds} s; the process ends and is started again.`;
  return new PipelineError('queue_unavailable', text, { kind: name });
}
