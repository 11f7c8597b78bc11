import { quantile } from '../report/ratios.ts';
import type { AskRun } from './asker.ts';
import { HttpConnection, httpRequest } from './http-connection.ts';

/** Asks a gate, in a process of its own: told run by run where, how fast and how long. */
process.on('message', async (run: AskRun) => process.send?.(await ask(run)));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

async function ask({ port, connections, perS, seconds, services }: AskRun) {
  const requests = services.map((service) => questionAbout(service));
  const lines = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(port)));
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1_000;
  const latenciesMs: number[] = [];
  let next = 0;
  const runLine = async (line: HttpConnection): Promise<void> => {
    while (performance.now() < endsAt) {
      const index = next++;
      // Latency counts from when a question was due: one slow answer delays those behind it.
      const dueAt = perS === null ? performance.now() : startedAt + (index * 1_000) / perS;
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // A timer may ring a little early: what is asked before it was due counts from when it was asked.
      const countsFrom = Math.min(dueAt, performance.now());
      const status = await line.send(requests[index % requests.length] as Buffer);
      if (status !== 200) throw new Error(`The gate answered ${status}`);
      latenciesMs.push(performance.now() - countsFrom);
    }
  };
  await Promise.all(lines.map(runLine));
  for (const line of lines) line.close();
  return {
    answered: latenciesMs.length,
    wallMs: performance.now() - startedAt,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    p999Ms: quantile(latenciesMs, 0.999),
  };
}

function questionAbout(service: string): Buffer {
  const question = {
    actor: { id: 'hpa/bench', type: 'autoscaler' },
    action: { kind: 'scale.down', from: { replicas: 12 }, to: { replicas: 10 } },
    target: { service, env: 'prod' },
  };
  const headers = { 'content-type': 'application/json' };
  return httpRequest('/api/v1/decisions', headers, Buffer.from(JSON.stringify(question)));
}
