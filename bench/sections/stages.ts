import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { randomFrom } from '../../core/random-from.ts';
import { ChunkFolder, removeChunks } from '../../ingest/chunk-folder.ts';
import { Spool } from '../../ingest/spool.ts';
import { SignalBatch } from '../../ingest/transcode/signal-batch.ts';
import { insertNative } from '../../store/insert-native.ts';
import { makePayloads } from '../payloads/make-payloads.ts';
import { startServer } from '../processes/start-server.ts';
import { median } from '../report/ratios.ts';

const PAYLOADS = 32;
const REQUESTS = 500;
const SPANS = REQUESTS * 512;
const WRITERS = 16;

/** Where the CPU time of a span goes, each stage alone and with the code that the roles run. */
export async function stages(rounds: number): Promise<void> {
  const mix = {
    signal: 'traces',
    payloads: PAYLOADS,
    sources: 96,
    nowMs: Date.now(),
    random: randomFrom(1),
  } as const;
  const payloads = await makePayloads(mix);
  const zipped = payloads.map(({ protobuf }) => gzipSync(protobuf));
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-stages-'));
  const server = await startServer(['store']);
  const spool = await Spool.open({ folder: join(folder, 'spool'), bytesMax: 2 ** 32, diskFreeBytesMin: 0 });
  const chunks = new ChunkFolder(join(folder, 'chunks'));
  const figures: Record<string, number[]> = {};
  const note = (stage: string, cpuMs: number): void => {
    figures[stage] = [...(figures[stage] ?? []), (cpuMs * 1_000) / SPANS];
  };
  try {
    for (let round = -1; round < rounds; round++) {
      const took = {
        inflate: await ownCpuMs(() => {
          for (let i = 0; i < REQUESTS; i++)
            gunzipSync(zipped[i % PAYLOADS] as Buffer, { chunkSize: 524_288 });
        }),
        spool: await ownCpuMs(() => appendAll(spool, zipped)),
      };
      const batch = new SignalBatch('traces', { sinkOf: (table) => chunks.sink(table) });
      const walk = await ownCpuMs(() => {
        for (let i = 0; i < REQUESTS; i++) {
          batch.append(payloads[i % PAYLOADS]?.protobuf as Uint8Array, {
            receivedAtMs: Date.now(),
            tenant: '',
          });
        }
      });
      const inserts = batch.seal();
      const storeMs = () => server.cpuMs()['store'] as number;
      const before = storeMs();
      for (const insert of inserts)
        await insertNative(server.store, insert, `round${round}`, { byName: true });
      const insert = storeMs() - before;
      await removeChunks(inserts);
      if (round < 0) continue; // until everything is compiled
      note('inflate gzip', took.inflate);
      note('walk, judge and write Native chunks', walk);
      note('spool, synced, 16 at a time', took.spool);
      note('insert with views, indexes deferred', insert);
    }
  } finally {
    await spool.close();
    await server.stop();
    await rm(folder, { recursive: true });
  }
  console.log(
    `\nCPU µs per span by stage, medians of ${rounds}; the rest of a span is HTTP, timers and merges`,
  );
  for (const [stage, values] of Object.entries(figures)) {
    console.log(`${stage.padEnd(38)} ${median(values).toFixed(2)}`);
  }
}

async function ownCpuMs(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

async function appendAll(spool: Spool, bodies: readonly Buffer[]): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < REQUESTS) {
      const body = bodies[next++ % bodies.length] as Buffer;
      const record = {
        contentType: 'protobuf',
        contentEncoding: 'gzip',
        body,
        receivedAtMs: 0,
        tenant: '',
      } as const;
      await spool.append('traces', record).durable;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}
