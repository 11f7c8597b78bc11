import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { readOrCreateEngineToken } from '../../store/engine/engine-token.ts';
import { readRows } from '../../store/read-rows.ts';
import { Load } from '../load/load.ts';
import { cpuMs, residentBytes } from '../processes/cpu-time.ts';
import { type BenchServer, startServer } from '../processes/start-server.ts';
import { buildCollector } from './build-collector.ts';
import { type CollectorSetup, runCollector } from './run-collector.ts';

const CONNECTIONS = 16;
const WARM_REQUESTS = 200;
const REQUESTS = 800;

/** What one side took for the spans that it acknowledged and stored. */
interface PeerCost {
  readonly acknowledged: number;
  readonly refused: number;
  readonly stored: number;
  readonly receiverUsPerSpan: number;
  readonly engineUsPerSpan: number;
  /** With a last merge of the rows into one part: sides end with different numbers of parts. */
  readonly engineUsPerSpanMerged: number;
  readonly spansPerCpuS: number;
  /** From the first request until the last row was stored. */
  readonly storedSpansPerS: number;
  readonly acknowledgedP99Ms: number;
  readonly receiverResidentMb: number;
  readonly parts: number;
}

interface Receiver {
  readonly httpPort: number;
  cpuMs(): number;
  residentBytes(): number;
}

/** Sends the same payloads and counts until the last row is stored and merges have settled. */
async function measure(server: BenchServer, receiver: Receiver): Promise<PeerCost> {
  const { httpPort: port } = receiver;
  const load = await Load.start({
    signal: 'traces',
    transport: 'http',
    port,
    gzip: false,
    payloads: 64,
    sources: 48,
    seed: 7,
  });
  const run = { connections: CONNECTIONS, seconds: 100, requestsPerS: null };
  const warm = await load.run({ ...run, requests: WARM_REQUESTS });
  await stored(server.store, warm.items);
  await settled(server);
  const engineMs = () => server.cpuMs()['store'] as number;
  const before = { receiver: receiver.cpuMs(), engine: engineMs(), at: performance.now() };
  const sent = await load.run({ ...run, requests: REQUESTS });
  await stored(server.store, warm.items + sent.items);
  const wallMs = performance.now() - before.at;
  await settled(server);
  const receiverMs = receiver.cpuMs() - before.receiver;
  const engineCpuMs = engineMs() - before.engine;
  const parts = await numberOf(
    server.store,
    `SELECT count() AS n FROM system.parts WHERE active AND table = 'otel_traces'`,
  );
  await server.store.command({ query: 'OPTIMIZE TABLE otel_traces FINAL' });
  await settled(server);
  await load.stop();
  return {
    acknowledged: sent.items,
    refused: sent.refused,
    stored: (await rowsOf(server.store)) - warm.items,
    receiverUsPerSpan: (receiverMs * 1_000) / sent.items,
    engineUsPerSpan: (engineCpuMs * 1_000) / sent.items,
    engineUsPerSpanMerged: ((engineMs() - before.engine) * 1_000) / sent.items,
    spansPerCpuS: (sent.items * 1_000) / (receiverMs + engineCpuMs),
    storedSpansPerS: (sent.items * 1_000) / wallMs,
    acknowledgedP99Ms: sent.latencyMs.p99,
    receiverResidentMb: receiver.residentBytes() / 1e6,
    parts,
  };
}

async function numberOf(store: ClickHouseClient, sql: string): Promise<number> {
  const [row] = await readRows<{ n: string }>(store, { sql, params: {}, about: 'counts' });
  return Number(row?.n);
}

function rowsOf(store: ClickHouseClient): Promise<number> {
  return numberOf(store, 'SELECT count() AS n FROM otel_traces');
}

async function stored(store: ClickHouseClient, rows: number): Promise<void> {
  while ((await rowsOf(store)) < rows) await sleep(100);
}

/** No merge ran and the engine was idle, under 5 % of a core, in each of three looks 2 s apart: merges pause. */
async function settled(server: BenchServer): Promise<void> {
  let before = server.cpuMs()['store'] as number;
  for (let quiet = 0; quiet < 3; ) {
    await sleep(2_000);
    const now = server.cpuMs()['store'] as number;
    const merges = await numberOf(server.store, 'SELECT count() AS n FROM system.merges');
    quiet = merges === 0 && now - before < 100 ? quiet + 1 : 0;
    before = now;
  }
}

async function measurePlumbline(): Promise<PeerCost> {
  const server = await startServer(['store', 'ingest']);
  try {
    return await measure(server, {
      httpPort: server.ports.otlpHttpPort,
      cpuMs: () => server.cpuMs()['ingest'] as number,
      residentBytes: () => server.residentBytes(),
    });
  } finally {
    await server.stop();
  }
}

async function measureCollector(
  setup: Pick<CollectorSetup, 'binary' | 'batchRows' | 'gogc'>,
): Promise<PeerCost> {
  const server = await startServer(['store']);
  // The exporter does not know our arrival time. Without one its rows are of 1970, and the TTL drops them.
  const sql = `ALTER TABLE otel_traces MODIFY COLUMN ReceivedAt DEFAULT now64(3, 'UTC')`;
  await server.store.command({ query: sql });
  const url = `http://127.0.0.1:${server.ports.clickhousePort}`;
  const token = await readOrCreateEngineToken(server.dataDir);
  const collector = await runCollector({ ...setup, store: { url, token } });
  try {
    return await measure(server, {
      httpPort: collector.httpPort,
      cpuMs: () => cpuMs(collector.pid),
      residentBytes: () => residentBytes(collector.pid),
    });
  } finally {
    for (const line of collector.complaints.slice(0, 5)) console.error(line);
    await collector.stop();
    await server.stop();
  }
}

/** Sides by name: `plumbline`, or rows in a batch of the Collector and its GOGC (`8192`, `100000/400`). */
async function measureSide(side: string, binary: string): Promise<PeerCost> {
  if (side === 'plumbline') return measurePlumbline();
  const [batchRows, gogc = 100] = side.split('/').map(Number) as [number, number?];
  return measureCollector({ binary, batchRows, gogc });
}

const built = await buildCollector();
if ('missing' in built) console.log(`Peers cannot be measured: ${built.missing}`);
else {
  for (const side of process.argv.slice(2)) {
    console.log(JSON.stringify({ side, ...(await measureSide(side, built.binary)) }));
  }
}
