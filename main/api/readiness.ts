import { connect } from 'node:net';
import type { ClickHouseClient } from '@clickhouse/client';
import { localUrl } from '../local-url.ts';
import type { Role } from '../settings.ts';

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, or where it answers. */
  readonly detail: string;
}

const ANSWER_MS_MAX = 1_000;

/** Everything that must answer before this process may be asked, of the roles that run here. */
export async function checkReadiness(of: {
  host: string;
  ports: { otlpGrpc: number; otlpHttp: number; api: number; keda: number | null };
  roles: readonly Role[];
  client: ClickHouseClient;
  gateReady: () => boolean;
}): Promise<{ ready: boolean; checks: readonly ReadinessCheck[] }> {
  const { host, ports, roles, client, gateReady } = of;
  const checks = await Promise.all([
    ...(roles.includes('ingest')
      ? [checkPort('otlp-grpc', host, ports.otlpGrpc), checkPort('otlp-http', host, ports.otlpHttp)]
      : []),
    checkPort('api', host, ports.api),
    ...(ports.keda === null ? [] : [checkPort('keda', host, ports.keda)]),
    checkStore(client),
    checkGate(gateReady()),
  ]);
  return { ready: checks.every(({ ok }) => ok), checks };
}

function checkPort(name: string, host: string, port: number): Promise<ReadinessCheck> {
  const url = new URL(localUrl(host, port));
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, timeout: ANSWER_MS_MAX });
    const end = (ok: boolean, detail: string): void => {
      socket.destroy();
      resolve({ name, ok, detail });
    };
    socket.once('connect', () => end(true, `port ${port} answers`));
    socket.once('error', (error) => end(false, `port ${port}: ${error.message}`));
    socket.once('timeout', () => end(false, `port ${port} did not answer within ${ANSWER_MS_MAX} ms`));
  });
}

async function checkStore(client: ClickHouseClient): Promise<ReadinessCheck> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  // With a SELECT: an open port whose engine hangs, or a token that is wrong, is not ready.
  const answer = await client.ping({ select: true, abort_signal: signal });
  if (answer.success) return { name: 'store', ok: true, detail: 'ClickHouse answers' };
  return { name: 'store', ok: false, detail: `ClickHouse does not answer: ${answer.error.message}` };
}

function checkGate(ok: boolean): ReadinessCheck {
  return {
    name: 'gate',
    ok,
    detail: ok
      ? 'its trust state is fresh'
      : 'its trust state is not fresh: it reads verdicts from the store',
  };
}
