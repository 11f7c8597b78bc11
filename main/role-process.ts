import type { Meter, Tracer } from '@opentelemetry/api';
import { FAILURES, type FailureCode, PipelineError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { News } from '../core/news.ts';
import type { Config } from './config.ts';
import { createLog } from './create-log.ts';
import { takeRole } from './data-dir.ts';
import { localUrl } from './local-url.ts';
import { answerAllMetrics } from './metrics-exchange.ts';
import type { FromRole, NewsOf, RoleStart, ToRole } from './role-message.ts';
import type { Role } from './settings.ts';
import { startTelemetry, type Telemetry } from './telemetry.ts';
import { yieldToCallers } from './yield-to-callers.ts';

/** An older process of the same role needs at most this long to notice that its supervisor is gone. */
const OLDER_PROCESS_WAIT_MS = 20_000;

export interface RoleDeps {
  readonly now: () => number;
  readonly log: Log;
  readonly meter: Meter;
  readonly tracer: Tracer;
  /** Of other roles that the same supervisor started. */
  readonly news: Readonly<Record<NewsOf, News>>;
  /** To those. */
  readonly tellNews: (of: NewsOf) => void;
}

interface Running {
  close(): Promise<void>;
}

/** A supervisor that is gone is noticed by 'disconnect'; the failed send itself needs no handling. */
function tell(message: FromRole, sent: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, sent);
}

/** Failures of the operating system that a person can do something about, in our words. */
const OS_FAILURES: Readonly<Record<string, { code: FailureCode; todo: string }>> = {
  EADDRINUSE: { code: 'port_taken', todo: 'stop what listens there, or set another port' },
  ENOSPC: { code: 'disk_full', todo: 'free some space on the disk of the data directory' },
  EDQUOT: { code: 'disk_full', todo: 'raise the quota of the data directory' },
  EACCES: { code: 'data_dir_unwritable', todo: 'give this user the permission' },
  EROFS: { code: 'data_dir_unwritable', todo: 'mount it writable, or set PLUMBLINE_DATA_DIR' },
};

/** Our own error as it is, a known one of the system in our words, null for what nobody foresaw. */
function asPipelineError(error: unknown): PipelineError | null {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && code in FAILURES) return error as PipelineError;
  const known = OS_FAILURES[code ?? ''];
  return known === undefined ? null : new PipelineError(known.code, `${message}: ${known.todo}.`, {}, error);
}

function fail(role: Role, log: Log, error: unknown): void {
  const known = asPipelineError(error);
  if (known === null) {
    log.error({ error }, `The ${role} process ends: an error nobody foresaw.`);
    process.exit(1);
  }
  const { code, message, facts } = known;
  tell({ kind: 'failed', code, message, facts }, () => process.exit(FAILURES[code].exitCode));
}

function ownEndpoint(config: Config): string | null {
  if (config.otelSdkDisabled || !config.roles.includes('ingest')) return null;
  return localUrl(config.host, config.otlpHttpPort);
}

/**
 * The life of one role's process: modules load while the store starts, `start` arrives by message, `stop`
 * drains, and the end of the supervisor (also by SIGKILL) ends it at once: what was acknowledged is on disk.
 */
export function runRole(role: Role, start: (config: Config, deps: RoleDeps) => Promise<Running>): void {
  if (process.send === undefined) {
    console.error(
      `plumbline: the ${role} role is started by "plumbline serve" with PLUMBLINE_ROLES=${role}.`,
    );
    process.exit(2);
  }
  yieldToCallers(role);
  const news = { stored: new News(), judged: new News() };
  let log = createLog(role, 'info');
  let telemetry: Telemetry | null = null;
  let running: Promise<Running> | null = null;

  const begin = async ({ config, instanceId }: RoleStart): Promise<Running> => {
    log = createLog(role, config.logLevel);
    takeRole({ dataDir: config.dataDir, role, waitMs: OLDER_PROCESS_WAIT_MS });
    telemetry = startTelemetry({
      role,
      instanceId,
      endpoint: ownEndpoint(config),
      key: config.keys[0] ?? null,
      log,
    });
    const { meter, tracer } = telemetry;
    const tellNews = (of: NewsOf) => tell({ kind: 'news', of });
    return await start(config, { now: Date.now, log, meter, tracer, news, tellNews });
  };
  const stop = async (): Promise<void> => {
    telemetry?.close();
    await (await running)?.close();
  };

  process.on('message', (message: ToRole) => {
    if (message.kind === 'start') {
      running = begin(message.start);
      running.then(
        () => tell({ kind: 'ready' }),
        (error) => fail(role, log, error),
      );
    } else if (message.kind === 'stop') {
      stop().then(
        () => process.exit(0),
        (error) => fail(role, log, error),
      );
    } else if (message.kind === 'metrics-wanted') {
      const { id } = message;
      telemetry?.prometheusText().then(
        (text) => tell({ kind: 'metrics', id, text }),
        () => {},
      );
    } else if (message.kind === 'news') {
      news[message.of].tell();
    } else {
      answerAllMetrics(message);
    }
  });
  // Not exit(): the engine then waits for its threads, and the next start for them.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('uncaughtException', (error) => fail(role, log, error));
  // A terminal's Ctrl-C reaches the whole group: the supervisor decides who stops when.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
}
