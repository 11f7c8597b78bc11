import { createHmac, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { externalScalerService } from '../../main/adapters/keda/serve-external-scaler.ts';
import { recorded } from '../adapters/recorded.ts';
import { type Answer, send, startTestWorld, type TestWorld } from '../adapters/start-adapters.ts';

const KEY = 'a-key-for-the-test';
const SECRET = 'a-secret-for-the-test';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });

let world: TestWorld;
let url: string;
let scaler: Client;

beforeAll(async () => {
  world = await startTestWorld();
  const keyPath = join(world.dataDir, 'github.pem');
  writeFileSync(keyPath, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const { port, kedaPort } = await world.start('doors', {
    keys: [KEY],
    kedaPort: 0,
    github: {
      apiUrl: 'http://127.0.0.1:9',
      appId: '1',
      keyPath,
      webhookSecret: SECRET,
    },
  });
  url = `http://127.0.0.1:${port}`;
  const Scaler = externalScalerService();
  scaler = new Scaler(`127.0.0.1:${kedaPort}`, credentials.createInsecure()) as unknown as Client;
});
afterAll(async () => {
  scaler.close();
  await world.close();
});

type Path = readonly (string | number)[];
type Said = 'allow' | 'hold' | 'deny' | 'problem' | 'broken';

/** One way in: a question that is allowed, where in it the parts stand, and how its answers read. */
interface Door {
  readonly path: string;
  readonly body: Answer['body'];
  readonly service: Path;
  readonly kind?: Path;
  readonly actor?: Path;
  /** A size that is wanted. */
  readonly number?: Path;
  readonly saidBy: (answer: Answer) => Said;
}

const problemOr = (said: (answer: Answer) => Said) => (answer: Answer) => {
  if (answer.status >= 500) return 'broken';
  return answer.status >= 400 ? 'problem' : said(answer);
};

const shrink = { from: { replicas: 6 }, to: { replicas: 4 } };
const evaluation = {
  subject: { type: 'agent', id: 'a' },
  action: { name: 'scale.down', properties: shrink },
  resource: { type: 'service', id: 'checkout' },
};

const DOORS: readonly Door[] = [
  {
    path: '/api/v1/decisions',
    body: {
      actor: { id: 'a' },
      action: { kind: 'scale.down', ...shrink },
      target: { service: 'checkout' },
    },
    service: ['target', 'service'],
    kind: ['action', 'kind'],
    actor: ['actor', 'id'],
    number: ['action', 'to', 'replicas'],
    saidBy: problemOr(({ body }) => body.decision),
  },
  {
    path: '/access/v1/evaluation',
    body: evaluation,
    service: ['resource', 'id'],
    kind: ['action', 'name'],
    actor: ['subject', 'id'],
    number: ['action', 'properties', 'to', 'replicas'],
    saidBy: problemOr(({ body }) => (body.decision ? 'allow' : 'hold')),
  },
  {
    path: '/access/v1/evaluations',
    body: { ...evaluation, resource: undefined, evaluations: [{ resource: evaluation.resource }] },
    service: ['evaluations', 0, 'resource', 'id'],
    kind: ['action', 'name'],
    actor: ['subject', 'id'],
    number: ['action', 'properties', 'to', 'replicas'],
    saidBy: problemOr(({ body }) => (body.evaluations?.[0].decision ? 'allow' : 'hold')),
  },
  {
    path: '/adapters/kubernetes/admission',
    body: recorded('admission-hpa-scale'),
    service: ['request', 'object', 'status', 'selector'],
    actor: ['request', 'userInfo', 'username'],
    number: ['request', 'object', 'spec', 'replicas'],
    saidBy: problemOr(({ body }) => (body.response.allowed ? 'allow' : 'hold')),
  },
  {
    path: '/adapters/argo-rollouts',
    body: { service: 'checkout', kind: 'rollout.advance', plan: 'p-1', actor: 'argo/x' },
    service: ['service'],
    kind: ['kind'],
    actor: ['actor'],
    saidBy: problemOr(({ body }) => body.decision),
  },
  {
    path: '/adapters/flagger/confirm',
    body: { ...recorded('flagger-webhook'), metadata: { kind: 'rollout.advance', service: 'checkout' } },
    service: ['metadata', 'service'],
    kind: ['metadata', 'kind'],
    saidBy: (answer) => (answer.status === 403 ? 'hold' : problemOr(() => 'allow')(answer)),
  },
  {
    path: '/mcp',
    body: {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 'check_action',
        arguments: { service: 'checkout', kind: 'scale.down', actor: 'agent/x', ...shrink },
      },
    },
    service: ['params', 'arguments', 'service'],
    kind: ['params', 'arguments', 'kind'],
    actor: ['params', 'arguments', 'actor'],
    number: ['params', 'arguments', 'to', 'replicas'],
    saidBy: problemOr(({ text }) => {
      const { result, error } = messageOf(text);
      if (error !== undefined || result.isError === true) return 'problem';
      return result.structuredContent.decision;
    }),
  },
];

/** JSON, or the one event of a stream. */
function messageOf(text: string): Answer['body'] {
  const event = /^data: (.*)$/m.exec(text);
  return JSON.parse(event?.[1] ?? text);
}

const HEADERS = {
  authorization: `Bearer ${KEY}`,
  accept: 'application/json, text/event-stream',
};
const post = (door: Door, body: string, headers: Record<string, string> = {}) =>
  send(`${url}${door.path}`, body, { ...HEADERS, ...headers });

const MARK = '@here@';

/** The body as text with something else at a place, which need not be JSON. */
function withAt(door: Door, path: Path, raw: string): string {
  const copy = structuredClone(door.body);
  const last = path.at(-1) as string | number;
  const parent = path.slice(0, -1).reduce((part: Answer['body'], step) => part[step], copy);
  parent[last] = MARK;
  return JSON.stringify(copy).replace(JSON.stringify(MARK), () => raw);
}

/** Members put before all others of the body. */
const withMember = (door: Door, member: string) => `{${member},${JSON.stringify(door.body).slice(1)}`;
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const selector = (door: Door, name: string) =>
  JSON.stringify(door.service.at(-1) === 'selector' ? `app.kubernetes.io/name=${name}` : name);

interface Bad {
  readonly name: string;
  readonly of: (door: Door) => string | null;
  readonly headers?: Record<string, string>;
}

const at = (part: 'kind' | 'actor' | 'number', raw: string) => (door: Door) => {
  const path = door[part];
  return path === undefined ? null : withAt(door, path, raw);
};

const BAD: readonly Bad[] = [
  { name: 'an empty body', of: () => '' },
  { name: 'blanks', of: () => ' \n' },
  { name: 'null', of: () => 'null' },
  // Of MCP of 2025 that is a batch of one.
  { name: 'a list', of: (door) => (door.path === '/mcp' ? null : `[${JSON.stringify(door.body)}]`) },
  { name: 'half of it', of: (door) => JSON.stringify(door.body).slice(0, -20) },
  { name: 'ten megabytes', of: (door) => withMember(door, `"x":"${'x'.repeat(10_000_000)}"`) },
  { name: 'an unknown kind', of: at('kind', '"frobnicate.things"') },
  { name: 'a kind in capitals', of: at('kind', '"SCALE.DOWN"') },
  { name: 'a kind that everything inherits', of: at('kind', '"constructor"') },
  { name: 'an unknown target', of: (door) => withAt(door, door.service, selector(door, 'nobody-knows-it')) },
  { name: 'an empty target', of: (door) => withAt(door, door.service, '""') },
  { name: 'a blank target', of: (door) => withAt(door, door.service, selector(door, ' ')) },
  { name: 'all targets', of: (door) => withAt(door, door.service, selector(door, '*')) },
  {
    name: 'a target that everything inherits',
    of: (door) => withAt(door, door.service, selector(door, '__proto__')),
  },
  { name: 'a target that is no text', of: (door) => withAt(door, door.service, '{"toString":"checkout"}') },
  {
    name: 'another type of content',
    of: (door) => JSON.stringify(door.body),
    headers: { 'content-type': 'text/plain' },
  },
  {
    name: 'a form',
    of: () => 'service=checkout',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  },
  { name: 'a hundred thousand brackets', of: () => nested(100_000) },
  { name: 'a size of a hundred thousand brackets', of: at('number', nested(100_000)) },
  { name: 'a size of a thousand brackets', of: at('number', nested(1_000)) },
  {
    name: 'a key twice, the latter wrong',
    of: (door) =>
      `${JSON.stringify(door.body).slice(0, -1)},${['actor', 'subject', 'request', 'service', 'metadata', 'params'].map((key) => `"${key}":"*"`).join(',')}}`,
  },
  { name: '__proto__', of: (door) => withMember(door, '"__proto__":{"isAdmin":true,"decision":"allow"}') },
  { name: '__proto__ in escapes', of: (door) => withMember(door, '"\\u005f_proto__":{"decision":"allow"}') },
  {
    name: 'a constructor with a prototype',
    of: (door) => withMember(door, '"constructor":{"prototype":{"decision":"allow"}}'),
  },
  { name: 'NaN', of: at('number', 'NaN') },
  { name: 'Infinity', of: at('number', 'Infinity') },
  { name: 'a number beyond all', of: at('number', '1e999') },
  { name: 'a number below all', of: at('number', '-1e999') },
  { name: 'a negative size', of: at('number', '-1') },
  { name: 'half a replica', of: at('number', '3.5') },
  { name: 'a size as text', of: at('number', '"4"') },
  {
    name: 'a lone surrogate as target',
    of: (door) => withAt(door, door.service, selector(door, 'x').replace('x', '\\ud800')),
  },
  { name: 'a lone surrogate in the kind', of: at('kind', '"scale.down\\udfff"') },
  { name: 'a lone surrogate as a size', of: at('number', '"\\ud800"') },
  { name: 'an actor without a name', of: at('actor', '""') },
  { name: 'an actor that is a list', of: at('actor', '["a"]') },
  { name: 'no key', of: (door) => JSON.stringify(door.body), headers: { authorization: '' } },
  {
    name: 'another key',
    of: (door) => JSON.stringify(door.body),
    headers: { authorization: 'Bearer other' },
  },
  {
    name: 'the key of a browser',
    of: (door) => JSON.stringify(door.body),
    headers: { authorization: `Basic ${Buffer.from(`x:${KEY}`).toString('base64')}` },
  },
];

describe.each(DOORS)('the door $path', (door) => {
  it('allows the question as it is', async () => {
    expect(door.saidBy(await post(door, JSON.stringify(door.body)))).toBe('allow');
  });

  it('has no yes, and no failure of its own, for what is wrong', async () => {
    const said: Record<string, string> = {};
    for (const { name, of, headers } of BAD) {
      const body = of(door);
      if (body === null) continue;
      const answer = await post(door, body, headers);
      said[name] = ['hold', 'deny', 'problem'].includes(door.saidBy(answer))
        ? 'no'
        : `${answer.status} ${answer.text.slice(0, 300)}`;
    }
    expect(Object.keys(said).length).toBeGreaterThan(25);
    expect(said).toEqual(Object.fromEntries(Object.keys(said).map((name) => [name, 'no'])));
  });

  it('records a lone surrogate of an actor so that the ledger still holds', async () => {
    if (door.actor === undefined) return;
    const { status: answered } = await post(door, withAt(door, door.actor, '"agent/\\ud800"'));
    expect(answered).toBeLessThan(500);
  });

  it('answers the next question', async () => {
    expect(door.saidBy(await post(door, JSON.stringify(door.body)))).toBe('allow');
  });
});

describe('the door of GitHub', () => {
  const hook = (body: string, headers: Record<string, string> = {}) =>
    send(`${url}/adapters/github`, body, {
      'x-github-event': 'deployment_protection_rule',
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
      ...headers,
    });

  it.each([
    ['an empty body', '', {}, 400],
    ['null', 'null', {}, 400],
    ['no JSON', '{', {}, 400],
    ['a hundred thousand brackets', nested(100_000), {}, 400],
    ['ten megabytes', JSON.stringify({ x: 'x'.repeat(10_000_000) }), {}, 413],
    ['another type of content', '{}', { 'content-type': 'text/plain' }, 415],
    ['a number beyond all', '{"action":"requested","environment":1e999}', {}, 400],
    ['no signature', '{}', { 'x-hub-signature-256': '' }, 401],
    ['the signature of another body', '{}', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, 401],
    ['another event', '{}', { 'x-github-event': 'push' }, 400],
  ])('refuses %s', async (_, body, headers, expected) => {
    const { status: answered, type } = await hook(body, headers as Record<string, string>);
    expect([answered, type]).toEqual([expected, 'application/problem+json; charset=utf-8']);
  });
});

describe('the door of KEDA', () => {
  const good = { service: 'checkout', target: '2', key: KEY };
  // biome-ignore lint/suspicious/noExplicitAny: the client is made from the proto
  const call = (method: 'IsActive' | 'GetMetrics', scalerMetadata: any): Promise<number> => {
    const ref = { name: 'checkout', namespace: 'shop', scalerMetadata };
    const asked = method === 'GetMetrics' ? { scaledObjectRef: ref, metricName: 'm' } : ref;
    return new Promise((done) => {
      // biome-ignore lint/suspicious/noExplicitAny: the client is made from the proto
      (scaler as any)[method](asked, (error: ServiceError | null) => done(error?.code ?? status.OK));
    });
  };

  it.each([
    ['nothing', {}, status.UNAUTHENTICATED],
    ['no metadata at all', undefined, status.UNAUTHENTICATED],
    ['another key', { ...good, key: 'other' }, status.UNAUTHENTICATED],
    ['an empty service', { ...good, service: '' }, status.INVALID_ARGUMENT],
    ['all services', { ...good, service: '*' }, status.UNAVAILABLE],
    ['an unknown service', { ...good, service: 'nobody-knows-it' }, status.UNAVAILABLE],
    ['a service that everything inherits', { ...good, service: '__proto__' }, status.UNAVAILABLE],
    ['a lone surrogate', { ...good, service: '\ud800' }, status.UNAVAILABLE],
    ['NaN', { ...good, target: 'NaN' }, status.INVALID_ARGUMENT],
    ['Infinity', { ...good, target: 'Infinity' }, status.INVALID_ARGUMENT],
    ['a number beyond all', { ...good, target: '1e999' }, status.INVALID_ARGUMENT],
    ['a target below nothing', { ...good, target: '-1' }, status.INVALID_ARGUMENT],
    ['a service of a megabyte', { ...good, service: 'x'.repeat(1_000_000) }, status.INVALID_ARGUMENT],
    ['ten megabytes', { ...good, region: 'x'.repeat(10_000_000) }, status.RESOURCE_EXHAUSTED],
  ])('gives no number for %s', async (_, metadata, code) => {
    expect(await call('GetMetrics', metadata)).toBe(code);
    expect(await call('IsActive', metadata)).toBe(code);
  });
});
