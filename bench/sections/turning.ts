import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection, httpRequest } from '../load/http-connection.ts';
import { spansOf } from '../payloads/spans-of.ts';
import { startServer } from '../processes/start-server.ts';
import { checkLine } from '../report/check-line.ts';
import { quantile } from '../report/ratios.ts';

const SERVICES_A_ROUND = 20;
const WARM_S = 20;
const LATE_MS = 60_000;
/** A question takes the gate a line in its ledger: fifty a second are no load, and tell the time to 10 ms on average. */
const ASK_EVERY_MS = 20;
/** Services that send besides, ten spans a second each, and are never late. */
const BYSTANDERS = Number(process.env['BYSTANDERS'] ?? 0);

/**
 * From the acknowledgement of spans that show a source to be late until the gate no longer allows what rests on it:
 * store, judge and gate as `npm start` runs them.
 */
export async function turning(rounds: number): Promise<void> {
  const services = Array.from({ length: SERVICES_A_ROUND * rounds }, (_, i) => `turning-${i}`);
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-constraints-'));
  for (const service of services) writeFileSync(join(folder, `${service}.yaml`), constraintFile(service));
  const server = await startServer(['store', 'ingest', 'judge', 'api'], { PLUMBLINE_CONSTRAINTS: folder });
  const tookMs: number[] = [];
  let neverAllowed = 0;
  let cpuText = '';
  try {
    const { otlpHttpPort, apiPort } = server.ports;
    const stopping = new AbortController();
    const healthy = new Set(services);
    const bystanders = new Set(Array.from({ length: BYSTANDERS }, (_, i) => `bystander-${i}`));
    const sending = Promise.all([
      sendHealthy(otlpHttpPort, { services: healthy, count: 100 }, stopping.signal),
      sendHealthy(otlpHttpPort, { services: bystanders, count: 10 }, stopping.signal),
    ]);
    await sleep(WARM_S * 1_000);
    const [began, cpuBefore] = [performance.now(), server.cpuMs()];
    for (const service of services) {
      if (!(await isAllowed(apiPort, service))) {
        neverAllowed++;
        continue;
      }
      healthy.delete(service);
      await send(otlpHttpPort, service, { count: 500, ageMs: LATE_MS });
      const sentAt = performance.now();
      while (await isAllowed(apiPort, service)) await sleep(ASK_EVERY_MS);
      tookMs.push(performance.now() - sentAt);
      process.stderr.write('.');
      await sleep(500 * Math.random());
    }
    cpuText = cpuOf(cpuBefore, server.cpuMs(), performance.now() - began);
    stopping.abort();
    await sending;
  } finally {
    connections.destroy();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
  console.log(
    `\n\nFrom evidence to a gate that turned, ${tookMs.length} services (${neverAllowed} were not allowed before)`,
  );
  const [p50, p99] = [quantile(tookMs, 0.5) / 1_000, quantile(tookMs, 0.99) / 1_000];
  console.log(
    `p50 ${p50.toFixed(2)} s, p99 ${p99.toFixed(2)} s, slowest ${(Math.max(...tookMs) / 1_000).toFixed(2)} s`,
  );
  console.log(`CPU ms a second meanwhile, ${BYSTANDERS} more services sending: ${cpuText}`);
  console.log(checkLine('a source that breaks turns the gate within 2 s, p99', p99, p99 <= 2));
}

function constraintFile(service: string): string {
  return `apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: { name: ${service}, owner: team-bench }
scope: { service: ${service} }
sources:
  - { id: traces, signal: traces, expect: { lag: "p90 <= 10s" } }
`;
}

function cpuOf(before: Readonly<Record<string, number>>, after: typeof before, tookMs: number): string {
  const rates = Object.entries(after).map(([role, ms]) => {
    const rate = (1_000 * (ms - (before[role] ?? 0))) / tookMs;
    return `${role} ${rate.toFixed(0)}`;
  });
  return rates.join(', ');
}

/** So many spans a second of each. */
async function sendHealthy(
  port: number,
  { services, count }: { services: ReadonlySet<string>; count: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const startedAt = performance.now();
    for (const service of services) await send(port, service, { count, ageMs: 100 });
    await sleep(Math.max(0, 1_000 - (performance.now() - startedAt)));
  }
}

async function send(port: number, service: string, of: { count: number; ageMs: number }): Promise<void> {
  const connection = await HttpConnection.open(port);
  const status = await connection.send(
    httpRequest('/v1/traces', { 'content-type': 'application/json' }, spansOf(service, of)),
  );
  connection.close();
  if (status !== 200) throw new Error(`Ingest answered ${status}`);
}

const connections = new Agent({ keepAlive: true });

async function isAllowed(port: number, service: string): Promise<boolean> {
  const body = JSON.stringify({
    actor: { id: 'hpa/bench' },
    action: { kind: 'scale.down', from: { replicas: 6 }, to: { replicas: 4 } },
    target: { service },
  });
  const asked = request({
    ...{ agent: connections, host: '127.0.0.1', port, path: '/api/v1/decisions', method: 'POST' },
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const { decision } = (await json(answer)) as { decision: string };
  return decision === 'allow';
}
