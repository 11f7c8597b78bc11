import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection, httpRequest } from './http-connection.ts';

const DECISION = {
  actor: { id: 'bench' },
  action: { kind: 'scale.down', from: { replicas: 6 }, to: { replicas: 4 } },
  target: { service: 'checkout' },
};

/**
 * Asks the gate at a steady rate until told to stop; latency counts from when a question was due.
 * @returns latencies in ms
 */
export async function askGate(port: number, perS: number, signal: AbortSignal): Promise<number[]> {
  const headers = { 'content-type': 'application/json' };
  const request = httpRequest('/api/v1/decisions', headers, Buffer.from(JSON.stringify(DECISION)));
  const connection = await HttpConnection.open(port);
  const startedAt = performance.now();
  const latenciesMs: number[] = [];
  for (let count = 0; !signal.aborted; count++) {
    const dueAt = startedAt + (count * 1_000) / perS;
    await sleep(Math.max(0, dueAt - performance.now()));
    const status = await connection.send(request);
    if (status !== 200) throw new Error(`The gate answered ${status}`);
    latenciesMs.push(performance.now() - dueAt);
  }
  connection.close();
  return latenciesMs;
}
