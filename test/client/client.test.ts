import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { askGate, type GateRequest, guard } from '../../client/client.mjs';
import { keepLimits } from '../../client/limits.mjs';
import { insertVerdicts } from '../../store/verdicts.ts';
import { startTestWorld, type TestWorld } from '../adapters/start-adapters.ts';
import { tracesVerdicts } from '../gates/judged-world.ts';

const KEY = 'a-key-for-the-test';
/** Nothing listens there. */
const DEAD = 'http://127.0.0.1:1';

const asking = (kind: string, service: string, more: Partial<GateRequest['action']> = {}): GateRequest => ({
  actor: { id: 'client/test' },
  action: { kind, ...more },
  target: { service },
});
const down = (service: string, more: Partial<GateRequest['action']> = {}) =>
  asking('scale.down', service, { from: { replicas: 6 }, to: { replicas: 4 }, ...more });

/** Counts what was done. */
function actor() {
  const done: unknown[] = [];
  return { done, act: ({ to }: { to: unknown }) => done.push(to) };
}

const opened: Server[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serverThat(answers: (response: ServerResponse, asked: number) => void): Promise<string> {
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => answers(response, asked++));
  });
  opened.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ALLOW = {
  decision: 'allow',
  decisionId: 'd_1',
  seq: 1,
  validUntil: new Date(Date.now() + 600_000).toISOString(),
  retryAfterS: null,
  data: { state: 'pass', confidence: 1, components: [] },
  reasons: [],
  limits: {},
  wouldAllowIf: [],
  failMode: null,
  constraintSet: 'none',
  prevHash: '',
  receipt: null,
};
const HOLD = { ...ALLOW, decision: 'hold', retryAfterS: 0 };
const saying = (...answers: object[]) =>
  serverThat((response, asked) => response.end(JSON.stringify(answers[asked] ?? answers.at(-1))));

describe('against the gate', () => {
  let world: TestWorld;
  let url: string;
  let publicKeys: string[];

  beforeAll(async () => {
    world = await startTestWorld();
    url = `http://127.0.0.1:${(await world.start('client', { keys: [KEY] })).port}/`;
    const response = await fetch(`${url}api/v1/keys`, { headers: { authorization: `Bearer ${KEY}` } });
    const { keys } = (await response.json()) as { keys: { verifier: string }[] };
    publicKeys = keys.map(({ verifier }) => verifier);
  });
  afterAll(() => world.close());

  it('asks, and is answered', async () => {
    const gate = { url, key: KEY, timeoutMs: 10_000 };
    const [allowed, held, denied] = await Promise.all([
      askGate(gate, down('checkout')),
      askGate(gate, down('cart')),
      askGate(gate, down('checkout', { to: { replicas: 1 } })),
    ]);
    expect(allowed).toMatchObject({ decision: 'allow', local: null, limits: { minTo: { replicas: 2 } } });
    expect(held).toMatchObject({ decision: 'hold', local: null });
    expect(denied).toMatchObject({ decision: 'deny', local: null });
  });

  it('acts on an allow with its receipt, and on nothing else', async () => {
    const gate = { url, key: KEY, timeoutMs: 10_000 };
    const { done, act } = actor();
    expect(await guard(gate, down('checkout'), act, { publicKeys })).toMatchObject({
      acted: true,
      result: 1,
    });
    expect(done).toEqual([{ replicas: 4 }]);
    const held = await guard(gate, down('cart'), act, { publicKeys });
    expect(held).toMatchObject({ acted: false, why: expect.stringMatching(/^hold: /) });
    const shadow = await guard(gate, { ...down('checkout'), mode: 'shadow' }, act);
    expect(shadow).toMatchObject({ acted: false, why: expect.stringContaining('shadow') });
    const stranger = 'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
    const others = [`-----BEGIN PUBLIC KEY-----\n${stranger}\n-----END PUBLIC KEY-----\n`];
    expect(await guard(gate, down('checkout'), act, { publicKeys: others })).toMatchObject({
      acted: false,
      why: expect.stringContaining('a key that was not given'),
    });
    expect(done).toHaveLength(1);
    await expect(guard(gate, down('checkout'), act, { publicKeys: ['none'] })).rejects.toThrow(TypeError);
  });

  it('takes no receipt for anything else', async () => {
    const gate = { url, key: KEY, timeoutMs: 10_000 };
    const answer = await askGate(gate, down('checkout', { planGeneration: 'p@1' }));
    expect(answer.receipt).toEqual(expect.any(String));
    const replayed = async (request: GateRequest, change: object = {}) => {
      const { done, act } = actor();
      const lying = { url: await saying({ ...answer, ...change }) };
      const told = await guard(lying, request, act, { publicKeys });
      return [done.length, told.acted ? '' : told.why];
    };
    const asked = down('checkout', { planGeneration: 'p@1' });
    expect(await replayed(asked)).toEqual([1, '']);
    const [head, body, signature] = String(answer.receipt).split('.') as [string, string, string];
    const turned = `${head}.${Buffer.from(Buffer.from(body, 'base64url').toString().replace('"kind":"scale.down"', '"kind":"delete"')).toString('base64url')}.${signature}`;
    const later = new Date(Date.now() + 3_600_000).toISOString();
    for (const [request, change] of [
      [down('cart', { planGeneration: 'p@1' }), {}],
      [{ ...asked, action: { ...asked.action, kind: 'delete' } }, {}],
      [{ ...asked, action: { ...asked.action, kind: 'delete' } }, { receipt: turned }],
      [{ ...asked, actor: { id: 'other' } }, {}],
      [down('checkout', { planGeneration: 'p@1', to: { replicas: 3 } }), {}],
      [asked, { limits: {} }],
      [asked, { validUntil: later }],
      [asked, { decisionId: 'd_other' }],
      [asked, { receipt: null }],
      [asked, { receipt: 'a.b.c' }],
    ] as const) {
      const [count, why] = await replayed(request, change);
      expect([count, why]).toEqual([0, expect.stringMatching(/receipt/)]);
    }
  });

  it('asks again through a hold until its deadline', async () => {
    const gate = { url, key: KEY, timeoutMs: 10_000 };
    const { done, act } = actor();
    const startedAtMs = performance.now();
    const guarded = guard(gate, down('late'), act, { deadlineMs: 60_000 });
    await insertVerdicts(world.engine.client, [
      ...tracesVerdicts('pass', {
        serviceName: 'late',
        evaluatedAtMs: Date.now() - 500,
        validForMs: 600_000,
      }),
    ]);
    expect((await guarded).acted).toBe(true);
    expect(done).toHaveLength(1);
    expect(performance.now() - startedAtMs).toBeGreaterThan(4_000); // retryAfterS was kept
  });

  it.each([
    ['a wrong key', 'scale.up', 'other'],
    ['no key', 'rollback', undefined],
    ['a kind that is none', 'Roll Back', KEY],
  ])('%s is refused, and no fail mode makes a yes of it', async (_, kind, key) => {
    const decision = await askGate({ url, key, timeoutMs: 10_000 }, asking(kind, 'checkout'));
    expect(decision).toMatchObject({ decision: 'hold', decisionId: null, local: { because: 'refused' } });
  });
});

describe('without an answer', () => {
  const never: [string, () => Promise<string>][] = [
    ['a dead server', async () => DEAD],
    ['an address that is none', async () => 'http://nowhere.invalid'],
    ['a hanging server', () => serverThat(() => undefined)],
    ['one that hangs in its answer', () => serverThat((response) => response.write('{"decision":"allow",'))],
    ['one that hangs up', () => serverThat((response) => response.destroy())],
    [
      'one that never ends',
      () =>
        serverThat((response) => {
          const block = 'x'.repeat(65_536);
          const pour = (): void => {
            if (!response.destroyed) response.write(block, () => setImmediate(pour));
          };
          pour();
        }),
    ],
    ['a 503', () => serverThat((response) => response.writeHead(503).end(JSON.stringify(ALLOW)))],
    ['a 429', () => serverThat((response) => response.writeHead(429).end())],
    ['HTML', () => serverThat((response) => response.end('<html>welcome</html>'))],
    ['nothing', () => serverThat((response) => response.end())],
    ['JSON that is no decision', () => saying({ ok: true })],
    ['an allow without an end', () => saying({ ...ALLOW, validUntil: undefined })],
    ['an allow with an end that is no time', () => saying({ ...ALLOW, validUntil: 'soon' })],
    ['an allow without limits', () => saying({ ...ALLOW, limits: null })],
    ['an allow without an id', () => saying({ ...ALLOW, decisionId: '' })],
    ['a decision that is none', () => saying({ ...ALLOW, decision: 'ALLOW' })],
  ];

  it.each(never)('%s: what is risky is left, what is safe goes on', async (_, serve) => {
    const gate = { url: await serve(), timeoutMs: 300 };
    const ask = async (kind: string) => {
      const { decision, decisionId, local } = await askGate(gate, asking(kind, 'checkout'));
      return [decision, decisionId, local?.because];
    };
    expect(await ask('scale.down')).toEqual(['deny', null, 'unreachable']);
    expect(await ask('rollout.advance')).toEqual(['hold', null, 'unreachable']);
    expect(await ask('rollback')).toEqual(['allow', null, 'unreachable']);
    expect(await ask('dance')).toEqual(['hold', null, 'unreachable']);
  });

  it.each([
    ['a redirect', (response: ServerResponse) => response.writeHead(302, { location: '/' }).end()],
    ['a path that is not there', (response: ServerResponse) => response.writeHead(404).end('{}')],
  ])('%s is refused', async (_, answer) => {
    const decision = await askGate({ url: await serverThat(answer) }, asking('rollback', 'checkout'));
    expect(decision).toMatchObject({ decision: 'hold', local: { because: 'refused' } });
  });

  it('allows nothing when told so', async () => {
    const gate = { url: DEAD, whenUnreachable: 'closed' } as const;
    const kinds = ['rollback', 'scale.up', 'restart.one', 'restore', 'quota.raise', 'scale.down'];
    const answers = await Promise.all(kinds.map((kind) => askGate(gate, asking(kind, 'checkout'))));
    expect(answers.map(({ decision }) => decision)).toEqual(kinds.map(() => 'deny'));
  });

  it('restarts one, and then no other of the same service', async () => {
    const gate = { url: DEAD };
    const { done, act } = actor();
    const restart = (service: string, pod: string, mode?: 'shadow') =>
      guard(
        gate,
        { ...asking('restart.one', service), target: { service, pod }, ...(mode && { mode }) },
        act,
      );
    expect((await restart('a', 'a-1', 'shadow')).acted).toBe(false); // a look uses nothing up
    const acted = [
      await restart('a', 'a-1'),
      await restart('a', 'a-1'),
      await restart('a', 'a-2'),
      await restart('b', 'b-1'),
    ];
    expect(acted.map((one) => one.acted)).toEqual([true, false, false, true]);
    expect(done).toHaveLength(2);
  });

  it('caps what grows', async () => {
    const gate = { url: DEAD };
    const { done, act } = actor();
    const up = (to: number, from: number | null = 4) =>
      asking('scale.up', 'checkout', {
        ...(from === null ? {} : { from: { replicas: from } }),
        to: { replicas: to },
      });
    expect((await guard(gate, up(6), act)).acted).toBe(true);
    expect(await guard(gate, up(7), act)).toMatchObject({
      acted: false,
      why: 'allowed, but not this: at most 6 replicas are allowed now, not 7',
    });
    expect((await guard(gate, up(7, null), act)).acted).toBe(false);
    expect((await guard(gate, up(40), act, { clamp: true })).acted).toBe(true);
    expect(done).toEqual([{ replicas: 6 }, { replicas: 6 }]);
  });

  it('says when people should be told', async () => {
    const pages = async (kind: string) => (await askGate({ url: DEAD }, asking(kind, 'x'))).local?.pages;
    expect([await pages('failover.region'), await pages('rightsize.down')]).toEqual([true, false]);
  });
});

describe('guard', () => {
  it('acts once the gate is back', async () => {
    const url = await serverThat((response, asked) =>
      asked === 0 ? response.destroy() : response.end(JSON.stringify(ALLOW)),
    );
    const { done, act } = actor();
    expect((await guard({ url }, down('x'), act, { deadlineMs: 30_000 })).acted).toBe(true);
    expect(done).toHaveLength(1);
  });

  it('holds out until the deadline and no longer, and never asks in a circle', async () => {
    let asked = 0;
    const url = await serverThat((response) => {
      asked++;
      response.end(JSON.stringify(HOLD));
    });
    const { done, act } = actor();
    expect((await guard({ url }, down('x'), act, { deadlineMs: 450 })).acted).toBe(false);
    expect([asked > 1 && asked <= 5, done.length]).toEqual([true, 0]);
    const long = await saying({ ...HOLD, retryAfterS: 3_600 });
    expect((await guard({ url: long }, down('x'), act, { deadlineMs: 1_000 })).acted).toBe(false);
  });

  it('does not ask a deny again', async () => {
    const url = await saying({ ...ALLOW, decision: 'deny' }, ALLOW);
    const { done, act } = actor();
    expect((await guard({ url }, down('x'), act, { deadlineMs: 30_000 })).acted).toBe(false);
    expect(done).toHaveLength(0);
  });

  it.each([
    ['that has ended', { validUntil: new Date(Date.now() - 1).toISOString() }, {}],
    ['with a limit nobody knows', { limits: { region: 'eu' } }, {}],
    ['beyond its limits', { limits: { minTo: { replicas: 5 } } }, {}],
    ['whose limit is on a size not said', { limits: { maxTo: { zones: 2 } } }, {}],
    ['for another plan than there is', {}, { planGeneration: () => 'p@2' }],
    ['without a receipt', {}, { publicKeys: [] }],
    ['whose limits name another plan', { limits: { planGeneration: 'p@0' } }, {}],
    ['that leaves nothing to do', { limits: { minTo: { replicas: 6 } } }, { clamp: true }],
    [
      'whose limits exclude each other',
      { limits: { minTo: { replicas: 5 }, maxTo: { replicas: 3 } } },
      { clamp: true },
    ],
  ])('does not act on an allow %s', async (_, change, options) => {
    const { done, act } = actor();
    const url = await saying({ ...ALLOW, ...change });
    const told = await guard({ url }, down('x', { planGeneration: 'p@1' }), act, options);
    expect([told.acted, done.length]).toEqual([false, 0]);
  });

  it('does not act on an allow that ends while the plan is looked up', async () => {
    const { done, act } = actor();
    const url = await saying({ ...ALLOW, validUntil: new Date(Date.now() + 300).toISOString() });
    const planGeneration = () => new Promise<string>((tell) => setTimeout(tell, 400, 'p@1'));
    const told = await guard({ url }, down('x', { planGeneration: 'p@1' }), act, { planGeneration });
    expect(told).toMatchObject({ acted: false, why: expect.stringContaining('ended at') });
    expect(done).toHaveLength(0);
  });

  it('tells what it does when the allow ends, and throws what it throws', async () => {
    const url = await saying({ ...ALLOW, validUntil: new Date(Date.now() + 500).toISOString() });
    const waited = await guard(
      { url },
      down('x'),
      ({ signal }) => new Promise((ended) => signal.addEventListener('abort', () => ended('aborted'))),
    );
    expect(waited).toMatchObject({ acted: true, result: 'aborted' });
    const failing = guard({ url: await saying(ALLOW) }, down('x'), () => {
      throw new Error('no such deployment');
    });
    await expect(failing).rejects.toThrow('no such deployment');
  });

  it('stops waiting when told', async () => {
    const url = await saying({ ...HOLD, retryAfterS: 5 });
    const waiting = guard({ url }, down('x'), () => 0, {
      deadlineMs: 60_000,
      signal: AbortSignal.timeout(200),
    });
    await expect(waiting).rejects.toThrow(/abort/i);
  });
});

it('limits: what is kept is inside, and never further than asked', () => {
  const size = fc.integer({ min: 0, max: 20 });
  const property = fc.property(
    fc.record({ from: size, to: size, max: fc.option(size), min: fc.option(size), clamp: fc.boolean() }),
    ({ from, to, max, min, clamp }) => {
      const limits = {
        ...(max === null ? {} : { maxTo: { replicas: max } }),
        ...(min === null ? {} : { minTo: { replicas: min } }),
      };
      const kept = keepLimits({ from: { replicas: from }, to: { replicas: to } }, limits, { clamp });
      const replicas = 'to' in kept ? (kept.to['replicas'] as number) : to;
      expect(replicas).toBeGreaterThanOrEqual(Math.min(from, to));
      expect(replicas).toBeLessThanOrEqual(Math.max(from, to));
      const inside = replicas <= (max ?? 99) && replicas >= (min ?? 0);
      expect('to' in kept ? inside : true).toBe(true);
      expect('beyond' in kept && inside && !clamp).toBe(false);
    },
  );
  fc.assert(property, { numRuns: 500 });
});
