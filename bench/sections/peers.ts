import { setTimeout as sleep } from 'node:timers/promises';
import { textTable } from '../../main/text-table.ts';
import { readOrCreateEngineToken } from '../../store/engine/engine-token.ts';
import { readRows } from '../../store/read-rows.ts';
import { Load } from '../load/load.ts';
import { buildCollector } from '../peers/build-collector.ts';
import { runCollector } from '../peers/run-collector.ts';
import { cpuMs } from '../processes/cpu-time.ts';
import { untilStored } from '../processes/span-count.ts';
import { type BenchServer, startServer } from '../processes/start-server.ts';
import { checkLine } from '../report/check-line.ts';
import { RATIO_HEADS, ratioOf, ratioRows, type Sample } from '../report/ratios.ts';

const CONNECTIONS = 16;
const WARM_REQUESTS = 200;
const REQUESTS = 800;

const PLUMBLINE = 'Plumbline';
/** Of the settings tried the one that served the Collector best, and its exporter's own default batch. */
const COLLECTOR = 'Collector, batches of 100,000';
const COLLECTOR_DEFAULT = 'Collector, batches of 8,192';

interface Receiver {
  readonly port: number;
  cpuMs(): number;
}

/** The OpenTelemetry Collector with a durable queue beside us: same bytes, same engine, same tables and views. */
export async function peers(rounds: number): Promise<void> {
  const built = await buildCollector();
  if ('missing' in built) {
    console.log(`\nPeers cannot be measured: ${built.missing}`);
    return;
  }
  const { binary } = built;
  const sides: Readonly<Record<string, () => Promise<Sample>>> = {
    [COLLECTOR]: () => measureCollector({ binary, batchRows: 100_000, gogc: 400 }),
    [COLLECTOR_DEFAULT]: () => measureCollector({ binary, batchRows: 8_192 }),
    [PLUMBLINE]: measurePlumbline,
  };
  const samples: Record<string, Sample[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [side, run] of Object.entries(sides)) {
      samples[side] = [...(samples[side] ?? []), await run()];
      process.stderr.write('.');
    }
  }
  console.log(`\n\nSpans acknowledged and stored until merges have settled; ratios to ${COLLECTOR}`);
  console.log(textTable(RATIO_HEADS, ratioRows(samples, COLLECTOR)));
  for (const side of [COLLECTOR, COLLECTOR_DEFAULT]) {
    const ratio = ratioOf(samples, PLUMBLINE, side, 'cpuUs').median;
    console.log(checkLine(`durable spans per CPU-second at least those of the ${side}`, ratio, ratio >= 1));
  }
}

async function measurePlumbline(): Promise<Sample> {
  const server = await startServer(['store', 'ingest']);
  try {
    const cpu = () => server.cpuMs()['ingest'] as number;
    return await measure(server, { port: server.ports.otlpHttpPort, cpuMs: cpu });
  } finally {
    await server.stop();
  }
}

async function measureCollector(setup: {
  binary: string;
  batchRows: number;
  gogc?: number;
}): Promise<Sample> {
  const server = await startServer(['store']);
  const url = `http://127.0.0.1:${server.ports.clickhousePort}`;
  const token = await readOrCreateEngineToken(server.dataDir);
  const collector = await runCollector({ ...setup, store: { url, token } });
  try {
    return await measure(server, { port: collector.httpPort, cpuMs: () => cpuMs(collector.pid) });
  } finally {
    for (const line of collector.complaints.slice(0, 5)) console.error(line);
    await collector.stop();
    await server.stop();
  }
}

/** Wall time until the last row is stored; CPU time of receiver and engine until merges have settled as well. */
async function measure(server: BenchServer, receiver: Receiver): Promise<Sample> {
  const load = await Load.start({
    signal: 'traces',
    transport: 'http',
    port: receiver.port,
    gzip: true,
    payloads: 64,
    sources: 48,
    seed: 7,
  });
  const run = { connections: CONNECTIONS, seconds: 600, requestsPerS: null };
  const warm = await load.run({ ...run, requests: WARM_REQUESTS });
  await untilStored(server.store, warm.items);
  await settled(server);
  const cpu = () => receiver.cpuMs() + (server.cpuMs()['store'] as number);
  const cpuBefore = cpu();
  const startedAt = performance.now();
  const sent = await load.run({ ...run, requests: REQUESTS });
  await untilStored(server.store, warm.items + sent.items);
  const wallUs = ((performance.now() - startedAt) * 1_000) / sent.items;
  await settled(server);
  await load.stop();
  return { wallUs, cpuUs: ((cpu() - cpuBefore) * 1_000) / sent.items };
}

/** No merge runs, and the engine has been idle for two seconds: under 5 % of a core. */
async function settled({ store, cpuMs: ofRoles }: BenchServer): Promise<void> {
  let before = Number.NEGATIVE_INFINITY;
  for (;;) {
    const now = ofRoles()['store'] as number;
    const sql = 'SELECT count() AS n FROM system.merges';
    const [row] = await readRows<{ n: string }>(store, { sql, params: {}, about: 'merges' });
    if (now - before < 100 && Number(row?.n) === 0) return;
    before = now;
    await sleep(2_000);
  }
}
