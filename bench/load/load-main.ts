import { gzipSync } from 'node:zlib';
import { randomFrom } from '../../core/random-from.ts';
import type { Signal } from '../../core/signal.ts';
import { makePayloads } from '../payloads/make-payloads.ts';
import type { Payload } from '../payloads/payload.ts';
import { GrpcConnection, grpcFrame } from './grpc-connection.ts';
import { HttpConnection, httpRequest } from './http-connection.ts';
import type { LoadResult, LoadRun, LoadSetup } from './load.ts';

/** A generator in a process of its own: told what to send once, then how often and how fast, run by run. */
const METHODS: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

interface Line {
  send(index: number): Promise<number>;
  close(): void;
}

const setup = JSON.parse(process.argv[2] ?? '') as LoadSetup;
const payloads = await makePayloads({ ...setup, nowMs: Date.now(), random: randomFrom(setup.seed) });
const openLine = setup.transport === 'http' ? httpLines(setup, payloads) : grpcLines(setup, payloads);

process.on('message', async (run: LoadRun) => process.send?.(await load(run)));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

function httpLines({ port, signal, gzip }: LoadSetup, payloads: readonly Payload[]): () => Promise<Line> {
  const headers = {
    'content-type': 'application/x-protobuf',
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  };
  const requests = payloads.map(({ protobuf }) =>
    httpRequest(`/v1/${signal}`, headers, gzip ? gzipSync(protobuf) : protobuf),
  );
  return async () => {
    const connection = await HttpConnection.open(port);
    return {
      send: (index) => connection.send(requests[index % requests.length] as Buffer),
      close: () => connection.close(),
    };
  };
}

function grpcLines({ port, signal, gzip }: LoadSetup, payloads: readonly Payload[]): () => Promise<Line> {
  const frames = payloads.map(({ protobuf }) => grpcFrame(gzip ? gzipSync(protobuf) : protobuf, gzip));
  const call = { path: METHODS[signal], encoding: gzip ? 'gzip' : 'identity' } as const;
  return async () => {
    const connection = await GrpcConnection.open(port);
    return {
      send: (index) => connection.send({ ...call, frame: frames[index % frames.length] as Buffer }),
      close: () => connection.close(),
    };
  };
}

async function load({ connections, requests, seconds, requestsPerS }: LoadRun): Promise<LoadResult> {
  const lines = await Promise.all(Array.from({ length: connections }, openLine));
  const startedAt = performance.now();
  const startCpu = process.cpuUsage();
  const endsAt = startedAt + seconds * 1_000;
  const latenciesMs: number[] = [];
  let next = 0;
  let items = 0;
  let refused = 0;
  const run = async (line: Line): Promise<void> => {
    while (next < requests && performance.now() < endsAt) {
      const index = next++;
      // With a rate, latency counts from when the request was due: a slow answer delays those behind it.
      const dueAt = requestsPerS === null ? performance.now() : startedAt + (index * 1_000) / requestsPerS;
      await until(dueAt);
      const status = await line.send(index);
      latenciesMs.push(performance.now() - dueAt);
      if (status === 200) items += (payloads[index % payloads.length] as Payload).itemCount;
      else refused++;
    }
  };
  await Promise.all(lines.map(run));
  const wallMs = performance.now() - startedAt;
  const cpu = process.cpuUsage(startCpu);
  for (const line of lines) line.close();
  latenciesMs.sort((left, right) => left - right);
  const quantile = (q: number) => latenciesMs[Math.ceil(latenciesMs.length * q) - 1] ?? Number.NaN;
  return {
    items,
    refused,
    requests: latenciesMs.length,
    wallMs,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    latencyMs: { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) },
  };
}

async function until(dueAt: number): Promise<void> {
  const waitMs = dueAt - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}
