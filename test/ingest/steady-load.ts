import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { jsonToProtobuf } from '../../ingest/transcode/json-to-protobuf.ts';
import { startTestEngine } from '../engine-process.ts';
import { startIngestProcess } from './ingest-process.ts';
import { type ResidentBytes, residentBytes } from './resident-bytes.ts';
import { temporaryFolder } from './temporary-folder.ts';

const CLIENTS = 8;
const ITEMS = 512;
const VARIANTS = 3;

export interface MemorySample {
  readonly ingest: ResidentBytes;
  readonly engine: ResidentBytes;
}

export interface SteadyLoad {
  readonly samples: readonly MemorySample[];
  readonly requests: number;
  readonly itemsPerSecond: number;
  readonly refused: number;
}

/** Ingest and engine under as much load as they take, and what they hold in memory, once a second after the warm-up. */
export async function steadyLoad({ warmUpMs, ms }: { warmUpMs: number; ms: number }): Promise<SteadyLoad> {
  await using folder = await temporaryFolder();
  const engine = await startTestEngine({ migrate: true });
  const ingest = await startIngestProcess(
    { dataDir: folder.path, drainMsMax: 60_000, storeReadsFiles: true },
    { url: engine.url, token: engine.token },
  );
  const requests = SIGNALS.flatMap((signal) =>
    Array.from({ length: VARIANTS }, (_, variant) => requestOf(signal, variant)),
  );
  const counts = { requests: 0, refused: 0 };
  const port = Number(new URL(ingest.httpUrl).port);
  const stopping = new AbortController();
  const clients = Array.from({ length: CLIENTS }, (_, client) =>
    sendAll(port, requests.slice(client).concat(requests.slice(0, client)), counts, stopping.signal),
  );
  const samples: MemorySample[] = [];
  try {
    await sleep(warmUpMs);
    const before = counts.requests;
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < ms) {
      samples.push({ ingest: await residentBytes(ingest.pid), engine: await residentBytes(engine.pid) });
      await sleep(1_000);
    }
    const itemsPerSecond = ((counts.requests - before) * ITEMS * 1_000) / (performance.now() - startedAtMs);
    return { samples, ...counts, itemsPerSecond: Math.round(itemsPerSecond) };
  } finally {
    stopping.abort();
    await Promise.all(clients);
    await ingest.kill();
    await engine.close();
  }
}

/** One request at a time over one connection, without a client library: the load shall cost little. */
async function sendAll(
  port: number,
  requests: readonly Buffer[],
  counts: { requests: number; refused: number },
  signal: AbortSignal,
): Promise<void> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  for (let next = 0; !signal.aborted; next = (next + 1) % requests.length) {
    socket.write(requests[next] as Buffer);
    counts.requests++;
    if ((await statusOf(socket)) !== 200) counts.refused++;
  }
  socket.destroy();
}

/** An answer fits into one segment, and comes alone. */
async function statusOf(socket: Socket): Promise<number> {
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return Number(answer.toString('latin1', 9, 12));
}

/** A whole HTTP request of 512 items with 12 attributes each, of 3 resources. */
function requestOf(signal: Signal, variant: number): Buffer {
  const { body } = jsonToProtobuf(signal, Buffer.from(JSON.stringify(exportOf(signal, variant))));
  const head =
    `POST /v1/${signal} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n` +
    `content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function exportOf(signal: Signal, variant: number): object {
  const resource = (index: number) => ({
    attributes: [
      attribute('service.name', `service-${index}`),
      attribute('service.instance.id', `instance-${index}-${variant}`),
      attribute('host.name', `host-${index}`),
    ],
  });
  const items = (index: number) =>
    Array.from({ length: Math.floor(ITEMS / 3) + (index < ITEMS % 3 ? 1 : 0) }, (_, item) =>
      itemOf(signal, `${variant}/${index}/${item}`),
    );
  const resources = [0, 1, 2];
  if (signal === 'traces') {
    return {
      resourceSpans: resources.map((index) => ({
        resource: resource(index),
        scopeSpans: [{ spans: items(index) }],
      })),
    };
  }
  if (signal === 'logs') {
    return {
      resourceLogs: resources.map((index) => ({
        resource: resource(index),
        scopeLogs: [{ logRecords: items(index) }],
      })),
    };
  }
  return {
    resourceMetrics: resources.map((index) => ({
      resource: resource(index),
      scopeMetrics: [{ metrics: [{ name: 'queue.size', gauge: { dataPoints: items(index) } }] }],
    })),
  };
}

function itemOf(signal: Signal, id: string): object {
  const nanos = `${Date.now()}000000`;
  const attributes = Array.from({ length: 12 }, (_, index) =>
    attribute(`attribute.number.${index}`, `${id} value ${index}`),
  );
  if (signal === 'logs')
    return {
      timeUnixNano: nanos,
      severityNumber: 9,
      body: { stringValue: `it happened: ${id}` },
      attributes,
    };
  if (signal === 'metrics') return { timeUnixNano: nanos, asDouble: id.length, attributes };
  const hex = Buffer.from(id.padEnd(16, '.')).toString('hex');
  return {
    traceId: hex.slice(0, 32),
    spanId: hex.slice(0, 16),
    name: 'GET /orders',
    kind: 2,
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
    attributes,
  };
}

function attribute(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}
