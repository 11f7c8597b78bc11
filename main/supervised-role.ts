import { type ChildProcess, fork } from 'node:child_process';
import { FAILURES, PipelineError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { backOffMs } from './back-off.ts';
import type { FromRole, NewsOf, RoleStart, ToRole } from './role-message.ts';

/** A role that ran this long is healthy again: its next crash starts with the shortest delay. */
const HEALTHY_AFTER_MS = 30_000;
/** Other ends before the first success; then the start as a whole has failed. */
const FIRST_START_TRIES = 3;

type Failure = Extract<FromRole, { kind: 'failed' }>;

export interface RoleScript {
  readonly role: string;
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** Options of Node and V8. */
  readonly execArgv: readonly string[];
}

/**
 * One role's process, forked again when it ends unasked. Its modules load from the first fork on; it begins
 * its work when `begin` is called, and after every later fork at once.
 */
export class SupervisedRole {
  readonly role: string;
  /** Ends of the process that nobody asked for. */
  restartCount = 0;
  isReady = false;
  readonly #script: RoleScript;
  readonly #log: Log;
  readonly #onNews: (of: NewsOf) => void;
  readonly #onAllMetricsWanted: (reply: (text: string) => void) => void;
  readonly #first = Promise.withResolvers<void>();
  readonly #metricsWaiting = new Map<number, (text: string) => void>();
  #lastMetricsId = 0;
  #child: ChildProcess;
  #start: RoleStart | null = null;
  #stopping = false;
  #hasBeenReady = false;
  #failure: Failure | null = null;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    script: RoleScript;
    log: Log;
    onNews: (of: NewsOf) => void;
    onAllMetricsWanted: (reply: (text: string) => void) => void;
  }) {
    this.role = options.script.role;
    this.#script = options.script;
    this.#log = options.log;
    this.#onNews = options.onNews;
    this.#onAllMetricsWanted = options.onAllMetricsWanted;
    this.#first.promise.catch(() => {}); // who began the role awaits it; a stop may come before
    this.#child = this.#fork();
  }

  /**
   * Resolves when the role is ready for the first time.
   * @throws PipelineError when the role says why it cannot start, or ends three times without saying
   */
  begin(start: RoleStart): Promise<void> {
    this.#start = start;
    this.#send({ kind: 'start', start });
    return this.#first.promise;
  }

  tellNews(of: NewsOf): void {
    this.#send({ kind: 'news', of });
  }

  /** The role's metrics as text; null when it is not ready or does not answer in time. */
  metrics(timeoutMs: number): Promise<string | null> {
    if (!this.isReady) return Promise.resolve(null);
    const id = ++this.#lastMetricsId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#metricsWaiting.delete(id);
        resolve(null);
      }, timeoutMs);
      this.#metricsWaiting.set(id, (text) => {
        clearTimeout(timer);
        resolve(text);
      });
      this.#send({ kind: 'metrics-wanted', id });
    });
  }

  /** Lets the role drain; ends it by SIGKILL when it has not ended by itself within `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#send({ kind: 'stop' });
    const timer = setTimeout(() => {
      this.#log.warn(
        { role: this.role, timeoutMs },
        `The ${this.role} process did not drain in time and is killed.`,
      );
      child.kill('SIGKILL');
    }, timeoutMs);
    await ended;
    clearTimeout(timer);
  }

  #fork(): ChildProcess {
    // Standard input stays with the supervisor: a demo reads keys from it.
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    const { path, env, execArgv } = this.#script;
    const child = fork(path, [], { env, execArgv: [...execArgv], stdio: [...stdio] });
    child.on('message', (message: FromRole) => this.#receive(message));
    child.on('error', (error) =>
      this.#log.error({ role: this.role, error }, `The ${this.role} process failed.`),
    );
    child.on('exit', (code, signal) => {
      // Its last words may still be in the channel: the exit overtakes them.
      if (child.connected) child.once('disconnect', () => this.#ended(code, signal));
      else this.#ended(code, signal);
    });
    return child;
  }

  #send(message: ToRole): void {
    // A process that just ended is handled by its 'exit'; the message is then of no use.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #receive(message: FromRole): void {
    if (message.kind === 'ready') this.#becameReady();
    else if (message.kind === 'news') this.#onNews(message.of);
    else if (message.kind === 'failed') this.#failure = message;
    else if (message.kind === 'metrics') {
      this.#metricsWaiting.get(message.id)?.(message.text);
      this.#metricsWaiting.delete(message.id);
    } else {
      const { id } = message;
      this.#onAllMetricsWanted((text) => this.#send({ kind: 'all-metrics', id, text }));
    }
  }

  #becameReady(): void {
    this.isReady = true;
    this.#hasBeenReady = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#attempt = 0;
    }, HEALTHY_AFTER_MS).unref();
    if (this.restartCount > 0)
      this.#log.info({ role: this.role }, `The ${this.role} process is ready again.`);
    this.#first.resolve();
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    const failure = this.#failure;
    this.#failure = null;
    this.isReady = false;
    clearTimeout(this.#timer);
    if (this.#stopping) return;
    const how = failure?.message ?? `It ended with ${signal ?? `exit code ${code}`}.`;
    if (!this.#hasBeenReady && this.#isHopeless(failure)) {
      this.#first.reject(this.#firstStartFailed(failure, how));
      return;
    }
    const delayMs = backOffMs(this.#attempt++);
    this.restartCount++;
    this.#log.error(
      { role: this.role, delayMs },
      `The ${this.role} process ended and is started again. ${how}`,
    );
    this.#timer = setTimeout(() => {
      this.#child = this.#fork();
      if (this.#start !== null) this.#send({ kind: 'start', start: this.#start });
    }, delayMs);
  }

  /** A store that does not answer yet may do so later; a taken port or a bad setting needs a person. */
  #isHopeless(failure: Failure | null): boolean {
    if (failure?.code === 'store_unavailable') return false;
    const needsPerson = failure !== null && FAILURES[failure.code].exitCode !== 1;
    return needsPerson || this.#attempt + 1 >= FIRST_START_TRIES;
  }

  #firstStartFailed(failure: Failure | null, how: string): PipelineError {
    if (failure !== null) return new PipelineError(failure.code, failure.message, failure.facts);
    const text = `The ${this.role} process could not start, in ${FIRST_START_TRIES} tries. ${how} The lines above say more; "plumbline doctor" checks the surroundings.`;
    return new PipelineError('role_failed', text, { role: this.role });
  }
}
