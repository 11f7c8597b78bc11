import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNoopMeter } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PipelineError } from '../../core/errors.ts';
import type { NativeInsert } from '../../core/native-insert.ts';
import { ChunkFolder } from '../../ingest/chunk-folder.ts';
import { Inflater } from '../../ingest/inflate.ts';
import { IngestMetrics } from '../../ingest/ingest-metrics.ts';
import { Lane } from '../../ingest/lane.ts';
import { Spool } from '../../ingest/spool.ts';
import { Writer } from '../../ingest/writer.ts';
import { exportProtobuf } from './export-body.ts';
import { temporaryFolder } from './temporary-folder.ts';

type Mood = 'stores' | 'fails' | 'stores, and its answer is lost';

/** A store that keeps each token once, as ClickHouse does, and fails in ways that no real one does on demand. */
class MoodyStore {
  readonly rows = new Map<string, number>();
  readonly #bytes = new Map<string, string>();
  readonly #moods: readonly Mood[];
  readonly #rowsMax: number;
  #calls = 0;
  isHealthy = false;

  /** @param rowsMax an insert of more is refused, always: what a store refuses depends on the rows alone */
  constructor(moods: readonly Mood[], rowsMax: number) {
    this.#moods = moods;
    this.#rowsMax = rowsMax;
  }

  async insert(insert: NativeInsert, token: string): Promise<void> {
    const mood = this.isHealthy ? 'stores' : this.#moods[this.#calls++ % this.#moods.length];
    if (mood === 'fails') throw new PipelineError('store_unavailable', 'down');
    if (insert.rowCount > this.#rowsMax) throw new PipelineError('store_refused', 'too many rows');
    const key = `${token} ${insert.table}`;
    const bytes = createHash('sha256');
    if (insert.file !== null) bytes.update(readFileSync(insert.file));
    for (const chunk of insert.chunks) bytes.update(chunk);
    const digest = bytes.digest('hex');
    expect(this.#bytes.get(key) ?? digest).toBe(digest); // the same token always brings the same rows
    this.#bytes.set(key, digest);
    this.rows.set(key, insert.rowCount);
    if (mood !== 'stores') throw new PipelineError('store_unavailable', 'answer lost');
  }
}

interface Run {
  readonly spool: Spool;
  readonly lane: Lane;
  end(): Promise<void>;
}

async function start(folder: string, store: MoodyStore, batchRowsMax: number): Promise<Run> {
  const spool = await Spool.open({ folder, bytesMax: 2 ** 30, diskFreeBytesMin: 0 });
  const parts = {
    signal: 'traces',
    spool,
    chunks: new ChunkFolder(join(folder, 'chunks')),
    inflater: new Inflater({ bytesMax: 1_000_000 }),
    metrics: new IngestMetrics(createNoopMeter()),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    now: Date.now,
    random: () => 0,
    limits: { batchRowsMax, batchBytesMax: 10_000_000, batchAgeMsMax: 5, holdMsMax: 0 },
  } as const;
  const lane = new Lane(
    parts,
    (spool.recordedBatches('traces').at(-1)?.toSeq ?? spool.firstSeq('traces') - 1) + 1,
  );
  const writer = new Writer({ ...parts, lane, insert: (insert, token) => store.insert(insert, token) });
  const running = writer.run();
  return {
    spool,
    lane,
    end: async () => {
      lane.close();
      writer.stop();
      await running;
      await spool.close();
    },
  };
}

it('whatever the store does and whenever we restart: every accepted span once, and a token never with other rows', async () => {
  const moods = fc.array(fc.constantFrom<Mood>('stores', 'fails', 'stores, and its answer is lost'), {
    minLength: 1,
    maxLength: 6,
  });
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('send'), spans: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pause'), spans: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart'), spans: fc.constant(0) }) },
  );
  const steps = fc.array(step, { minLength: 3, maxLength: 25 });
  const limits = fc.record({
    batchRowsMax: fc.integer({ min: 3, max: 20 }),
    insertRowsMax: fc.constantFrom(6, Number.POSITIVE_INFINITY), // a request has at most 6
  });
  const property = fc.asyncProperty(
    moods,
    steps,
    limits,
    async (given, todo, { batchRowsMax, insertRowsMax }) => {
      await using folder = await temporaryFolder();
      const store = new MoodyStore(given, insertRowsMax);
      let run = await start(folder.path, store, batchRowsMax);
      let sent = 0;
      const pending: Promise<unknown>[] = [];
      const send = (spans: number) => {
        const body = exportProtobuf('traces', { seed: `s${sent}`, valid: spans });
        sent += spans;
        const record = { contentType: 'protobuf', contentEncoding: 'identity', body, tenant: '' } as const;
        pending.push(run.lane.admit({ ...record, receivedAtMs: 1_750_000_000_000 + sent }, body));
      };
      const act: Record<string, (spans: number) => Promise<void> | void> = {
        send,
        pause: () => new Promise((resolve) => setTimeout(resolve, 8)),
        restart: async () => {
          await Promise.all(pending);
          await run.end();
          run = await start(folder.path, store, batchRowsMax);
        },
      };
      for (const { do: name, spans } of todo) await act[name]?.(spans);
      await Promise.all(pending);
      store.isHealthy = true;
      await expect.poll(() => run.spool.recordCount('traces'), { timeout: 5_000, interval: 5 }).toBe(0);
      const poisoned = run.spool.poisonedCount;
      await run.end();
      expect(poisoned).toBe(0); // no request alone is refused
      expect([...store.rows.values()].reduce((sum, rows) => sum + rows, 0)).toBe(sent);
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

/** A real spool whose writes fail when the test says so. */
function unreliable(spool: Spool) {
  const failing = new Map<number, () => void>();
  const onRead = new Map<number, () => void>();
  const append: Spool['append'] = (signal, record, onLost = () => undefined) => {
    const appended = spool.append(signal, record);
    const { seq } = appended;
    const durable = Promise.withResolvers<void>();
    failing.set(seq, () => {
      held.delete(seq);
      onLost(seq);
      durable.reject(new PipelineError('disk_full', 'full'));
    });
    held.add(seq);
    return { seq, durable: durable.promise };
  };
  const held = new Set<number>();
  const changed: Partial<Spool> = {
    append,
    holds: (_signal, seq) => held.has(seq),
    read: (signal, seq) => {
      onRead.get(seq)?.();
      return held.has(seq) ? spool.read(signal, seq) : undefined;
    },
  };
  const proxy = new Proxy(spool, {
    get: (target, name: keyof Spool) => {
      const own = changed[name] ?? target[name];
      return typeof own === 'function' ? (own as () => unknown).bind(target) : own;
    },
  });
  return { spool: proxy, fail: (seq: number) => failing.get(seq)?.(), onRead };
}

it('a request whose write fails while its rows are made again is not in the batch', async () => {
  await using folder = await temporaryFolder();
  const { spool, fail, onRead } = unreliable(
    await Spool.open({ folder: folder.path, bytesMax: 2 ** 30, diskFreeBytesMin: 0 }),
  );
  const parts = {
    signal: 'traces',
    spool,
    chunks: new ChunkFolder(join(folder.path, 'chunks')),
    inflater: new Inflater({ bytesMax: 1_000_000 }),
    metrics: new IngestMetrics(createNoopMeter()),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    now: Date.now,
    limits: { batchRowsMax: 100, batchBytesMax: 10_000_000, batchAgeMsMax: 5, holdMsMax: 0 },
  } as const;
  const lane = new Lane(parts, 1);
  const body = exportProtobuf('traces', { valid: 1 });
  const record = { contentType: 'protobuf', contentEncoding: 'identity', body, tenant: '', receivedAtMs: 1 };
  const admitted = [1, 2, 3].map(() => lane.admit(record as never, body).catch((error: Error) => error));
  onRead.set(2, () => queueMicrotask(() => fail(2)));
  fail(1); // the lane begins again, and is about to read 2 when that fails as well
  expect(await lane.due()).toBe(true);
  expect(lane.next()?.inserts.map(({ rowCount }) => rowCount)).toEqual([1]);
  fail(3);
  expect(await Promise.all(admitted)).toEqual(Array(3).fill(expect.objectContaining({ code: 'disk_full' })));
  await spool.close();
});
