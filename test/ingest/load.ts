import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Client } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { expectRetryableGrpc, expectRetryableHttp } from './expect-retryable.ts';
import { exportProtobuf } from './export-body.ts';
import { call, grpcClient, METHODS } from './grpc/call.ts';
import { post } from './http/post.ts';
import { countsOf } from './rows-of.ts';

const HEADERS = { 'content-type': 'application/x-protobuf' };
const CLIENTS = 6;
const ITEMS = 10;

/** What identifies an item of a signal, and how often one body repeats it. */
const STORED = {
  traces: { table: 'otel_traces', column: 'SpanName' },
  metrics: { table: 'otel_metrics_gauge', column: "splitByChar('.', MetricName)[1]" },
  logs: { table: 'otel_logs', column: "splitByChar('/', Body)[1]" },
} as const;
const NAME_OF: Readonly<Record<Signal, (seed: string) => string>> = {
  traces: (seed) => `GET /${seed}`,
  metrics: (seed) => `gauge${seed}`,
  logs: (seed) => seed,
};

export interface LoadTarget {
  readonly httpUrl: string;
  readonly grpcUrl: string;
}

interface LoadOptions {
  /** How much every request holds beside its items. */
  readonly paddingBytes?: number;
  /** Between two requests of a client. */
  readonly pauseMs?: number;
}

/**
 * Clients that go on sending whatever happens, half of them over gRPC. None sends anything twice, so what is there
 * twice was stored twice. A refusal must be one that may be repeated; a cut connection is neither that nor an
 * acknowledgement.
 */
export class Load {
  readonly acknowledged: Readonly<Record<Signal, Set<string>>> = {
    traces: new Set(),
    metrics: new Set(),
    logs: new Set(),
  };
  readonly refusedCount = { http: 0, grpc: 0 };
  readonly #target: () => LoadTarget;
  readonly #padding: string;
  readonly #pauseMs: number;
  readonly #running: Promise<void>[];
  #isOn = true;

  /** @param target asked before every request: it may move */
  constructor(target: () => LoadTarget, { paddingBytes = 0, pauseMs = 0 }: LoadOptions = {}) {
    this.#target = target;
    this.#padding = paddingBytes === 0 ? '' : `.${'x'.repeat(paddingBytes)}`;
    this.#pauseMs = pauseMs;
    this.#running = Array.from({ length: CLIENTS }, (_, client) =>
      client % 2 === 0 ? this.#sendByHttp(client) : this.#sendByGrpc(client),
    );
    for (const running of this.#running) running.catch(() => undefined); // `stop` tells
  }

  get acknowledgedCount(): number {
    return SIGNALS.reduce((sum, signal) => sum + this.acknowledged[signal].size, 0);
  }

  /** No more requests; resolves when those under way are answered. @throws what a client found wrong */
  async stop(): Promise<void> {
    this.#isOn = false;
    await Promise.all(this.#running);
  }

  /** As `stop`, for when a test is over anyway. */
  async end(): Promise<void> {
    await this.stop().catch(() => undefined);
  }

  /** Names of acknowledged requests that the store does not have. */
  async missing(store: ClickHouseClient): Promise<string[]> {
    const missing: string[] = [];
    for (const signal of SIGNALS) {
      const counts = await countsOf(store, STORED[signal]);
      for (const name of this.acknowledged[signal]) if (!counts.has(name)) missing.push(name);
    }
    return missing;
  }

  /**
   * Every acknowledged request is stored whole and once, and so are those that were stored without an
   * acknowledgement; the tallies say the same.
   */
  async expectWholeAndOnce(store: ClickHouseClient): Promise<void> {
    for (const signal of SIGNALS) {
      const counts = await countsOf(store, STORED[signal]);
      expect(this.acknowledged[signal].size).toBeGreaterThan(0);
      expect([...this.acknowledged[signal]].filter((name) => !counts.has(name))).toEqual([]);
      expect(new Set(counts.values())).toEqual(new Set([ITEMS]));
      const tally = `SELECT toString(sum(Items)) AS n FROM tally_source WHERE Signal = '${signal}'`;
      const tallied = await store.query({ query: tally, format: 'JSONEachRow' });
      expect(await tallied.json()).toEqual([{ n: String(counts.size * ITEMS) }]);
    }
  }

  /** Nothing but what was acknowledged is there: a client repeats what was refused, and would have it twice. */
  async expectNothingElse(store: ClickHouseClient): Promise<void> {
    for (const signal of SIGNALS) {
      const counts = await countsOf(store, STORED[signal]);
      expect([...counts.keys()].filter((name) => !this.acknowledged[signal].has(name))).toEqual([]);
    }
  }

  async #sendByHttp(client: number): Promise<void> {
    for (let count = 0; this.#isOn; count++) {
      const { signal, seed, body } = this.#request(client, count);
      try {
        const answer = await post(this.#target().httpUrl, { path: `/v1/${signal}`, headers: HEADERS, body });
        if (answer.status === 200) this.acknowledged[signal].add(NAME_OF[signal](seed));
        else await this.#refused('http', () => expectRetryableHttp(answer));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
        await sleep(10); // killed: neither acknowledged nor refused
      }
      await sleep(this.#pauseMs);
    }
  }

  async #sendByGrpc(client: number): Promise<void> {
    let url = '';
    let connection: Client | null = null;
    for (let count = 0; this.#isOn; count++) {
      const { signal, seed, body } = this.#request(client, count);
      if (this.#target().grpcUrl !== url) {
        connection?.close();
        url = this.#target().grpcUrl;
        connection = grpcClient(url);
      }
      const answer = await call(connection as Client, METHODS[signal], { body });
      if (answer.code === 0) this.acknowledged[signal].add(NAME_OF[signal](seed));
      else if (answer.status === null)
        await sleep(10); // cut: no word of the server
      else await this.#refused('grpc', () => expectRetryableGrpc(answer));
      await sleep(this.#pauseMs);
    }
    connection?.close();
  }

  #request(client: number, count: number): { signal: Signal; seed: string; body: Buffer } {
    const signal = SIGNALS[(client + count) % SIGNALS.length] as Signal;
    const seed = `${client}-${count}`;
    const padding = this.#paddingOf(signal, seed);
    return { signal, seed, body: exportProtobuf(signal, { seed, valid: ITEMS, padding }) };
  }

  #paddingOf(signal: Signal, seed: string): string {
    if (signal === 'traces') return seed;
    return signal === 'logs' ? this.#padding : '';
  }

  async #refused(transport: 'http' | 'grpc', check: () => void): Promise<void> {
    check();
    this.refusedCount[transport]++;
    await sleep(50);
  }
}
