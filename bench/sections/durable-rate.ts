import { join } from 'node:path';
import { randomFrom } from '../../core/random-from.ts';
import { textTable } from '../../main/text-table.ts';
import { insertNative } from '../../store/insert-native.ts';
import { sqlString } from '../../store/sql-text.ts';
import { Load } from '../load/load.ts';
import { makePayloads } from '../payloads/make-payloads.ts';
import { type NativeFiles, nativeFiles } from '../payloads/native-files.ts';
import { runNaive } from '../processes/run-naive.ts';
import { cpuOf, sendDurably, setupOf, timed, withServer } from '../processes/send-durably.ts';
import { untilStored } from '../processes/span-count.ts';
import type { BenchServer } from '../processes/start-server.ts';
import { checkLine } from '../report/check-line.ts';
import { median, RATIO_HEADS, ratioOf, ratioRows, type Sample } from '../report/ratios.ts';

const SPANS_PER_REQUEST = 512;
const BATCH_ROWS = 256_000;
const CONNECTIONS = 16;
const WARM_REQUESTS = 400;
/** Enough for merges to have their full share: each side inserts the same rows into the same tables. */
const BATCHES = 3;
const REQUESTS = (BATCHES * BATCH_ROWS) / SPANS_PER_REQUEST;

const SENDING = { connections: CONNECTIONS, warmRequests: WARM_REQUESTS, requests: REQUESTS };

const CEILING = 'engine: Native file';
const JSON_FILE = 'engine: JSONEachRow file';
const HTTP = 'Plumbline, OTLP/HTTP';
const GRPC = 'Plumbline, OTLP/gRPC';
const NAIVE = 'naive Node pipeline';

/** Acknowledged and stored spans per second, beside what the engine itself can take and what a naive pipeline does. */
export async function durableRate(rounds: number): Promise<void> {
  const payloads = await makePayloads({
    signal: 'traces',
    payloads: 32,
    sources: 96,
    nowMs: Date.now(),
    random: randomFrom(1),
  });
  const files = await nativeFiles(payloads, { files: BATCHES, rows: BATCH_ROWS });
  const samples: Record<string, Sample[]> = {};
  const residentMb: number[] = [];
  const p99Ms: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const sides: Record<string, () => Promise<Sample>> = {
        [CEILING]: () => withServer(['store'], (server) => insertFiles(server, files)),
        [JSON_FILE]: () => withServer(['store'], (server) => insertJson(server, files)),
        [HTTP]: () =>
          withServer(['store', 'ingest'], (server) =>
            sendDurably(
              server,
              { ...SENDING, transport: 'http' },
              (mb, ms) => void [residentMb.push(mb), p99Ms.push(ms)],
            ),
          ),
        [GRPC]: () =>
          withServer(['store', 'ingest'], (server) => sendDurably(server, { ...SENDING, transport: 'grpc' })),
        [NAIVE]: () => withServer(['store'], sendNaive),
      };
      for (const [side, run] of Object.entries(sides)) {
        const sample = await run();
        samples[side] = [...(samples[side] ?? []), sample];
        const { wallUs, cpuUs } = sample;
        console.error(`${side}: ${wallUs.toFixed(2)} µs wall, ${cpuUs.toFixed(2)} µs CPU a span`);
      }
    }
  } finally {
    await files.remove();
  }
  console.log(`\n\nSpans acknowledged and stored, ${CONNECTIONS} connections, gzip; ratios to ${CEILING}`);
  console.log(textTable(RATIO_HEADS, ratioRows(samples, CEILING)));
  const goals: readonly [string, string, string, number][] = [
    ['durable rate at least 0.60 of the engine alone', HTTP, CEILING, 0.6],
    ['at least 8 × the naive pipeline', HTTP, NAIVE, 8],
    ['at least 1.3 × the engine reading JSONEachRow', HTTP, JSON_FILE, 1.3],
    ['gRPC at least 0.8 of HTTP', GRPC, HTTP, 0.8],
  ];
  for (const [goal, side, base, least] of goals) {
    const ratio = ratioOf(samples, side, base, 'wallUs').median;
    console.log(checkLine(`${goal}, wall`, ratio, ratio >= least));
  }
  const room = ratioOf(samples, CEILING, NAIVE, 'wallUs').median;
  console.log(`        the engine alone, from Native files, is ${room.toFixed(1)} × the naive pipeline`);
  const memory = median(residentMb);
  console.log(checkLine('memory of all processes at most 1,200 MB', memory, memory <= 1_200));
  const p99 = median(p99Ms);
  console.log(checkLine('acknowledgement p99 at saturation at most 300 ms', p99, p99 <= 300));
}

async function insertFiles(server: BenchServer, { inserts }: NativeFiles): Promise<Sample> {
  const [first] = inserts;
  if (first === undefined) throw new Error('There are no files to insert');
  await insertNative(server.store, first, 'warm', { byName: true });
  return timed({ cpuMs: () => cpuOf(server), items: BATCHES * BATCH_ROWS }, async () => {
    for (const [i, insert] of inserts.entries()) {
      await insertNative(server.store, insert, `t${i}`, { byName: true });
    }
  });
}

/** One file of the same rows, written by the engine itself. */
async function insertJson(server: BenchServer, { inserts }: NativeFiles): Promise<Sample> {
  const { store, dataDir } = server;
  const files: string[] = [];
  for (const [i, insert] of inserts.slice(0, 1).entries()) {
    await insertNative(store, insert, `t${i}`, { byName: true });
    const file = join(dataDir, `rows-${i}.jsonl`);
    const columns = insert.columns.map((name) => `\`${name}\``).join(', ');
    await store.command({
      query: `SELECT ${columns} FROM otel_traces ORDER BY ReceivedAt LIMIT ${BATCH_ROWS} OFFSET ${i * BATCH_ROWS}
        INTO OUTFILE ${sqlString(file)} FORMAT JSONEachRow`,
    });
    files.push(file);
  }
  return timed({ cpuMs: () => cpuOf(server), items: files.length * BATCH_ROWS }, async () => {
    for (const file of files) {
      await store.command({
        query: `INSERT INTO otel_traces FROM INFILE ${sqlString(file)} SETTINGS max_threads=1, max_insert_threads=1,
          materialize_skip_indexes_on_insert=0, parallel_view_processing=0, input_format_parallel_parsing=0,
          min_insert_block_size_rows=1048576, min_insert_block_size_bytes=268435456 FORMAT JSONEachRow`,
      });
    }
  });
}

async function sendNaive(server: BenchServer): Promise<Sample> {
  const naive = await runNaive(server);
  const load = await Load.start(setupOf('http', naive.port));
  const run = { connections: 32, seconds: 600, requestsPerS: null };
  const warm = await load.run({ ...run, requests: WARM_REQUESTS });
  await untilStored(server.store, warm.items);
  const cpuMs = () => cpuOf(server) + naive.cpuMs();
  try {
    return await timed({ cpuMs, items: REQUESTS * SPANS_PER_REQUEST }, async () => {
      const sent = await load.run({ ...run, requests: REQUESTS });
      await untilStored(server.store, warm.items + sent.items);
    });
  } finally {
    await load.stop();
    await naive.stop();
  }
}
