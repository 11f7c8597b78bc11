import { join } from 'node:path';
import {
  type ConnectionOptions,
  createPostgresBackend,
  createRedisBackend,
  type Processor,
  Queue,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import type { Log } from '../core/log.ts';
import { openEmbeddedPostgres } from './embedded-postgres.ts';
import { createFailureLog, type FailureLog } from './failure-log.ts';

/** Braces: on a cluster all keys of a queue must live in one slot, as BullMQ's scripts need. */
const REDIS_PREFIX = '{plumbline}';
/** Nobody reads BullMQ's events here; each would be a row or a stream entry. */
const EVENTS_MAX = 10;
const RECONNECT_MS_MAX = 5_000;
const CLOSE_WAIT_MS = 5_000;

type WorkerLimits = Pick<WorkerOptions, 'concurrency' | 'lockDuration' | 'maxStalledCount' | 'settings'>;

/** The way to jobs: the same above PGlite in this process and above Redis or Valkey. */
export interface QueueConnection {
  readonly backend: 'embedded' | 'redis';
  /** What goes wrong below (connection, disk) is said here; whoever gets a job calls `recovered`. */
  readonly failures: FailureLog;
  queue(name: string): Queue;
  worker(name: string, processor: Processor, limits?: WorkerLimits): Worker;
  /** Lets running jobs end, at most 5 s; then closes everything that came from this connection. */
  close(): Promise<void>;
}

interface Backend {
  readonly kind: QueueConnection['backend'];
  readonly connection: ConnectionOptions;
  readonly factory: typeof createRedisBackend;
  readonly isUp: () => boolean;
  close(): Promise<void>;
}

/**
 * Opens the queue: Redis with a URL, else PGlite at `<dataDir>/queue`. A Redis that does not answer is no error
 * here: jobs pause, the log says so, and they go on when it answers.
 * @throws PipelineError queue_unavailable, disk_full when the embedded queue cannot be made
 */
export async function connectQueues(options: {
  readonly redisUrl?: string | undefined;
  readonly dataDir: string;
  readonly log: Log;
  readonly now: () => number;
}): Promise<QueueConnection> {
  const { redisUrl } = options;
  const failures = createFailureLog(
    redisUrl === undefined
      ? {
          failing: 'The job queue fails; jobs pause until it works.',
          recovered: 'The job queue works again.',
        }
      : {
          failing: 'Redis does not answer; jobs pause until it does. Check REDIS_URL and that it runs.',
          recovered: 'Redis answers again; jobs go on.',
        },
    options,
  );
  const backend = redisUrl === undefined ? await embeddedBackend(options) : redisBackend(redisUrl, failures);
  return connectionOn(backend, failures);
}

function connectionOn(
  { kind, connection, factory, isUp, close }: Backend,
  failures: FailureLog,
): QueueConnection {
  const parts: (Queue | Worker)[] = [];
  const options = { connection, prefix: REDIS_PREFIX };
  return {
    backend: kind,
    failures,
    queue: (name) => {
      const queue = new Queue(name, { ...options, streams: { events: { maxLen: EVENTS_MAX } } }, factory);
      queue.on('error', (error) => failures.failed(error));
      parts.push(queue);
      return queue;
    },
    worker: (name, processor, limits = {}) => {
      const worker = new Worker(name, processor, { ...options, ...WORKER_DEFAULTS, ...limits }, factory);
      worker.on('error', (error) => failures.failed(error));
      parts.push(worker);
      return worker;
    },
    close: async () => {
      const closing = parts.reverse().map((part) => part.close().catch(() => {}));
      // Against a dead Redis it waits for an answer that does not come.
      if (isUp())
        await Promise.race([
          Promise.all(closing),
          new Promise((done) => setTimeout(done, CLOSE_WAIT_MS).unref()),
        ]);
      await close();
    },
  };
}

const WORKER_DEFAULTS = {
  // After a failed command; BullMQ's own 15 s would be 15 missed ticks.
  runRetryDelay: 1_000,
  // How long a job of a killed process stays taken, at most these two together.
  lockDuration: 10_000,
  stalledInterval: 10_000,
  // An idle worker is woken by a notification; this is only how often it looks without one.
  drainDelay: 30,
};

async function embeddedBackend(options: {
  readonly dataDir: string;
  readonly log: Log;
  readonly now: () => number;
}): Promise<Backend> {
  const postgres = await openEmbeddedPostgres(join(options.dataDir, 'queue'), options);
  return {
    kind: 'embedded',
    // Queue and Worker are typed for Redis unless a backend is named in every type; both are used alike here.
    connection: postgres.pool as unknown as ConnectionOptions,
    factory: createPostgresBackend as unknown as typeof createRedisBackend,
    isUp: () => true,
    close: () => postgres.close(),
  };
}

function redisBackend(redisUrl: string, failures: FailureLog): Backend {
  // ioredis knows Redis' scheme names only.
  const redis = new Redis(redisUrl.replace(/^valkey(s?):/, 'redis$1:'), {
    maxRetriesPerRequest: null, // commands wait for the connection; BullMQ's workers need it so
    retryStrategy: (attempt) => Math.min(RECONNECT_MS_MAX, 100 * 2 ** Math.min(attempt, 10)),
  });
  redis.on('error', (error: Error) => failures.failed(error));
  return {
    kind: 'redis',
    connection: redis as unknown as ConnectionOptions,
    factory: createRedisBackend,
    isUp: () => redis.status === 'ready',
    close: async () => redis.disconnect(),
  };
}
