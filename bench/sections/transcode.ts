import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync, gzipSync } from 'node:zlib';
import { randomFrom } from '../../core/random-from.ts';
import type { Signal } from '../../core/signal.ts';
import { SignalBatch } from '../../ingest/transcode/signal-batch.ts';
import { textTable } from '../../main/text-table.ts';
import { decodeSpans, spanRows } from '../naive/span-rows.ts';
import { makePayloads } from '../payloads/make-payloads.ts';
import type { Payload } from '../payloads/payload.ts';
import { checkLine } from '../report/check-line.ts';
import { RATIO_HEADS, ratioOf, ratioRows, type Sample } from '../report/ratios.ts';

const PAYLOADS = 32;
const REQUESTS = 256;
const WARM_ROUNDS = 2;

setFlagsFromString('--expose-gc');
/** The garbage of one side must not be swept on the time of the next. */
const collectGarbage = runInNewContext('gc') as () => void;

const CONTEXT = { receivedAtMs: 1_795_000_000_000, tenant: '' };
/** As a lane does, each signal keeps its columns from batch to batch. */
const batches: Readonly<Record<Signal, SignalBatch>> = {
  traces: new SignalBatch('traces'),
  metrics: new SignalBatch('metrics'),
  logs: new SignalBatch('logs'),
};

const WALK = 'walk to Native';
const PROTOBUFJS = 'protobufjs to JSONEachRow';

/** One thread, nothing but decoding: our walk beside what a usual Node service does with the same bytes. */
export async function transcode(rounds: number): Promise<void> {
  const spans = await payloadsOf('traces');
  const zipped = spans.map(({ protobuf }) => gzipSync(protobuf));
  const sides = {
    [PROTOBUFJS]: () => each(spans, (body) => void JSON.stringify(spanRows(decodeSpans(body), Date.now()))),
    'protobufjs, objects only': () => each(spans, (body) => void decodeSpans(body)),
    [WALK]: () => walk('traces', spans),
    'gunzip and walk': () => {
      for (let i = 0; i < REQUESTS; i++) {
        batches.traces.append(gunzipSync(zipped[i % PAYLOADS] as Buffer), CONTEXT);
      }
      batches.traces.seal();
    },
  };
  const samples = measure(sides, rounds, REQUESTS * 512);
  console.log(`\nDecoding 512 spans of 12 attributes, per span; ratios to ${PROTOBUFJS}`);
  console.log(textTable(RATIO_HEADS, ratioRows(samples, PROTOBUFJS)));
  const { median } = ratioOf(samples, WALK, PROTOBUFJS, 'cpuUs');
  console.log(checkLine(`${WALK} at least 6 × ${PROTOBUFJS}, CPU`, median, median >= 6));

  const bytes: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  const walks: Record<string, () => void> = {};
  for (const signal of ['traces', 'logs', 'metrics'] as const) {
    const payloads = signal === 'traces' ? spans : await payloadsOf(signal);
    bytes[signal] = payloads.reduce((sum, { protobuf }) => sum + protobuf.length, 0) * (REQUESTS / PAYLOADS);
    walks[signal] = () => walk(signal, payloads);
  }
  const perKilobyte = measure(walks, rounds, (side) => bytes[side as Signal] / 1_000);
  console.log('\nThe walk of each signal, per kilobyte of protobuf; ratios to traces');
  console.log(textTable(RATIO_HEADS, ratioRows(perKilobyte, 'traces')));
  for (const signal of ['logs', 'metrics'] as const) {
    const ratio = ratioOf(perKilobyte, signal, 'traces', 'cpuUs').median;
    console.log(checkLine(`${signal} per byte at least as fast as traces, CPU`, ratio, ratio >= 1));
  }
}

function payloadsOf(signal: Signal): Promise<Payload[]> {
  return makePayloads({ signal, payloads: PAYLOADS, sources: 96, nowMs: Date.now(), random: randomFrom(1) });
}

function each(payloads: readonly Payload[], work: (body: Uint8Array) => void): void {
  for (let i = 0; i < REQUESTS; i++) work((payloads[i % PAYLOADS] as Payload).protobuf);
}

function walk(signal: Signal, payloads: readonly Payload[]): void {
  each(payloads, (body) => void batches[signal].append(body, CONTEXT));
  batches[signal].seal();
}

function measure(
  sides: Readonly<Record<string, () => void>>,
  rounds: number,
  items: number | ((side: string) => number),
): Record<string, Sample[]> {
  const samples: Record<string, Sample[]> = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
  for (let round = -WARM_ROUNDS; round < rounds; round++) {
    for (const [side, work] of Object.entries(sides)) {
      const count = typeof items === 'number' ? items : items(side);
      collectGarbage();
      const cpuBefore = process.cpuUsage();
      const startedAt = performance.now();
      work();
      const wallUs = ((performance.now() - startedAt) * 1_000) / count;
      const cpu = process.cpuUsage(cpuBefore);
      if (round >= 0) samples[side]?.push({ wallUs, cpuUs: (cpu.user + cpu.system) / count });
    }
  }
  return samples;
}
