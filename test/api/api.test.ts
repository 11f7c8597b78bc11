import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metrics } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  decisionJson,
  decisionWithOutcomesJson,
  recordedDecisionJson,
} from '../../main/api/decision-json.ts';
import { findingJson } from '../../main/api/finding-json.ts';
import { reportJson } from '../../main/api/report-json.ts';
import { type ApiConfig, startApi } from '../../main/api/start-api.ts';
import { verdictJson } from '../../main/api/verdict-json.ts';
import { writeFinding } from '../../store/findings.ts';
import { writeReport } from '../../store/reports.ts';
import { insertVerdicts } from '../../store/verdicts.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { sampleFinding, sampleReport, sampleSource, sampleVerdict } from './samples.ts';

const KEY = 'a-key-for-the-test';
const CONSTRAINTS = `
apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: {name: checkout, owner: shop}
scope: {service: checkout}
sources:
  - {id: traces, signal: traces, expect: {completeness: ">= 95%"}}
boundaries: {replicas: {min: 2, max: 10}}
`;

let engine: TestEngine;
let otlp: Server;
let dataDir: string;
let config: ApiConfig;
let open: Awaited<ReturnType<typeof startApi>>;
let locked: Awaited<ReturnType<typeof startApi>>;
const logged: string[] = [];

async function listening(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function start(given: Partial<ApiConfig>): ReturnType<typeof startApi> {
  const note = (_facts: object, text: string): void => void logged.push(text);
  return startApi(
    { ...config, ...given },
    {
      client: engine.client,
      now: Date.now,
      log: { info: note, warn: note, error: note },
      meter: metrics.getMeter('test'),
      collectMetrics: async () => '# TYPE up gauge\nup 1\n',
    },
  );
}

beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  otlp = await listening();
  const otlpPort = (otlp.address() as AddressInfo).port;
  dataDir = await mkdtemp(join(tmpdir(), 'plumbline-api-'));
  const constraintsPath = join(dataDir, 'constraints.yaml');
  await writeFile(constraintsPath, CONSTRAINTS);
  config = {
    host: '127.0.0.1',
    apiPort: 0,
    keys: [],
    dataDir: join(dataDir, 'open'),
    constraintsPath,
    otlpGrpcPort: otlpPort,
    otlpHttpPort: otlpPort,
    roles: ['store', 'ingest', 'judge', 'api'],
  };
  const nowMs = Date.now();
  const fresh = { evaluatedAtMs: nowMs - 500, validUntilMs: nowMs + 600_000 };
  await insertVerdicts(engine.client, [
    sampleVerdict(fresh),
    sampleVerdict({ ...fresh, source: sampleSource('<script>alert(1)</script>'), outcome: 'pass' }),
    sampleVerdict({ ...fresh, dimension: 'sampling', outcome: 'unknown', estimate: null }),
  ]);
  await writeFinding(engine.client, sampleFinding(), nowMs);
  await writeReport(engine.client, sampleReport());
  open = await start({});
  locked = await start({ keys: [KEY], dataDir: join(dataDir, 'locked') });
});

afterAll(async () => {
  await open.close();
  await locked.close();
  otlp.close();
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function ask(
  path: string,
  init: RequestInit = {},
  port: number = open.port,
): Promise<{ status: number; type: string; text: string; body: never; headers: Headers }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    type,
    text,
    headers: response.headers,
    body: (type.includes('json') ? JSON.parse(text) : null) as never,
  };
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): ReturnType<typeof ask> {
  return ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const QUESTION = {
  actor: { id: 'autoscaler/checkout', type: 'autoscaler' },
  action: { kind: 'scale.down', stage: 'scaling', from: { replicas: 4 }, to: { replicas: 3 } },
  target: { service: 'checkout' },
};

describe('reading', () => {
  it('lists verdicts in the documented shape, filtered', async () => {
    const { status, body } = await ask('/api/v1/verdicts?service=checkout&dimension=completeness');
    const { verdicts } = body as { verdicts: unknown[] };
    expect(status).toBe(200);
    expect(verdicts).toHaveLength(1);
    expect(verdictJson.parse(verdicts[0])).toMatchObject({ outcome: 'fail', estimate: 0.2, unit: 'ratio' });
    const early = await ask(`/api/v1/verdicts?at=${new Date(Date.now() - 3_600_000).toISOString()}`);
    expect(early.body).toEqual({ verdicts: [] });
  });

  it('lists sources with their worst verdict, worst first', async () => {
    const { body } = await ask('/api/v1/sources');
    const { sources } = body as { sources: { serviceName: string; outcome: string; verdicts: unknown[] }[] };
    expect(sources.map(({ serviceName, outcome }) => [serviceName, outcome])).toEqual([
      ['checkout', 'fail'],
      ['<script>alert(1)</script>', 'pass'],
    ]);
    expect(sources[0]?.verdicts).toHaveLength(2);
  });

  it('gives findings', async () => {
    const { body } = await ask('/api/v1/findings?state=confirmed');
    const { findings } = body as { findings: unknown[] };
    expect(findings.map((finding) => findingJson.parse(finding).id)).toEqual(['finding-1']);
    expect(findingJson.parse((await ask('/api/v1/findings/finding-1')).body).subject).toBe('checkout');
    expect((await ask('/api/v1/findings?state=closed')).body).toEqual({ findings: [] });
  });

  it('gives a report as JSON, Markdown or a page, by its id or its finding', async () => {
    const get = (accept: string, id = 'report-1') => ask(`/api/v1/reports/${id}`, { headers: { accept } });
    expect(reportJson.parse((await get('application/json')).body).headline).toBe(
      'checkout is stable but bad',
    );
    expect(await get('text/markdown')).toMatchObject({
      type: 'text/markdown; charset=utf-8',
      text: '# checkout is stable but bad\n',
    });
    const page = await get('text/html,*/*;q=0.8', 'finding-1');
    expect(page.type).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await get('image/png')).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
    expect((await ask('/api/v1/reports')).body).toMatchObject({ reports: [{ id: 'report-1' }] });
  });

  it('shows the first page, with names as text', async () => {
    const { status, type, text, headers } = await ask('/');
    expect([status, type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toContain('shop/&lt;script&gt;alert(1)&lt;/script&gt; traces');
    expect(text).not.toContain('<script>alert');
    expect(text).toContain('20.0 % lost (14.0 to 28.0 %)');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('asking the gate', () => {
  it('answers 200 with a decision, and records it', async () => {
    const { status, body } = await post('/api/v1/decisions', QUESTION);
    expect(status).toBe(200);
    const decision = decisionJson.parse(body);
    expect(['deny', 'hold']).toContain(decision.decision);
    expect(decision.reasons.length).toBeGreaterThan(0);
    await expect
      .poll(async () => (await ask(`/api/v1/decisions/${decision.decisionId}`)).status, { timeout: 10_000 })
      .toBe(200);
    const recorded = decisionWithOutcomesJson.parse(
      (await ask(`/api/v1/decisions/${decision.decisionId}`)).body,
    );
    expect(recorded).toMatchObject({
      ...decision,
      receipt: null,
      request: QUESTION,
      mode: 'enforce',
      outcomes: [],
    });
    const listed = (await ask('/api/v1/decisions?service=checkout')).body as { decisions: unknown[] };
    expect((await ask('/api/v1/ledger/checkpoint')).body).toEqual({ seq: 1, hash: recorded.hash });
    expect(listed.decisions.map((item) => recordedDecisionJson.parse(item).decisionId)).toContain(
      decision.decisionId,
    );
  });

  it.each([
    ['no actor', { ...QUESTION, actor: {} }, 'actor.id'],
    ['an empty target', { ...QUESTION, target: {} }, 'target'],
    ['a misspelt field', { ...QUESTION, acton: {} }, 'acton'],
    ['a stage nobody knows', { ...QUESTION, action: { kind: 'scale.up', stage: 'scale' } }, 'action.stage'],
  ])('refuses %s and names the field', async (_, question, field) => {
    const { status, type, body } = await post('/api/v1/decisions', question);
    expect(status).toBe(400);
    expect(type).toBe('application/problem+json; charset=utf-8');
    expect(body).toMatchObject({ code: 'request_invalid', status: 400, retryable: false });
    expect((body as { detail: string }).detail).toContain(field);
  });
});

describe('constraints', () => {
  it('shows what is in force', async () => {
    const { body } = await ask('/api/v1/constraints/effective?service=checkout');
    expect(body).toMatchObject({
      sets: [{ metadata: { name: 'checkout' }, boundaries: { replicas: { min: 2 } } }],
    });
    const other = await ask('/api/v1/constraints/effective?service=cart&kind=scale.down');
    expect(other.body).toMatchObject({
      sets: [],
      effective: { sets: [], kinds: [{ kind: 'scale.down', unknown: 'hold' }] },
    });
    expect((await ask('/api/v1/constraints/effective')).body).toMatchObject({ effective: null });
  });

  it('says what the sets come to, for a target and a kind', async () => {
    const { body } = await ask('/api/v1/constraints/effective?service=checkout&kind=scale.down');
    expect(body).toMatchObject({
      effective: {
        limits: { replicas: { min: 2 } },
        kinds: [{ kind: 'scale.down', constraint: expect.any(String) }],
        reviewOverdue: [],
      },
    });
  });

  it('gives the schema of a file to editors', async () => {
    const { body } = await ask('/api/v1/constraints/schema');
    expect(body).toMatchObject({ properties: { policies: { type: 'array' } }, additionalProperties: false });
  });

  it('replays the past under a changed file, and not under a broken one', async () => {
    const question = {
      ...QUESTION,
      action: { kind: 'scale.up', from: { replicas: 3 }, to: { replicas: 4 } },
    };
    const decided = (await post('/api/v1/decisions', question)).body as { decisionId: string };
    const period = { from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' };
    const changed = { ...period, text: CONSTRAINTS.replace('min: 2', 'min: 5') };
    await vi.waitFor(async () => {
      const { body } = await post('/api/v1/constraints/replay', changed);
      const { flipped } = body as { flipped: { decisionId: string; now: string }[] };
      expect(flipped.find(({ decisionId }) => decisionId === decided.decisionId)).toMatchObject({
        was: 'allow',
        now: 'deny',
      });
    }, 15_000);
    const broken = await post('/api/v1/constraints/replay', {
      ...period,
      text: CONSTRAINTS.replace('min: 2', 'min: -2'),
    });
    expect(broken.body).toMatchObject({ valid: false, decisions: 0, problems: [{ severity: 'error' }] });
  });

  it('checks a file without using it', async () => {
    expect((await post('/api/v1/constraints/lint', { text: CONSTRAINTS })).body).toEqual({
      valid: true,
      problems: [],
    });
    const wrong = await post('/api/v1/constraints/lint', {
      text: CONSTRAINTS.replace('min: 2', 'min: -2'),
      file: 'x.yaml',
    });
    expect(wrong.status).toBe(200);
    expect(wrong.body).toMatchObject({
      valid: false,
      problems: [{ file: 'x.yaml', line: 8, severity: 'error' }],
    });
  });
});

describe('problems', () => {
  it.each([
    ['an unknown path', '/api/v1/verdict', {}, 404, 'not_found'],
    ['an unknown finding', '/api/v1/findings/none', {}, 404, 'not_found'],
    ['an unknown decision', '/api/v1/decisions/none', {}, 404, 'not_found'],
    ['the wrong method', '/api/v1/verdicts', { method: 'POST' }, 405, 'method_not_allowed'],
    ['a wrong query', '/api/v1/verdicts?dimension=size', {}, 400, 'request_invalid'],
    ['a misspelt query', '/api/v1/verdicts?servce=checkout', {}, 400, 'request_invalid'],
    ['a time that is none', '/api/v1/verdicts?at=yesterday', {}, 400, 'request_invalid'],
    ['a limit beyond', '/api/v1/findings?limit=5000', {}, 400, 'request_invalid'],
  ])('%s', async (_, path, init, status, code) => {
    const answer = await ask(path, init);
    expect([answer.status, answer.type]).toEqual([status, 'application/problem+json; charset=utf-8']);
    expect(answer.body).toMatchObject({ status, code, type: `urn:plumbline:failure:${code}` });
    expect(Object.keys(answer.body)).toEqual(expect.arrayContaining(['title', 'detail']));
  });

  it('names wrong query fields by path', async () => {
    const { body } = await ask('/api/v1/verdicts?dimension=size');
    expect(body).toMatchObject({ errors: [{ path: 'dimension' }] });
  });

  it.each([
    ['no JSON', '{"actor":', {}, 400],
    ['another type', 'actor=1', { 'content-type': 'text/plain' }, 415],
    ['too much', JSON.stringify({ text: 'x'.repeat(300_000) }), {}, 413],
  ])('a body that is %s', async (_, body, headers, status) => {
    const answer = await post('/api/v1/decisions', body, headers);
    expect(answer).toMatchObject({ status, type: 'application/problem+json; charset=utf-8' });
    expect(answer.body).toMatchObject({ status, code: 'request_invalid' });
  });

  it('refuses a name that does not belong to this machine', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest(
        {
          port: open.port,
          host: '127.0.0.1',
          path: '/api/v1/verdicts',
          headers: { host: 'attacker.example' },
        },
        (response) => resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(400);
  });
});

describe('keys', () => {
  const bearer = { authorization: `Bearer ${KEY}` };

  it('are asked for everywhere but by probes', async () => {
    for (const path of ['/', '/metrics', '/api/v1/verdicts', '/api/v1/openapi.json', '/api/v1/nothing']) {
      const refused = await ask(path, {}, locked.port);
      expect([path, refused.status]).toEqual([path, 401]);
      expect(refused.headers.get('www-authenticate')).toContain('Bearer');
    }
    expect((await ask('/healthz', {}, locked.port)).status).toBe(200);
    expect((await ask('/readyz', {}, locked.port)).body).toMatchObject({ checks: expect.any(Array) });
  });

  it('open it, and are not taken from the query', async () => {
    expect((await ask('/api/v1/verdicts', { headers: bearer }, locked.port)).status).toBe(200);
    expect((await ask(`/api/v1/verdicts?key=${KEY}`, {}, locked.port)).status).toBe(401);
    expect((await ask('/', { headers: bearer }, locked.port)).text).not.toContain(KEY);
  });
});

describe('operation', () => {
  it('is alive, ready when everything answers, and tells its metrics', async () => {
    expect((await ask('/healthz')).body).toEqual({ alive: true });
    await expect.poll(async () => (await ask('/readyz')).status).toBe(200);
    const { checks } = (await ask('/readyz')).body as { checks: { name: string; ok: boolean }[] };
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['otlp-grpc', true],
      ['otlp-http', true],
      ['api', true],
      ['store', true],
      ['gate', true],
    ]);
    expect(await ask('/metrics')).toMatchObject({ status: 200, text: '# TYPE up gauge\nup 1\n' });
  });

  it('is not ready while a port of its roles does not answer', async () => {
    const free = await listening();
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const api = await start({ otlpGrpcPort: port, dataDir: join(dataDir, 'unready') });
    const { status, body } = await ask('/readyz', {}, api.port);
    await api.close();
    expect(status).toBe(503);
    expect(body).toMatchObject({ ready: false, checks: [{ name: 'otlp-grpc', ok: false }, {}, {}, {}, {}] });
  });

  it('refuses a port that is taken', async () => {
    await expect(start({ apiPort: open.port, dataDir: join(dataDir, 'taken') })).rejects.toMatchObject({
      code: 'port_taken',
    });
  });

  it('describes itself in OpenAPI 3.1', async () => {
    const document = (await ask('/api/v1/openapi.json')).body as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toMatch(/^3\.1/);
    const own = Object.keys(document.paths).filter((path) => path.startsWith('/api/v1/'));
    expect(own.sort()).toEqual([
      '/api/v1/changes',
      '/api/v1/constraints/effective',
      '/api/v1/constraints/lint',
      '/api/v1/constraints/precision',
      '/api/v1/constraints/replay',
      '/api/v1/constraints/schema',
      '/api/v1/coverage',
      '/api/v1/decisions',
      '/api/v1/decisions/{id}',
      '/api/v1/decisions/{id}/outcome',
      '/api/v1/findings',
      '/api/v1/findings/{id}',
      '/api/v1/incidents',
      '/api/v1/incidents/{id}/close',
      '/api/v1/keys',
      '/api/v1/ledger/checkpoint',
      '/api/v1/references',
      '/api/v1/references/propose',
      '/api/v1/references/{id}/revoke',
      '/api/v1/reports',
      '/api/v1/reports/{id}',
      '/api/v1/retractions',
      '/api/v1/set-aside',
      '/api/v1/sources',
      '/api/v1/verdicts',
    ]);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, name]) => name as string,
    );
    expect(references.length).toBeGreaterThan(5);
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(references.filter((name) => !known.includes(name))).toEqual([]);
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(JSON.stringify(document)).not.toContain('$schema');
  });
});

describe('without a store', () => {
  it('says so on the page and in the API, and stays alive', async () => {
    await engine.kill();
    const page = await ask('/');
    expect([page.status, page.type]).toEqual([503, 'text/html; charset=utf-8']);
    expect(page.text).toContain('Nothing can be said now');
    expect(await ask('/api/v1/verdicts')).toMatchObject({
      status: 503,
      body: { code: 'store_unavailable', retryable: true },
    });
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(503);
    expect((await post('/api/v1/decisions', QUESTION)).status).toBe(200);
  });
});
