import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Signal } from '../../core/signal.ts';

/** What a generator sends, and where. */
export interface LoadSetup {
  readonly signal: Signal;
  readonly transport: 'http' | 'grpc';
  readonly port: number;
  readonly gzip: boolean;
  readonly payloads: number;
  readonly sources: number;
  readonly seed: number;
}

/** Ends after so many requests or seconds, whichever comes first. */
export interface LoadRun {
  readonly connections: number;
  readonly requests: number;
  readonly seconds: number;
  /** Null: each connection sends as soon as it has its answer. */
  readonly requestsPerS: number | null;
}

export interface LoadResult {
  /** Acknowledged. */
  readonly items: number;
  readonly refused: number;
  readonly requests: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** A load generator: one process of its own. */
export class Load {
  readonly #child: ChildProcess;

  static async start(setup: LoadSetup): Promise<Load> {
    const child = fork(join(import.meta.dirname, 'load-main.ts'), [JSON.stringify(setup)]);
    await once(child, 'message');
    return new Load(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  async run(run: LoadRun): Promise<LoadResult> {
    this.#child.send(run);
    const [result] = (await once(this.#child, 'message')) as [LoadResult];
    return result;
  }

  async stop(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}
