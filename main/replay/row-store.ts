import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { hasCode } from '../../core/errors.ts';
import type { NativeInsert } from '../../core/native-insert.ts';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { ChunkFolder, removeChunks } from '../../ingest/chunk-folder.ts';
import { SignalBatch } from '../../ingest/transcode/signal-batch.ts';
import { insertNative } from '../../store/insert-native.ts';
import { backOffMs } from '../back-off.ts';
import type { Arrival } from './file-arrivals.ts';

/** As ingest does: fat batches, as merging is what the engine spends its time on. */
const BATCH_ROWS_MAX = 256_000;
const BATCH_BYTES_MAX = 268_435_456;
/** An engine that crashed is there again within seconds. */
const TRIES = 8;

export interface SignalCount {
  requests: number;
  items: number;
  /** Items that ingest would have refused, by reason. */
  readonly rejected: Record<string, number>;
}

/** Rows on their way into the store, the same way as in ingest but for the spool: a replay that fails is started again. */
export class RowStore {
  readonly #client: ClickHouseClient;
  readonly #batches: Readonly<Record<Signal, SignalBatch>>;
  readonly counts: Readonly<Record<Signal, SignalCount>>;
  #storing = Promise.resolve();
  #batchCount = 0;

  /** @param folder the engine may read files in it by their names */
  constructor(client: ClickHouseClient, folder: string) {
    this.#client = client;
    const chunks = new ChunkFolder(join(folder, 'chunks'));
    const each = <T>(make: (signal: Signal) => T) =>
      Object.fromEntries(SIGNALS.map((signal) => [signal, make(signal)])) as Record<Signal, T>;
    this.#batches = each((signal) => new SignalBatch(signal, { sinkOf: (table) => chunks.sink(table) }));
    this.counts = each(() => ({ requests: 0, items: 0, rejected: {} }));
  }

  /** @throws PipelineError otlp_malformed (nothing of it is kept), store_unavailable, store_refused */
  async add({ message, receivedAtMs }: Arrival): Promise<void> {
    const batch = this.#batches[message.signal];
    const judged = batch.append(message.body, { receivedAtMs, tenant: '' });
    const count = this.counts[message.signal];
    count.requests++;
    count.items += judged.itemCount;
    for (const { reason, items } of judged.rejections)
      count.rejected[reason] = (count.rejected[reason] ?? 0) + items;
    if (batch.rowCount >= BATCH_ROWS_MAX || batch.byteCount >= BATCH_BYTES_MAX) await this.#seal(batch);
  }

  /** Resolves when all is stored. */
  async finish(): Promise<void> {
    for (const signal of SIGNALS) await this.#seal(this.#batches[signal]);
    await this.#storing;
  }

  /** One batch is stored while the next is read; a third waits. */
  async #seal(batch: SignalBatch): Promise<void> {
    const inserts = batch.seal();
    const token = `replay-${this.#batchCount++}`;
    await this.#storing;
    this.#storing = this.#insert(inserts, token);
    this.#storing.catch(() => undefined); // thrown when it is awaited
  }

  async #insert(inserts: readonly NativeInsert[], token: string): Promise<void> {
    for (const insert of inserts) {
      for (let attempt = 0; ; attempt++) {
        try {
          await insertNative(this.#client, insert, token, { byName: true });
          break;
        } catch (error) {
          if (!hasCode(error, 'store_unavailable') || attempt === TRIES) throw error;
          await sleep(backOffMs(attempt));
        }
      }
    }
    await removeChunks(inserts);
  }
}
