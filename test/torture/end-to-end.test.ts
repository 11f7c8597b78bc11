import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Decision } from '../../core/decision.ts';
import { expectations, loadConstraints } from '../../gates/constraints/constraints.ts';
import { judge, newJudgeMemory } from '../../jobs/judge.ts';
import { settleEdges } from '../../jobs/settle-edges.ts';
import { createStoreClient } from '../../store/client.ts';
import { readRows } from '../../store/read-rows.ts';
import { startTestApi, type TestApi } from '../api/start-test-api.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { readIncidents } from '../incidents/read-incident.ts';
import { askOfTwin, requestBody } from '../incidents/replay-incident.ts';
import { startTestIngest, type TestIngest } from '../ingest/start-test-ingest.ts';
import { secondOfShop, sendSpans, type TelemetryFault } from './send-shop.ts';

vi.setConfig({ testTimeout: 120_000 }); // a busy machine is slow, not wrong

/** What is sent is healthy for this long, and then not. */
const HEALTHY_S = 240;
const FAULT_S = 120;
const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 1_200_000;

const FAULTS: readonly (readonly [TelemetryFault, code: RegExp])[] = [
  ['silent', /^(SRC_LATE|DATA_UNKNOWN)$/],
  ['lossy', /^SRC_INCOMPLETE$/],
  ['late', /^SRC_LATE$/],
  ['behind', /^SRC_LATE$/],
  ['ahead', /^(SRC_LATE|DATA_UNKNOWN)$/],
  ['frozen', /^(SRC_LATE|DATA_UNKNOWN)$/],
  ['doubled', /^POLICY_(UNMET|UNKNOWN)$/],
  ['renamed', /^(SRC_LATE|DATA_UNKNOWN)$/],
];
const incidents = readIncidents().filter(({ incident }) => incident.telemetry !== undefined);
const SENDERS: readonly (readonly [service: string, fault: TelemetryFault])[] = [
  ...FAULTS.map(([fault]) => [`${fault}-shop`, fault] as const),
  ['healthy-shop', 'healthy'],
  ...incidents.map(({ set, incident }) => [set.scope.service, incident.telemetry ?? 'healthy'] as const),
];

let engine: TestEngine;
let ingest: TestIngest;
let api: TestApi;
let folder: string;
let clockMs = T0;
let sent = 0;
const memory = newJudgeMemory();

const setOf = (service: string) => `
apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: { name: ${service}, owner: team }
scope: { service: ${service} }
sources:
  - { id: traces, signal: traces, expect: { completeness: ">= 95%", lag: "p99 <= 30s", sampling: { declared: none } } }
`;
/** Spans that are stored twice are whole and in time; that they are sound is asked where somebody writes so. */
const SOUND =
  'policies: [{ id: sound, when: \'action.kind != "scale.up"\', require: data.traces.structured }]\n';
/** That no record has a fault is sure by some thousands of them. */
const callsPerS = (fault: TelemetryFault) => (fault === 'doubled' ? 9 : 2);

/** Sends some seconds of every service, each second when it is over, by the clock of the receiver. */
async function live(fromS: number, untilS: number, faultOf: (fault: TelemetryFault) => TelemetryFault) {
  for (let second = fromS; second < untilS; second++) {
    const startMs = T0 + 1_000 * second;
    clockMs = startMs + 1_100;
    const all = SENDERS.flatMap(([service, fault], index) =>
      secondOfShop(service, {
        index,
        startMs,
        fault: faultOf(fault),
        secondNumber: second + 1,
        callsPerS: callsPerS(fault),
      }),
    );
    sent += await sendSpans(ingest.httpUrl, all);
  }
  const stored = async () => {
    const rows = await readRows<{ n: string }>(engine.client, {
      sql: 'SELECT count() AS n FROM otel_traces',
      params: {},
      about: 'otel_traces',
    });
    return Number(rows[0]?.n);
  };
  await expect.poll(stored, { timeout: 60_000 }).toBe(sent);
  clockMs = T0 + 1_000 * untilS + 500;
  const sets = loadConstraints(folder);
  await settleEdges({ client: engine.client }, clockMs);
  await judge({ client: engine.client, expectations: () => expectations(sets), memory }, clockMs);
}

const post = async (body: unknown) => {
  const response = await fetch(`http://127.0.0.1:${api.port}/api/v1/decisions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Decision & { code?: string } };
};
const UNSAFE = ['scale.down', 'promote', 'drain', 'restart.many', 'rightsize.down', 'delete', 'quota.lower'];

const ask = async (service: string, kind: string) => {
  const sizes = kind.startsWith('scale.')
    ? { from: { replicas: 8 }, to: { replicas: kind === 'scale.up' ? 9 : 7 } }
    : {};
  const { body } = await post({ actor: { id: 'robot' }, action: { kind, ...sizes }, target: { service } });
  return body;
};
const codesOf = ({ reasons }: Decision) => reasons.map(({ code }) => code);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-torture-'));
  for (const [service, fault] of SENDERS)
    await writeFile(join(folder, `${service}.yaml`), setOf(service) + (fault === 'doubled' ? SOUND : ''));
  for (const { set, constraintsPath } of incidents)
    await copyFile(constraintsPath, join(folder, `${set.scope.service}.yaml`));
  engine = await startTestEngine({ migrate: true });
  const client = createStoreClient({ url: engine.url, token: engine.token });
  ingest = await startTestIngest({ batchAgeMsMax: 2_000 }, client, { now: () => clockMs });
  api = await startTestApi(
    { dataDir: join(folder, 'data'), constraintsPath: folder, roles: ['store', 'ingest', 'judge', 'api'] },
    { client: engine.client, now: () => clockMs },
  );
});
afterAll(async () => {
  await api.close();
  await ingest[Symbol.asyncDispose]();
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

describe('over OTLP and HTTP, with a real store and the real judge', () => {
  it('a gate that knows nothing yet holds, and lets the safe direction go on', async () => {
    expect((await ask('healthy-shop', 'scale.down')).decision).toBe('hold');
    expect(await ask('healthy-shop', 'scale.up')).toMatchObject({
      decision: 'allow',
      failMode: 'allow-capped',
    });
  });

  it('what comes whole and in time is allowed, and so are the healthy twins of incidents', async () => {
    await live(0, HEALTHY_S, () => 'healthy');
    for (const [service] of SENDERS)
      await expect
        .poll(async () => codesOf(await ask(service, 'scale.down')), { timeout: 30_000 })
        .toEqual(['OK']);
    for (const incident of incidents)
      for (const asked of incident.asks.map(askOfTwin)) {
        const { service } = incident.set.scope;
        const { body } = await post(requestBody(service, asked, { saw: {}, nowMs: clockMs }));
        expect([incident.name, body.decision, codesOf(body)]).toEqual([incident.name, 'allow', ['OK']]);
      }
  });

  it('what breaks stops the unsafe direction, at every stage, and caps the safe one', async () => {
    await live(HEALTHY_S, HEALTHY_S + FAULT_S, (fault) => fault);
    await expect
      .poll(async () => (await ask('healthy-shop', 'scale.down')).decision, { timeout: 30_000 })
      .toBe('allow');
    for (const [fault, code] of FAULTS) {
      const service = `${fault}-shop`;
      await expect
        .poll(async () => codesOf(await ask(service, 'scale.down')).some((one) => code.test(one)), {
          timeout: 30_000,
        })
        .toBe(true);
      for (const kind of UNSAFE) {
        const body = await ask(service, kind);
        expect([fault, kind, body.decision === 'allow', codesOf(body)]).toEqual([
          fault,
          kind,
          false,
          expect.arrayContaining([expect.stringMatching(code)]),
        ]);
      }
      const { decision, failMode } = await ask(service, 'scale.up');
      // Of the doubled one nothing speaks against more capacity.
      const mode = fault === 'doubled' ? null : 'allow-capped';
      expect([fault, decision, failMode]).toEqual([fault, 'allow', mode]);
    }
  });

  it.each(incidents.map((incident) => [incident.title, incident] as const))(
    '%s: stopped by the named check',
    async (_title, incident) => {
      for (const asked of incident.asks) {
        const { body } = await post(
          requestBody(incident.set.scope.service, asked, { saw: {}, nowMs: clockMs }),
        );
        expect([asked.what, body.decision, codesOf(body)]).toEqual([
          asked.what,
          asked.incident.decision,
          expect.arrayContaining([asked.incident.reason]),
        ]);
      }
    },
  );

  it('a question that is too large, too deep or no JSON is refused, with a problem document', async () => {
    const deep = `${'{"a":'.repeat(60)}1${'}'.repeat(60)}`;
    const question = (to: string) =>
      `{"actor":{"id":"robot"},"action":{"kind":"scale.up","to":${to}},"target":{"service":"healthy-shop"}}`;
    const refused = await Promise.all([
      post(question(deep)),
      post(question(`{"pad":"${'x'.repeat(10_000_000)}"}`)).catch(() => ({
        status: 413,
        body: { code: 'cut off' },
      })),
      post('{"actor":'),
      post(question('{"replicas": NaN}')),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([400, 413, 400, 400]);
    expect(refused.every(({ body }) => typeof body.code === 'string')).toBe(true);
  });
});
