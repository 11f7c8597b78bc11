import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recorded } from './recorded.ts';
import { type Answer, send, startTestWorld, type TestWorld } from './start-adapters.ts';

const KEY = 'a-key-for-the-test';
const ADMISSION = '/adapters/kubernetes/admission';

let world: TestWorld;
let url: string;
let lockedUrl: string;

beforeAll(async () => {
  world = await startTestWorld();
  const [open, locked] = await Promise.all([world.start('open'), world.start('locked', { keys: [KEY] })]);
  url = `http://127.0.0.1:${open.port}`;
  lockedUrl = `http://127.0.0.1:${locked.port}`;
});
afterAll(() => world.close());

const newestDecision = async (service: string): Promise<Answer['body']> => {
  const read = async () =>
    (await send(`${url}/api/v1/decisions?service=${service}&limit=1`)).body.decisions[0];
  await expect.poll(read, { timeout: 10_000 }).toBeDefined();
  return read();
};

describe('Kubernetes admission', () => {
  const review = (change: (request: Answer['body']) => void = () => undefined): Answer['body'] => {
    const made = recorded('admission-hpa-scale');
    change(made.request);
    return made;
  };
  const selector = (name: string) => `app.kubernetes.io/name=${name}`;

  it('admits what the gate allows, under the decision', async () => {
    const { status, body } = await send(`${url}${ADMISSION}`, review());
    expect(status).toBe(200);
    expect(body).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {
        uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
        allowed: true,
        auditAnnotations: { decision: 'allow', 'decision-id': expect.stringMatching(/^d_/) },
      },
    });
    expect(await newestDecision('checkout')).toMatchObject({
      mode: 'enforce',
      request: {
        requestId: '705ab4f5-6393-11e8-b7cc-42010a800002',
        actor: { id: 'hpa/shop', type: 'autoscaler' },
        action: {
          kind: 'scale.down',
          from: { replicas: 6 },
          to: { replicas: 4 },
          blastRadius: { unit: 'replicas', count: 2, of: 6 },
          planGeneration: 'deployments/checkout-web@881233',
        },
        target: {
          service: 'checkout',
          'k8s.namespace': 'shop',
          'k8s.kind': 'Scale',
          'k8s.name': 'checkout-web',
        },
      },
    });
  });

  it.each([
    [
      'what is not known, to be tried again',
      (request: Answer['body']) => {
        request.object.status.selector = selector('cart');
      },
      /^plumbline hold: .*Retry in \d+ s\.$/,
      'hold',
    ],
    [
      'what crosses a boundary',
      (request: Answer['body']) => {
        request.object.spec.replicas = 1;
      },
      /^plumbline deny: .*1 replicas are outside/,
      'deny',
    ],
    [
      'scaling to zero, which a Scale says by leaving replicas out',
      (request: Answer['body']) => {
        delete request.object.spec.replicas;
      },
      /^plumbline deny: .*0 replicas are outside/,
      'deny',
    ],
    [
      'a collection without a name',
      (request: Answer['body']) => {
        request.operation = 'DELETE';
        request.subResource = '';
        request.name = '';
        request.object = null;
        request.oldObject = null;
      },
      /^plumbline deny: target.service is "\*"/,
      'deny',
    ],
  ])('refuses %s', async (_, change, message, decision) => {
    const { status, body } = await send(`${url}${ADMISSION}`, review(change));
    expect(status).toBe(200);
    expect(body.response).toMatchObject({
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      allowed: false,
      status: { code: 403, reason: 'Forbidden', message: expect.stringMatching(message) },
      warnings: expect.arrayContaining([expect.stringContaining('plumbline would allow if')]),
      auditAnnotations: { decision, 'decision-id': expect.stringMatching(/^d_/) },
    });
  });

  it('keeps growth on unknown data within the limits of its allow', async () => {
    const grow = (replicas: number) =>
      send(
        `${url}${ADMISSION}`,
        review((request) => {
          request.object.status.selector = selector('cart');
          request.object.spec.replicas = replicas;
        }),
      );
    expect((await grow(9)).body.response).toMatchObject({ allowed: true, warnings: [expect.any(String)] });
    expect((await grow(30)).body.response).toMatchObject({
      allowed: false,
      status: { message: expect.stringContaining('at most 9 replicas') },
    });
  });

  it('asks nothing about what changes nothing', async () => {
    const same = review((request) => {
      request.object.spec.replicas = 6;
    });
    const { body } = await send(`${url}${ADMISSION}`, same);
    expect(body.response).toEqual({ uid: '705ab4f5-6393-11e8-b7cc-42010a800002', allowed: true });
  });

  it('asks in shadow mode for a dry run, and answers the same', async () => {
    const dry = review((request) => {
      request.dryRun = true;
      request.object.status.selector = selector('dry');
    });
    expect((await send(`${url}${ADMISSION}`, dry)).body.response.allowed).toBe(false);
    expect(await newestDecision('dry')).toMatchObject({ mode: 'shadow', decision: 'hold' });
  });

  it('lets a person pass openly, and writes down who and why', async () => {
    const until = new Date(Date.now() + 600_000).toISOString();
    const broken = (username: string) =>
      review((request) => {
        request.operation = 'DELETE';
        request.subResource = '';
        request.name = 'glass';
        request.userInfo = { username };
        request.object = null;
        request.oldObject = {
          metadata: {
            name: 'glass',
            annotations: { 'plumbline.dev/break-glass': `${until} INC-7 is on fire` },
          },
        };
      });
    const { body } = await send(`${url}${ADMISSION}`, broken('alice@example.com'));
    expect(body.response).toMatchObject({
      allowed: true,
      warnings: [`plumbline: passed by break-glass until ${until}: INC-7 is on fire`],
      auditAnnotations: {
        'break-glass': `alice@example.com until ${until}: INC-7 is on fire`,
        decision: 'deny',
      },
    });
    expect(await newestDecision('glass')).toMatchObject({
      mode: 'shadow',
      decision: 'deny',
      request: { inputs: [{ breakGlass: { by: 'alice@example.com', until, reason: 'INC-7 is on fire' } }] },
    });
    const robot = await send(`${url}${ADMISSION}`, broken('system:serviceaccount:ops:cleaner'));
    expect(robot.body.response).toMatchObject({
      allowed: false,
      warnings: expect.arrayContaining([expect.stringContaining('only people may use it')]),
    });
  });

  it.each([
    ['no JSON', '{"apiVersion":', 400],
    ['no review', { hello: 'world' }, 400],
    ['an older version', { ...recorded('admission-hpa-scale'), apiVersion: 'admission.k8s.io/v1beta1' }, 400],
    ['10 MB', JSON.stringify({ request: { uid: 'x'.repeat(10_000_000) } }), 413],
  ])('answers %s with a failed call, for the failurePolicy', async (_, body, status) => {
    const answer = await send(`${url}${ADMISSION}`, body);
    expect([answer.status, answer.type]).toEqual([status, 'application/problem+json; charset=utf-8']);
    expect(answer.body.response).toBeUndefined();
  });

  it('denies a kind that it does not know, however good the data is', async () => {
    const widget = review((request) => {
      request.subResource = '';
      request.resource = { group: 'example.com', version: 'v1', resource: 'widgets' };
      request.object = { metadata: { name: 'checkout' } };
    });
    expect((await send(`${url}${ADMISSION}`, widget)).body.response).toMatchObject({
      allowed: false,
      status: { code: 400, message: expect.stringContaining('UPDATE of widgets.example.com is nothing') },
    });
  });

  it('denies a review that it cannot judge, in its own form', async () => {
    const nobody = review((request) => {
      delete request.userInfo;
    });
    const { status, body } = await send(`${url}${ADMISSION}`, nobody);
    expect(status).toBe(200);
    expect(body.response).toMatchObject({
      allowed: false,
      status: { code: 400, reason: 'BadRequest', message: expect.stringContaining('request.userInfo') },
    });
  });
});

describe('Argo Rollouts', () => {
  it.each([
    ['allow', { service: 'checkout', kind: 'rollout.advance', plan: 'checkout-7d9f8c6b5' }],
    ['hold', { service: 'cart' }],
    ['deny', { service: 'cart', kind: 'promote' }],
    // Described by a file alone.
    ['allow', { service: 'checkout', kind: 'rebalance.shards' }],
  ])('answers 200 for %s, asked by POST or GET', async (decision, asked) => {
    const posted = await send(`${url}/adapters/argo-rollouts`, asked);
    expect([posted.status, posted.body.decision]).toEqual([200, decision]);
    expect(posted.body.reason).toMatch(new RegExp(`^${decision}: `));
    const got = await send(
      `${url}/adapters/argo-rollouts?${new URLSearchParams(asked as Record<string, string>)}`,
    );
    expect([got.status, got.body.decision]).toEqual([200, decision]);
  });

  it('is who it is, unless told otherwise', async () => {
    await send(`${url}/adapters/argo-rollouts`, { service: 'argo-one', plan: 'p1', env: 'prod' });
    expect((await newestDecision('argo-one')).request).toEqual({
      actor: { id: 'argo-rollouts/argo-one', type: 'deployer' },
      action: { kind: 'rollout.advance', planGeneration: 'p1' },
      target: { service: 'argo-one', env: 'prod' },
    });
  });

  it.each([
    ['no service', {}, 400],
    ['a misspelt field', { service: 'checkout', knd: 'promote' }, 400],
    ['a kind that is none', { service: 'checkout', kind: 'Promote' }, 400],
    ['a kind nobody described', { service: 'checkout', kind: 'rolout.advance' }, 400],
    ['no JSON', 'service=checkout&', 400],
    ['10 MB', JSON.stringify({ service: 'x'.repeat(10_000_000) }), 413],
  ])('is an Error to it for %s', async (_, body, status) => {
    expect((await send(`${url}/adapters/argo-rollouts`, body)).status).toBe(status);
  });
});

describe('Flagger', () => {
  const hook = (path: string, metadata: Record<string, string> = {}, change: object = {}) =>
    send(`${url}/adapters/flagger/${path}`, { ...recorded('flagger-webhook'), metadata, ...change });

  it.each([
    ['confirm', { kind: 'rollout.advance' }, 200, /^allow: /],
    ['confirm', { service: 'cart' }, 403, /^hold: .*Retry in/],
    ['rollout', { service: 'checkout' }, 200, /^allow: /],
    ['rollout', { service: 'ads' }, 403, /^hold: /],
    ['rollback', {}, 403, /^deny: no rollback was requested/],
    ['rollback', { rollback: 'another' }, 403, /^deny: a rollback was requested for revision another/],
    ['rollback', { rollback: '85d557f47b', service: 'cart' }, 200, /^allow: /],
  ])('%s with %o answers %d in one line', async (path, metadata, status, line) => {
    const answer = await hook(path, metadata as Record<string, string>);
    expect([answer.status, answer.type]).toEqual([status, 'text/plain; charset=utf-8']);
    expect(answer.text).toMatch(line);
    expect(answer.text).not.toContain('\n');
  });

  it('reads what a hook is about from its phase', async () => {
    await hook('confirm', { service: 'flag-a' }, { phase: 'Waiting' });
    await hook('confirm', { service: 'flag-b' }, { phase: 'Promoting' });
    expect((await newestDecision('flag-a')).request.action.kind).toBe('rollout.start');
    expect((await newestDecision('flag-b')).request).toMatchObject({
      actor: { id: 'flagger/shop' },
      action: { kind: 'promote', planGeneration: 'canary/checkout@85d557f47b' },
    });
  });

  it.each([
    ['no JSON', '{', 400],
    ['no name', { namespace: 'shop', phase: 'Progressing' }, 400],
    ['10 MB', JSON.stringify({ name: 'x'.repeat(10_000_000) }), 413],
  ])('never lets %s pass, on no path', async (_, body, status) => {
    for (const path of ['confirm', 'rollout', 'rollback']) {
      const answer = await send(`${url}/adapters/flagger/${path}`, body);
      expect([answer.status, answer.text.slice(0, 7)]).toEqual([status, 'error: ']);
    }
  });

  it('never lets a kind pass that nobody described', async () => {
    expect((await hook('confirm', { kind: 'rolout.start' })).status).toBe(400);
  });

  it('has no path for all', async () => {
    expect((await send(`${url}/adapters/flagger`, recorded('flagger-webhook'))).status).toBe(404);
  });
});

describe('AuthZEN', () => {
  const down = (id: string, to = 4) => ({
    subject: { type: 'agent', id: 'agent/ops' },
    action: { name: 'scale.down', properties: { from: { replicas: 6 }, to: { replicas: to } } },
    resource: { type: 'service', id },
  });

  it('says true for an allow and false for hold and deny, told apart', async () => {
    const ask = async (body: unknown) => (await send(`${url}/access/v1/evaluation`, body)).body;
    expect(await ask(down('checkout'))).toMatchObject({ decision: true, context: { decision: 'allow' } });
    expect(await ask(down('cart'))).toMatchObject({
      decision: false,
      context: {
        decision: 'hold',
        reason: expect.any(String),
        retry_after_s: expect.any(Number),
        decision_id: expect.stringMatching(/^d_/),
      },
    });
    expect(await ask(down('checkout', 1))).toMatchObject({ decision: false, context: { decision: 'deny' } });
  });

  it('says false beyond the limits of an allow', async () => {
    const up = {
      ...down('cart'),
      action: { name: 'scale.up', properties: { from: { replicas: 4 }, to: { replicas: 40 } } },
    };
    expect((await send(`${url}/access/v1/evaluation`, up)).body).toMatchObject({
      decision: false,
      context: { decision: 'allow', reason: expect.stringContaining('at most 6 replicas') },
    });
  });

  it('records subject, action and resource, ignoring what it does not know', async () => {
    const asked = {
      ...down('zen'),
      resource: { type: 'queue', id: 'orders', properties: { service: 'zen', env: 'prod', size: 7 } },
      context: { mode: 'shadow', time: '2026-11-27T12:00:00Z' },
      something: 'new',
    };
    await send(`${url}/access/v1/evaluation`, asked);
    expect(await newestDecision('zen')).toMatchObject({
      mode: 'shadow',
      request: {
        actor: { id: 'agent/ops', type: 'agent' },
        target: { queue: 'orders', service: 'zen', env: 'prod' },
      },
    });
  });

  const batch = (semantic: string | undefined, ids: readonly string[]) => ({
    ...down('checkout'),
    evaluations: ids.map((id) => ({ resource: { type: 'service', id } })),
    ...(semantic === undefined ? {} : { options: { evaluations_semantic: semantic } }),
  });

  it.each([
    [undefined, ['checkout', 'cart', 'checkout'], [true, false, true]],
    ['execute_all', ['cart', 'checkout'], [false, true]],
    ['deny_on_first_deny', ['checkout', 'cart', 'checkout'], [true, false]],
    ['permit_on_first_permit', ['cart', 'checkout', 'cart'], [false, true]],
  ])('evaluates several: %s', async (semantic, ids, decisions) => {
    const { status, body } = await send(`${url}/access/v1/evaluations`, batch(semantic, ids));
    expect(status).toBe(200);
    expect(body.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual(decisions);
  });

  it('says false with the reason for one that cannot be judged', async () => {
    const body = {
      subject: down('x').subject,
      resource: down('checkout').resource,
      evaluations: [{}, { action: down('x').action }],
    };
    expect((await send(`${url}/access/v1/evaluations`, body)).body.evaluations).toMatchObject([
      { decision: false, context: { error: { status: 400, message: expect.stringContaining('action') } } },
      { decision: true },
    ]);
  });

  it('takes several without a list as one', async () => {
    expect((await send(`${url}/access/v1/evaluations`, down('checkout'))).body).toMatchObject({
      decision: true,
    });
    expect(
      (await send(`${url}/access/v1/evaluations`, { ...down('checkout'), evaluations: [] })).body.decision,
    ).toBe(true);
  });

  it('names requests back, and says where it is', async () => {
    const answer = await send(`${url}/access/v1/evaluation`, down('checkout'), {
      'x-request-id': 'bfe9eb29',
    });
    expect(answer.headers.get('x-request-id')).toBe('bfe9eb29');
    expect(
      (await send(`${url}/access/v1/evaluation`, {}, { 'x-request-id': 'bad' })).headers.get('x-request-id'),
    ).toBe('bad');
    expect((await send(`${url}/.well-known/authzen-configuration`)).body).toEqual({
      policy_decision_point: url,
      access_evaluation_endpoint: `${url}/access/v1/evaluation`,
      access_evaluations_endpoint: `${url}/access/v1/evaluations`,
    });
  });

  it.each([
    ['/access/v1/evaluation', 'no JSON', '{', 400],
    [
      '/access/v1/evaluation',
      'an action nobody described',
      { ...down('checkout'), action: { name: 'can_read' } },
      400,
    ],
    ['/access/v1/evaluation', 'no subject', { ...down('checkout'), subject: undefined }, 400],
    ['/access/v1/evaluation', 'an id that is empty', down(''), 400],
    ['/access/v1/evaluations', 'a semantic nobody knows', batch('any', ['checkout']), 400],
    ['/access/v1/evaluations', 'too many', batch(undefined, Array(101).fill('checkout')), 400],
    ['/access/v1/evaluations', '10 MB', JSON.stringify({ a: 'x'.repeat(10_000_000) }), 413],
  ])('%s refuses %s with a text', async (path, _, body, status) => {
    const answer = await send(`${url}${path}`, body);
    expect([answer.status, answer.type]).toEqual([status, 'text/plain; charset=utf-8']);
    expect(answer.text.length).toBeGreaterThan(10);
  });
});

describe('KEDA metrics-api', () => {
  const read = (query: string) => send(`${url}/adapters/keda/metrics?${query}`);

  it('wants the floor while scaling down is allowed, and never less than the boundary', async () => {
    expect((await read('service=checkout&floor=5')).body).toMatchObject({ value: 5, decision: 'allow' });
    expect((await read('service=checkout')).body).toMatchObject({ value: 2 });
  });

  it('keeps a size while it is not, or is in error: never a zero for not known', async () => {
    expect((await read('service=cart&keep=12')).body).toMatchObject({ value: 12, decision: 'hold' });
    const none = await read('service=cart');
    expect(none.status).toBe(503);
    expect(none.body.value).toBeUndefined();
    expect(none.body).toMatchObject({ decision: 'hold', reason: expect.stringMatching(/^hold: /) });
  });

  it('asks in shadow mode, so that polls use up no budget', async () => {
    await read('service=polled&keep=3');
    expect(await newestDecision('polled')).toMatchObject({
      mode: 'shadow',
      request: { action: { kind: 'scale.down' } },
    });
  });

  it.each([
    '',
    'service=',
    'service=checkout&keep=many',
    'service=checkout&flor=2',
    'service=checkout&keep=-1',
  ])('refuses ?%s', async (query) => {
    expect((await read(query)).status).toBe(400);
  });
});

describe('every door', () => {
  const DOORS: readonly (readonly [string, unknown])[] = [
    [ADMISSION, recorded('admission-hpa-scale')],
    ['/adapters/argo-rollouts', { service: 'checkout' }],
    ['/adapters/argo-rollouts?service=checkout', undefined],
    ['/adapters/flagger/confirm', recorded('flagger-webhook')],
    ['/adapters/flagger/rollout', recorded('flagger-webhook')],
    ['/adapters/flagger/rollback', { ...recorded('flagger-webhook'), metadata: { rollback: '85d557f47b' } }],
    [
      '/access/v1/evaluation',
      {
        subject: { type: 'a', id: 'b' },
        action: { name: 'scale.down' },
        resource: { type: 'service', id: 'checkout' },
      },
    ],
    [
      '/access/v1/evaluations',
      {
        subject: { type: 'a', id: 'b' },
        action: { name: 'scale.down' },
        evaluations: [{ resource: { type: 'service', id: 'checkout' } }],
      },
    ],
    ['/adapters/keda/metrics?service=checkout', undefined],
  ];

  it.each(DOORS)('%s wants the key', async (path, body) => {
    const refused = await send(`${lockedUrl}${path}`, body);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('Bearer');
    expect((await send(`${lockedUrl}${path}`, body, { authorization: `Bearer ${KEY}` })).status).toBe(200);
  });

  it.each(DOORS)('%s stands in the OpenAPI document', async (path) => {
    const { paths } = (await send(`${url}/api/v1/openapi.json`)).body;
    expect(Object.keys(paths)).toContain(path.split('?')[0]);
  });

  it('takes no JSON for a yes that was not meant for it', async () => {
    const posts = DOORS.filter(([, body]) => body !== undefined).map(([path]) => path);
    const nothing = fc.asyncProperty(
      fc.constantFrom(...posts),
      fc.jsonValue({ maxDepth: 3 }),
      async (path, body) => {
        const { status, text } = await send(`${url}${path}`, body);
        expect([path, status, text.slice(0, 20)]).toEqual([path, 400, expect.any(String)]);
      },
    );
    await fc.assert(nothing, { numRuns: 200 });
  });

  it.each(['uid', 'kind', 'resource', 'operation', 'userInfo', 'object', 'oldObject'])(
    'admits no review without its %s',
    async (field) => {
      const review = recorded('admission-hpa-scale');
      delete review.request[field];
      const { status, body } = await send(`${url}${ADMISSION}`, review);
      expect([status, body.response?.allowed ?? false]).toEqual([field === 'uid' ? 400 : 200, false]);
    },
  );

  it('answers a ledger that cannot be written with a failure, never an allow', async () => {
    const api = await world.start('unwritable');
    const at = `http://127.0.0.1:${api.port}`;
    // Its next segment cannot be made in a folder that is a file; what is there already is filled.
    const ledger = join(world.dataDir, 'unwritable', 'ledger');
    await rm(ledger, { recursive: true });
    await writeFile(ledger, '');
    const long = { mode: 'shadow', big: 'x'.repeat(200_000) };
    let last = 200;
    for (let tries = 0; tries < 200 && last === 200; tries++) {
      const question = {
        actor: { id: 'filler' },
        action: { kind: 'scale.up', to: long },
        target: { service: 'x' },
      };
      last = (await send(`${at}/api/v1/decisions`, question)).status;
    }
    expect(last).toBe(503);
    const statuses = await Promise.all(
      DOORS.map(async ([path, body]) => [path, (await send(`${at}${path}`, body)).status]),
    );
    expect(Object.fromEntries(statuses)).toEqual({
      [ADMISSION]: 500,
      '/adapters/argo-rollouts': 503,
      '/adapters/argo-rollouts?service=checkout': 503,
      '/adapters/flagger/confirm': 503,
      '/adapters/flagger/rollout': 503,
      '/adapters/flagger/rollback': 503,
      '/access/v1/evaluation': 503,
      '/access/v1/evaluations': 503,
      '/adapters/keda/metrics?service=checkout': 503,
    });
    const glass = recorded('admission-hpa-scale');
    glass.request.userInfo = { username: 'alice@example.com' };
    const until = new Date(Date.now() + 600_000).toISOString();
    glass.request.object.metadata.annotations = { 'plumbline.dev/break-glass': `${until} the gate is down` };
    expect((await send(`${at}${ADMISSION}`, glass)).body.response).toMatchObject({
      allowed: true,
      warnings: [
        expect.stringContaining('the gate is down'),
        expect.stringContaining('could not be recorded'),
      ],
      auditAnnotations: { 'break-glass': expect.stringContaining('alice@example.com') },
    });
    expect(world.logged).toContain('A break-glass could not be recorded in the ledger.');
  });
});
