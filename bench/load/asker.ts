import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface AskRun {
  readonly port: number;
  readonly connections: number;
  /** Null: each connection asks as soon as it has its answer. */
  readonly perS: number | null;
  readonly seconds: number;
  /** Asked about in turn. */
  readonly services: readonly string[];
}

export interface AskResult {
  readonly answered: number;
  readonly wallMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** One who asks a gate all the time: one process of its own, as actors are. */
export class Asker {
  readonly #child: ChildProcess;

  static async start(): Promise<Asker> {
    const child = fork(join(import.meta.dirname, 'ask-main.ts'));
    await once(child, 'message');
    return new Asker(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  async run(run: AskRun): Promise<AskResult> {
    this.#child.send(run);
    const [result] = (await once(this.#child, 'message')) as [AskResult];
    return result;
  }

  async stop(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}
