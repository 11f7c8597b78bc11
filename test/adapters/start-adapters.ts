import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metrics } from '@opentelemetry/api';
import { type ApiConfig, startApi } from '../../main/api/start-api.ts';
import { insertVerdicts } from '../../store/verdicts.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { tracesVerdicts } from '../gates/judged-world.ts';

/** `checkout` may not go below two; its data is trusted, that of `cart` is not known, that of `ads` is broken. */
const CONSTRAINTS = `
apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: {name: checkout, owner: shop}
scope: {service: checkout}
boundaries: {replicas: {min: 2, max: 20}}
failureTolerance: {rebalance.shards: {unknown: hold}}
`;

export interface TestWorld {
  readonly engine: TestEngine;
  readonly dataDir: string;
  readonly logged: string[];
  /** A server of its own, on a free port. */
  start(name: string, given?: Partial<ApiConfig>): ReturnType<typeof startApi>;
  close(): Promise<void>;
}

export async function startTestWorld(): Promise<TestWorld> {
  const engine = await startTestEngine({ migrate: true });
  const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-adapters-'));
  const constraintsPath = join(dataDir, 'constraints.yaml');
  await writeFile(constraintsPath, CONSTRAINTS);
  const fresh = { evaluatedAtMs: Date.now() - 500, validForMs: 600_000 };
  await insertVerdicts(engine.client, [
    ...tracesVerdicts('pass', { ...fresh, serviceName: 'checkout' }),
    ...tracesVerdicts('fail', { ...fresh, serviceName: 'ads' }),
  ]);
  const logged: string[] = [];
  const opened: Awaited<ReturnType<typeof startApi>>[] = [];
  return {
    engine,
    dataDir,
    logged,
    async start(name, given = {}) {
      const note = (_facts: object, text: string): void => void logged.push(text);
      const api = await startApi(
        {
          host: '127.0.0.1',
          apiPort: 0,
          keys: [],
          dataDir: join(dataDir, name),
          constraintsPath,
          otlpGrpcPort: 4317,
          otlpHttpPort: 4318,
          roles: ['api'],
          ...given,
        },
        {
          client: engine.client,
          now: Date.now,
          log: { info: note, warn: note, error: note },
          meter: metrics.getMeter('test'),
          collectMetrics: async () => '',
        },
      );
      opened.push(api);
      await waitUntilJudging(api.port, given.keys?.[0]);
      return api;
    },
    async close() {
      await Promise.all(opened.map((api) => api.close()));
      await engine.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function waitUntilJudging(port: number, key = ''): Promise<void> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const { checks } = (await response.json()) as { checks: { name: string; ok: boolean }[] };
    if (checks.some(({ name, ok }) => name === 'gate' && ok)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the protocol says
  readonly body: any;
  readonly headers: Headers;
}

export async function send(
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const parsed = type.includes('json') ? JSON.parse(text) : null;
  return { status: response.status, type, text, body: parsed, headers: response.headers };
}
