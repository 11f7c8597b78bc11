import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRows } from '../../store/read-rows.ts';
import { askGate } from '../load/ask-gate.ts';
import { HttpConnection, httpRequest } from '../load/http-connection.ts';
import { Load } from '../load/load.ts';
import { probe } from '../payloads/probe.ts';
import { forkServer } from '../processes/fork-server.ts';
import { type BenchServer, startServer } from '../processes/start-server.ts';
import { checkLine } from '../report/check-line.ts';
import { median, quantile } from '../report/ratios.ts';

/** Saturation: as many spans a second come through as over 16, which only wait twice as long (section growth). */
const CONNECTIONS = 8;
const SECONDS = 15;
/** Only answers: what the machine itself takes for a question and an answer. */
const BARE_SERVER = join(import.meta.dirname, '../processes/bare-server.ts');
const ASKS_PER_S = 100;

/** All roles, as `npm start` runs them: how long an answer takes at full and at half load. */
export async function latency(rounds: number): Promise<void> {
  const server = await startServer(['store', 'ingest', 'judge', 'api']);
  const { otlpHttpPort: port, apiPort } = server.ports;
  const bare = await forkServer(BARE_SERVER);
  const load = await Load.start({
    signal: 'traces',
    transport: 'http',
    port,
    gzip: true,
    payloads: 32,
    sources: 96,
    seed: 1,
  });
  const figures: Record<string, number[]> = {};
  const note = (name: string, value: number): void => {
    figures[name] = [...(figures[name] ?? []), value];
  };
  const run = { connections: CONNECTIONS, requests: Number.MAX_SAFE_INTEGER, seconds: SECONDS };
  try {
    // Until everything is compiled and the first merges have run.
    const warm = new AbortController();
    const warming = askGate(apiPort, ASKS_PER_S, warm.signal);
    await load.run({ ...run, requestsPerS: null });
    warm.abort();
    await warming;
    await sleep(10_000);
    for (let round = 0; round < rounds; round++) {
      const asked = new AbortController();
      const asking = Promise.all([apiPort, bare.port].map((to) => askGate(to, ASKS_PER_S, asked.signal)));
      const full = await load.run({ ...run, requestsPerS: null });
      asked.abort();
      note('acknowledgement at saturation, p50', full.latencyMs.p50);
      note('acknowledgement at saturation, p99', full.latencyMs.p99);
      const [decisions = [], bareAnswers = []] = await asking;
      note('gate decision at saturation, p50', quantile(decisions, 0.5));
      note('gate decision at saturation, p99', quantile(decisions, 0.99));
      note('bare node:http server beside it, p50', quantile(bareAnswers, 0.5));
      note('bare node:http server beside it, p99', quantile(bareAnswers, 0.99));
      note('memory of all roles, MB', server.residentBytes() / 1e6);
      // What waited is stored too then: how many come through, not how many a short run can leave waiting.
      const storedS = SECONDS + (await visibleMs(server, `settled-${round}`)) / 1_000;
      note('k spans/s at saturation', full.items / storedS / 1_000);
      await sleep(10_000); // merges have caught up
      const requestsPerS = full.requests / storedS / 2;
      const probing = visibleOnesMs(server, round);
      const half = await load.run({ ...run, requestsPerS });
      note('acknowledgement at half load, p50', half.latencyMs.p50);
      note('acknowledgement at half load, p99', half.latencyMs.p99);
      for (const ms of await probing) note('row visible after, slowest at half load', ms);
      process.stderr.write('.');
    }
  } finally {
    await load.stop();
    await bare.stop();
    await server.stop();
  }
  console.log(
    `\n\nLatency in ms, ${CONNECTIONS} connections of 512 spans, all roles running, median of ${rounds}`,
  );
  for (const [name, values] of Object.entries(figures))
    console.log(`${name.padEnd(42)} ${median(values).toFixed(1)}`);
  const goals: readonly [string, number][] = [
    ['acknowledgement at saturation, p99', 300],
    ['acknowledgement at half load, p99', 50],
    ['gate decision at saturation, p99', 10],
    ['row visible after, slowest at half load', 2_000],
  ];
  console.log('');
  for (const [name, most] of goals) {
    const values = figures[name] ?? [];
    const measured = name.includes('slowest') ? Math.max(...values) : median(values);
    console.log(checkLine(`${name} at most ${most} ms`, measured, measured <= most));
  }
}

/** From the acknowledgement of single spans until each shows in a query. */
async function visibleOnesMs(server: BenchServer, round: number): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < 5; i++) {
    await sleep(1_700);
    took.push(await visibleMs(server, `probe-${round}-${i}`));
  }
  return took;
}

async function visibleMs({ ports, store }: BenchServer, service: string): Promise<number> {
  const connection = await HttpConnection.open(ports.otlpHttpPort);
  const headers = { 'content-type': 'application/x-protobuf' };
  await connection.send(httpRequest('/v1/traces', headers, probe(service)));
  const sentAt = performance.now();
  connection.close();
  while (!(await isVisible(store, service))) await sleep(20);
  return performance.now() - sentAt;
}

async function isVisible(store: BenchServer['store'], service: string): Promise<boolean> {
  const rows = await readRows(store, {
    sql: `SELECT 1 FROM otel_traces WHERE ServiceName = {service:String} LIMIT 1`,
    params: { service },
    about: 'a probe',
  });
  return rows.length > 0;
}
