import { textTable } from '../../main/text-table.ts';
import { Load, type LoadSetup } from '../load/load.ts';
import { spanCount, untilStored } from '../processes/span-count.ts';
import { startServer } from '../processes/start-server.ts';

const SECONDS = 8;
const CLIENTS = [1, 4, 16, 64];
const SOURCES = [1, 30, 300, 1_000];

/** How rate, cost and latency change with the number of clients and of sources; one run each, not a comparison. */
export async function growth(): Promise<void> {
  const rows: string[][] = [];
  const setup = { signal: 'traces', transport: 'http', gzip: true, seed: 1 } as const;
  for (const connections of CLIENTS) {
    rows.push(
      await measure(`${connections} clients, 96 sources`, connections, {
        ...setup,
        payloads: 32,
        sources: 96,
      }),
    );
  }
  for (const sources of SOURCES) {
    const payloads = Math.max(32, Math.ceil(sources / 3));
    rows.push(await measure(`16 clients, ${sources} sources`, 16, { ...setup, payloads, sources }));
  }
  const heads = ['', 'k spans/s stored', 'CPU µs/span', 'of it store', 'p50 ms', 'p99 ms', 'memory MB'];
  console.log(`\n\nGrowth, gzip over HTTP, ${SECONDS} s each on a fresh server`);
  console.log(textTable(heads, rows));
}

async function measure(name: string, connections: number, setup: Omit<LoadSetup, 'port'>): Promise<string[]> {
  const server = await startServer(['store', 'ingest']);
  const load = await Load.start({ ...setup, port: server.ports.otlpHttpPort });
  try {
    const run = { connections, requests: Number.MAX_SAFE_INTEGER, requestsPerS: null };
    const warm = await load.run({ ...run, seconds: 3 });
    await untilStored(server.store, warm.items);
    const before = server.cpuMs();
    const startedAt = performance.now();
    const sent = await load.run({ ...run, seconds: SECONDS });
    const residentMb = server.residentBytes() / 1e6;
    await untilStored(server.store, warm.items + sent.items);
    const wallMs = performance.now() - startedAt;
    const after = server.cpuMs();
    const us = (role: string) => (((after[role] ?? 0) - (before[role] ?? 0)) * 1_000) / sent.items;
    process.stderr.write('.');
    return [
      name,
      (((await spanCount(server.store)) - warm.items) / wallMs).toFixed(1),
      (us('store') + us('ingest')).toFixed(2),
      us('store').toFixed(2),
      sent.latencyMs.p50.toFixed(1),
      sent.latencyMs.p99.toFixed(1),
      residentMb.toFixed(0),
    ];
  } finally {
    await load.stop();
    await server.stop();
  }
}
