import type { Log } from '../core/log.ts';
import { assertPortsFree } from './assert-ports-free.ts';
import { type Config, readConfig } from './config.ts';
import { createLog } from './create-log.ts';
import { readOrCreateInstanceId, removeServing, takeDataDir, writeServing } from './data-dir.ts';
import { withFreePorts } from './free-ports.ts';
import { prepareStore } from './prepare-store.ts';
import { readyText } from './ready-text.ts';
import { roleScripts } from './role-scripts.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

/** npm and a terminal may both deliver one Ctrl-C; only a later signal means "at once". */
const SECOND_SIGNAL_AFTER_MS = 1_000;

export interface Serving {
  readonly config: Config;
  /** How long each role took to start, in milliseconds. */
  readonly tookMs: ReadonlyMap<string, number>;
  /** Drains within 15 s and gives the data directory back. */
  stop(): Promise<void>;
}

/**
 * Starts every configured role and resolves when all are ready; signals end it, after `beforeStop`.
 * @throws PipelineError with a sentence for people when the start is not possible; everything is stopped then
 */
export async function startServing(
  given: Config,
  { env, log, beforeStop }: { env: NodeJS.ProcessEnv; log: Log; beforeStop?: () => Promise<void> },
): Promise<Serving> {
  const lock = takeDataDir(given.dataDir);
  const config = await withFreePorts(given);
  await assertPortsFree(config);
  const { otlpGrpcPort, otlpHttpPort, apiPort, clickhousePort, kedaPort } = config;
  writeServing(config.dataDir, {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    ports: { otlpGrpcPort, otlpHttpPort, apiPort, clickhousePort, kedaPort },
  });
  const supervisor: Supervisor = createSupervisor({ scripts: roleScripts(config, env), log, now: Date.now });
  const preparing = new AbortController();
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    preparing.abort();
    stopped ??= (async () => {
      await beforeStop?.();
      await supervisor.stop();
      removeServing(config.dataDir);
      lock.release();
    })();
    return stopped;
  };
  stopOnSignals(stop);
  try {
    const tookMs = await supervisor.start(
      { config, instanceId: readOrCreateInstanceId(config.dataDir) },
      () => prepareStore(config, log, preparing.signal),
    );
    return { config, tookMs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function stopOnSignals(stop: () => Promise<void>): void {
  let firstAtMs: number | null = null;
  const onSignal = (): void => {
    if (firstAtMs === null) {
      firstAtMs = Date.now();
      stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    } else if (Date.now() - firstAtMs > SECOND_SIGNAL_AFTER_MS) process.exit(1);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, onSignal);
}

/** `plumbline serve`: in the foreground until a signal ends it. */
export async function serve(env: NodeJS.ProcessEnv, folder: string): Promise<void> {
  const startedAtMs = performance.now();
  const config = readConfig(env, folder);
  const log = createLog('supervisor', config.logLevel);
  const serving = await startServing(config, { env, log });
  const readyAfterMs = Math.round(performance.now() - startedAtMs);
  process.stdout.write(readyText(serving, readyAfterMs));
}
