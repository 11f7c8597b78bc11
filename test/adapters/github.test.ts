import { createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGate, type Gate } from '../../gates/gate.ts';
import { isSigned } from '../../main/adapters/github/is-signed.ts';
import {
  HOLD_MS_MAX,
  protectionRuleRequested,
  stepOf,
  type WaitingDeployment,
  waitingDeployment,
} from '../../main/adapters/github/protection-rule.ts';
import { type GithubDeps, serveGithub } from '../../main/adapters/github/serve-github.ts';
import { insertVerdicts } from '../../store/verdicts.ts';
import { sampleDecision } from '../api/samples.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { tracesVerdicts } from '../gates/judged-world.ts';
import { recorded } from './recorded.ts';

const SECRET = "It's a Secret to Everybody";
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });

/** What GitHub was sent, in order; `answer` is what it says to a review. */
interface FakeGithub {
  readonly url: string;
  readonly server: Server;
  readonly reviews: { path: string; authorization: string | undefined; body: Record<string, string> }[];
  readonly tokens: { path: string; jwt: string }[];
  status: number;
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** Answers as documented: 201 with a token for an app's JWT, 204 for a review. */
async function startGithub(): Promise<FakeGithub> {
  const reviews: FakeGithub['reviews'] = [];
  const tokens: FakeGithub['tokens'] = [];
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const {
      url: path = '',
      headers: { authorization },
    } = request;
    if (path.startsWith('/app/installations/')) {
      tokens.push({ path, jwt: authorization?.replace('Bearer ', '') ?? '' });
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          token: 'ghs_16C7e42F292c6912E7710c838347Ae178B4a',
          expires_at: '2026-11-27T13:00:00Z',
        }),
      );
      return;
    }
    if (fake.status === 204) reviews.push({ path, authorization, body });
    response.writeHead(fake.status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const fake: FakeGithub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    reviews,
    tokens,
    status: 204,
  };
  return fake;
}

const sign = (body: string, secret = SECRET): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

describe('isSigned', () => {
  it('agrees with the test vector of the documentation of GitHub', () => {
    const header = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    expect(isSigned(Buffer.from('Hello, World!'), header, SECRET)).toBe(true);
    expect(isSigned(Buffer.from('Hello, World?'), header, SECRET)).toBe(false);
    expect(isSigned(Buffer.from('Hello, World!'), header, 'another')).toBe(false);
  });

  it.each([undefined, '', 'sha256=', 'sha1=757107ea', 'sha256=757107ea'])('takes no %s', (header) => {
    expect(isSigned(Buffer.from('Hello, World!'), header, SECRET)).toBe(false);
  });
});

describe('stepOf', () => {
  const nowMs = Date.UTC(2026, 10, 27, 12);
  const waiting: WaitingDeployment = waitingDeployment(
    protectionRuleRequested.parse(recorded('github-protection-rule')),
    nowMs,
  );
  const hold = sampleDecision({ decision: 'hold', retryAfterS: 10 }).response;

  it('asks about the service of the repository', () => {
    expect(waiting.question).toEqual({
      actor: { id: 'github-actions/octo-org/checkout', type: 'deployer' },
      action: {
        kind: 'rollout.start',
        stage: 'deployment',
        to: { sha: '0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c', by: 'octocat' },
        planGeneration: 'octo-org/checkout@0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c#987654321',
      },
      target: { service: 'checkout', env: 'production', 'github.repository': 'octo-org/checkout' },
    });
    const named = recorded('github-protection-rule');
    named.repository.custom_properties = { 'plumbline-service': 'shop-checkout' };
    expect(waitingDeployment(protectionRuleRequested.parse(named), nowMs).question.target['service']).toBe(
      'shop-checkout',
    );
  });

  it('reports a hold without a state, once, and asks again', () => {
    const first = stepOf(waiting, hold, nowMs);
    expect(first).toMatchObject({
      review: { environment_name: 'production', comment: expect.stringContaining('hold: ') },
      againInMs: 10_000,
    });
    expect(first.review).not.toHaveProperty('state');
    expect(stepOf(first.next, hold, nowMs + 10_000)).toMatchObject({ review: null, againInMs: 10_000 });
  });

  it('reports at most ten times, of at most 1,024 characters', () => {
    let at = waiting;
    let reports = 0;
    for (let count = 0; count < 30; count++) {
      const step = stepOf(at, { problem: `${count} ${'x'.repeat(2_000)}` }, nowMs);
      reports += step.review === null ? 0 : 1;
      expect(step.review?.comment.length ?? 0).toBeLessThanOrEqual(1_024);
      at = step.next;
    }
    expect(reports).toBe(10);
  });

  it.each([
    ['held too long', hold],
    ['without an answer of the gate', { problem: 'The decision was not recorded.' }],
  ])('rejects in the end what is %s, and approves nothing meanwhile', (_, answer) => {
    expect(stepOf(waiting, answer, nowMs + HOLD_MS_MAX - 1).review).not.toHaveProperty('state');
    expect(stepOf(waiting, answer, nowMs + HOLD_MS_MAX)).toMatchObject({
      review: { state: 'rejected' },
      againInMs: null,
    });
  });
});

describe('the door of GitHub', () => {
  let engine: TestEngine;
  let folder: string;
  let github: FakeGithub;
  let gate: Gate;
  let app: FastifyInstance;
  let stopping: AbortController;
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

  beforeAll(async () => {
    engine = await startTestEngine({
      migrate: true,
      tallies: ['tally_duration_minute', 'tally_peer_ten_minutes', 'tally_service', 'tally_volume'],
    });
    const fresh = { evaluatedAtMs: Date.now() - 500, validForMs: 600_000 };
    await insertVerdicts(engine.client, tracesVerdicts('pass', { ...fresh, serviceName: 'checkout' }));
  });
  afterAll(() => engine.close());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-github-'));
    await writeFile(join(folder, 'app.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    github = await startGithub();
    gate = await createGate({
      client: engine.client,
      dataDir: folder,
      constraintsPath: undefined,
      now: Date.now,
      log,
    });
    await expect.poll(() => gate.ready()).toBe(true);
    await open();
  });
  afterEach(async () => {
    await shut();
    await gate.close();
    github.server.closeAllConnections();
    github.server.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(given: Partial<GithubDeps> = {}): Promise<void> {
    stopping = new AbortController();
    app = Fastify();
    const config = {
      webhookSecret: SECRET,
      apiUrl: github.url,
      appId: '42',
      keyPath: join(folder, 'app.pem'),
    };
    // What takes seconds outside takes a turn here.
    const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
    serveGithub(app, {
      gate,
      now: Date.now,
      log,
      dataDir: folder,
      github: config,
      signal: stopping.signal,
      wait,
      ...given,
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
  }

  async function shut(): Promise<void> {
    stopping.abort();
    await app.close();
  }

  function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
    const { port } = app.server.address() as AddressInfo;
    return fetch(`http://127.0.0.1:${port}/adapters/github`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'deployment_protection_rule',
        'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        'x-hub-signature-256': sign(body),
        ...headers,
      },
    });
  }

  const payload = (repository = 'checkout'): string => {
    const made = recorded('github-protection-rule');
    made.deployment_callback_url = made.deployment_callback_url.replace('https://api.github.com', github.url);
    made.repository.name = repository;
    return JSON.stringify(made);
  };

  it('approves what the gate allows, as the app of the installation', async () => {
    expect((await post(payload())).status).toBe(202);
    await expect.poll(() => github.reviews).toHaveLength(1);
    expect(github.reviews[0]).toEqual({
      path: '/repos/octo-org/checkout/actions/runs/1234567890/deployment_protection_rule',
      authorization: 'Bearer ghs_16C7e42F292c6912E7710c838347Ae178B4a',
      body: {
        environment_name: 'production',
        state: 'approved',
        comment: expect.stringMatching(/^Plumbline allow: .*`d_/),
      },
    });
    const [{ path, jwt }] = github.tokens as [FakeGithub['tokens'][0]];
    expect(path).toBe('/app/installations/12345678/access_tokens');
    const [head, claims, signature] = jwt.split('.') as [string, string, string];
    expect(
      verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url')),
    ).toBe(true);
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ iss: '42' });
    await expect.poll(() => readdir(join(folder, 'github'))).toEqual([]);
  });

  it('goes on with a hold over a restart, and approves when the data has come', async () => {
    expect((await post(payload('late'))).status).toBe(202);
    expect((await post(payload('late'))).status).toBe(202); // GitHub sends again what it thinks was lost
    await expect.poll(() => github.reviews).toHaveLength(1);
    expect(github.reviews[0]?.body).not.toHaveProperty('state');
    await shut();
    await expect.poll(() => readdir(join(folder, 'github'))).toEqual([expect.stringMatching(/\.json$/)]);
    await open();
    const fresh = { evaluatedAtMs: Date.now() - 500, validForMs: 600_000 };
    await insertVerdicts(engine.client, tracesVerdicts('pass', { ...fresh, serviceName: 'late' }));
    await expect.poll(() => github.reviews.at(-1)?.body['state'], { timeout: 10_000 }).toBe('approved');
    const states = github.reviews.map(({ body }) => body['state']);
    expect(states.filter((state) => state !== undefined)).toEqual(['approved']);
    expect(states.length).toBeLessThanOrEqual(3);
  });

  it('tells again what GitHub did not take', async () => {
    github.status = 502;
    await post(payload());
    await expect.poll(() => github.tokens.length).toBeGreaterThan(1);
    github.status = 204;
    await expect.poll(() => github.reviews.at(-1)?.body['state']).toBe('approved');
  });

  it('gives up what is no longer to be decided', async () => {
    github.status = 422;
    await post(payload());
    await expect.poll(() => github.tokens.length).toBe(1);
    await expect.poll(() => readdir(join(folder, 'github'))).toEqual([]);
  });

  it.each<[string, () => [string, Record<string, string>?], number]>([
    ['no signature', () => [payload(), { 'x-hub-signature-256': '' }], 401],
    ['another secret', () => [payload(), { 'x-hub-signature-256': sign(payload(), 'guessed') }], 401],
    ['another body', () => [payload('evil'), { 'x-hub-signature-256': sign(payload()) }], 401],
    ['another event', () => [payload(), { 'x-github-event': 'push' }], 400],
    ['no JSON', () => ['{'], 400],
    ['missing fields', () => ['{"action":"requested"}'], 400],
    ['a callback to somebody else', () => [JSON.stringify(recorded('github-protection-rule'))], 400],
    ['10 MB', () => [JSON.stringify({ a: 'x'.repeat(10_000_000) })], 413],
    ['another type', () => ['a=b', { 'content-type': 'application/x-www-form-urlencoded' }], 415],
  ])('refuses %s, and tells GitHub nothing', async (_, made, status) => {
    const [body, headers] = made();
    const response = await post(body, headers);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    expect(github.tokens).toEqual([]);
  });

  it('answers a ping, and is closed without settings', async () => {
    expect((await post('{"zen":"Keep it logically awesome."}', { 'x-github-event': 'ping' })).status).toBe(
      200,
    );
    await shut();
    await open({ github: null });
    expect((await post(payload())).status).toBe(404);
  });
});
