import { Load, type LoadSetup } from '../load/load.ts';
import type { Sample } from '../report/ratios.ts';
import { untilStored } from './span-count.ts';
import { type BenchServer, startServer } from './start-server.ts';

const SPANS_PER_REQUEST = 512;

/** Runs on a fresh server with these roles. */
export async function withServer(
  roles: readonly string[],
  run: (server: BenchServer) => Promise<Sample>,
): Promise<Sample> {
  const server = await startServer(roles);
  try {
    return await run(server);
  } finally {
    await server.stop();
  }
}

/** CPU time of the processes a span goes through, ms. */
export function cpuOf(server: BenchServer): number {
  const { store = 0, ingest = 0 } = server.cpuMs();
  return store + ingest;
}

/** Wall and CPU time per item of `work`. */
export async function timed(
  { cpuMs, items }: { cpuMs: () => number; items: number },
  work: () => Promise<void>,
): Promise<Sample> {
  const cpuBefore = cpuMs();
  const startedAt = performance.now();
  await work();
  const wallUs = ((performance.now() - startedAt) * 1_000) / items;
  return { wallUs, cpuUs: ((cpuMs() - cpuBefore) * 1_000) / items };
}

export function setupOf(transport: LoadSetup['transport'], port: number): LoadSetup {
  return { signal: 'traces', transport, port, gzip: true, payloads: 32, sources: 96, seed: 1 };
}

/** Spans are sent as fast as they are taken; the time runs until the last of them is stored. */
export async function sendDurably(
  server: BenchServer,
  {
    transport,
    connections,
    warmRequests,
    requests,
  }: { transport: LoadSetup['transport']; connections: number; warmRequests: number; requests: number },
  tell: (residentMb: number, p99Ms: number) => void = () => undefined,
): Promise<Sample> {
  const { otlpHttpPort, otlpGrpcPort } = server.ports;
  const load = await Load.start(setupOf(transport, transport === 'http' ? otlpHttpPort : otlpGrpcPort));
  const run = { connections, seconds: 600, requestsPerS: null };
  const warm = await load.run({ ...run, requests: warmRequests });
  await untilStored(server.store, warm.items);
  let residentMb = 0;
  const watch = setInterval(() => {
    residentMb = Math.max(residentMb, server.residentBytes() / 1e6);
  }, 500);
  try {
    return await timed({ cpuMs: () => cpuOf(server), items: requests * SPANS_PER_REQUEST }, async () => {
      const sent = await load.run({ ...run, requests });
      if (sent.refused > 0) throw new Error(`${sent.refused} requests were refused`);
      await untilStored(server.store, warm.items + sent.items);
      tell(residentMb, sent.latencyMs.p99);
    });
  } finally {
    clearInterval(watch);
    await load.stop();
  }
}
