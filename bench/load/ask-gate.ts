import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection, httpRequest } from './http-connection.ts';

const DECISION = {
  actor: { id: 'bench' },
  action: { kind: 'scale.down', from: { replicas: 6 }, to: { replicas: 4 } },
  target: { service: 'checkout' },
};
const CONNECTIONS = 8;

/**
 * Asks the gate at a steady rate until told to stop; latency counts from when a question was due.
 * @returns latencies in ms
 */
export async function askGate(port: number, perS: number, signal: AbortSignal): Promise<number[]> {
  const headers = { 'content-type': 'application/json' };
  const request = httpRequest('/api/v1/decisions', headers, Buffer.from(JSON.stringify(DECISION)));
  const startedAt = performance.now();
  const latenciesMs: number[] = [];
  let next = 0;
  const ask = async (): Promise<void> => {
    const connection = await HttpConnection.open(port);
    while (!signal.aborted) {
      const dueAt = startedAt + (next++ * 1_000) / perS;
      await sleep(Math.max(0, dueAt - performance.now()));
      const countsFrom = Math.min(dueAt, performance.now()); // a timer may ring a little early
      const status = await connection.send(request);
      if (status !== 200) throw new Error(`The gate answered ${status}`);
      latenciesMs.push(performance.now() - countsFrom);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, ask));
  return latenciesMs;
}
