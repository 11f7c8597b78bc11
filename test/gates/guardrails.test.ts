import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intents } from '../../gates/constraints/constraints.ts';
import type { DecisionBody } from '../../gates/decide.ts';
import { judgeRepair } from '../../gates/guardrails/judge-repair.ts';
import type { IntentState } from '../../gates/intent-state.ts';
import { askOf, NOW_MS, SmallGate, setOf } from './judged-world.ts';

const MINUTE_MS = 60_000;
const codes = (body: DecisionBody) => body.reasons.map(({ code }) => code);
const blocking = (body: DecisionBody) => body.reasons.find(({ severity }) => severity === 'blocking');

const tune = (actor = 'tuner') => askOf({ kind: 'tune.cache', actor });
const shrink = (from: number, to: number, actor = 'hpa/checkout') =>
  askOf({ kind: 'scale.down', actor, from: { replicas: from }, to: { replicas: to } });
const grow = askOf({ kind: 'scale.up', from: { replicas: 6 }, to: { replicas: 8 } });

describe('the change budget', () => {
  const budget = setOf('guardrails: {changeBudget: {per: 10m, maxActions: 3}}');

  it('is shared by all actors, holds when it is used, and opens when its oldest action leaves', () => {
    const gate = new SmallGate({ sets: [budget] });
    const first = gate.ask(tune('a'));
    gate.nowMs += MINUTE_MS;
    gate.ask(shrink(8, 7, 'b'));
    gate.ask(tune('c'));
    gate.nowMs += MINUTE_MS;
    const held = gate.ask(tune('d'));
    expect(held.decision).toBe('hold');
    expect(blocking(held)).toMatchObject({
      code: 'BUDGET_USED',
      constraint: 'checkout/guardrails.changeBudget',
      evidence: `/api/v1/decisions/${first.decisionId}`,
      since: new Date(NOW_MS + MINUTE_MS).toISOString(),
    });
    expect(held.retryAfterS).toBe(8 * 60);
    expect(Date.parse(held.validUntil)).toBe(NOW_MS + 10 * MINUTE_MS);
    expect(held.wouldAllowIf.join()).toContain(new Date(NOW_MS + 10 * MINUTE_MS).toISOString());
    gate.nowMs = NOW_MS + 10 * MINUTE_MS - 1;
    expect(gate.ask(tune('d')).decision).toBe('hold');
    gate.nowMs += 1;
    expect(gate.ask(tune('d')).decision).toBe('allow');
    expect(gate.ask(tune('e')).decision).toBe('hold');
  });

  it('counts neither shadows, nor refusals, nor what takes a change back, and holds none of that', () => {
    const gate = new SmallGate({ sets: [budget] });
    for (let index = 0; index < 5; index++) {
      gate.ask(askOf({ kind: 'tune.cache', mode: 'shadow' }));
      expect(gate.ask(askOf({ kind: 'rollback' })).decision).toBe('allow');
      expect(gate.ask(askOf({ kind: 'scale.down', to: { replicas: -1 } })).decision).toBe('deny');
    }
    expect([1, 2, 3, 4].map(() => gate.ask(tune()).decision)).toEqual(['allow', 'allow', 'allow', 'hold']);
    expect(gate.ask(askOf({ kind: 'rollback' })).decision).toBe('allow');
  });

  it('is of the service of its set, and of its environment', () => {
    const scoped = { ...budget, scope: { service: 'checkout', env: 'prod' } };
    const gate = new SmallGate({ sets: [scoped] });
    const inEnv = (env: string) => askOf({ kind: 'tune.cache', target: { service: 'checkout', env } });
    for (let index = 0; index < 3; index++) gate.ask(inEnv('test'));
    expect(gate.ask(inEnv('prod')).decision).toBe('allow');
    for (let index = 0; index < 2; index++) gate.ask(inEnv('prod'));
    expect(gate.ask(inEnv('prod')).decision).toBe('hold');
    expect(gate.ask(inEnv('test')).decision).toBe('allow');
  });

  it('goes by the fail mode while what other replicas allowed is not known', () => {
    const gate = new SmallGate({ sets: [budget], areOthersKnown: false });
    const held = gate.ask(tune());
    expect(held.decision).toBe('hold');
    expect(codes(held)).toContain('RECENT_UNKNOWN');
    expect(gate.ask(grow).decision).toBe('allow');
  });

  it('takes shares of targets: adds them up, refuses what never fits, and asks for the size', () => {
    const gate = new SmallGate({
      sets: [setOf('guardrails: {changeBudget: {per: 10m, maxTargetsPct: 20}}')],
    });
    expect(codes(gate.ask(tune()))).toContain('SIZE_UNKNOWN');
    const large = gate.ask(shrink(10, 7));
    expect([large.decision, blocking(large)?.code]).toEqual(['deny', 'BUDGET_TOO_SMALL']);
    expect(gate.ask(shrink(10, 9)).decision).toBe('allow');
    gate.nowMs += MINUTE_MS;
    const radius = (count: number) => askOf({ kind: 'tune.cache', blastRadius: { count, of: 10 } });
    expect(gate.ask(radius(1)).decision).toBe('allow');
    expect(gate.ask(radius(1))).toMatchObject({ decision: 'hold', retryAfterS: 9 * 60 });
    expect(gate.ask(radius(2))).toMatchObject({ decision: 'hold', retryAfterS: 10 * 60 });
    expect(gate.ask(grow).decision).toBe('allow');
  });

  it('believes the larger of what is said and what the replicas say', () => {
    const gate = new SmallGate({
      sets: [setOf('guardrails: {changeBudget: {per: 10m, maxTargetsPct: 20}}')],
    });
    const understated = askOf({
      kind: 'scale.down',
      from: { replicas: 10 },
      to: { replicas: 2 },
      blastRadius: { count: 1, of: 100 },
    });
    expect(gate.ask(understated).decision).toBe('deny');
    const same = { from: { replicas: 10 }, to: { replicas: 10 } };
    expect(gate.ask(askOf({ kind: 'tune.cache', ...same, blastRadius: { count: 9 } })).decision).toBe('deny');
  });

  it('is never exceeded within any window, whatever is asked in whatever order', () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: 5 * MINUTE_MS }),
      kind: fc.constantFrom('tune.cache', 'scale.up', 'scale.down', 'restart.one', 'drain', 'rollback'),
      actor: fc.constantFrom('a', 'b', 'c'),
      count: fc.integer({ min: 1, max: 3 }),
    });
    let heldCount = 0;
    const property = fc.property(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      (steps, maxActions) => {
        const per = 10 * MINUTE_MS;
        const gate = new SmallGate({
          sets: [
            setOf(`guardrails: {changeBudget: {per: 10m, maxActions: ${maxActions}, maxTargetsPct: 40}}`),
          ],
        });
        const allowed: { atMs: number; share: number }[] = [];
        for (const { waitMs, kind, actor, count } of steps) {
          gate.nowMs += waitMs;
          const body = gate.ask(askOf({ kind, actor, blastRadius: { count, of: 10 } }));
          if (kind === 'rollback') expect(body.decision).toBe('allow');
          else if (body.decision === 'allow') allowed.push({ atMs: gate.nowMs, share: count / 10 });
          else heldCount++;
        }
        for (const { atMs } of allowed) {
          const within = allowed.filter((one) => one.atMs >= atMs && one.atMs < atMs + per);
          expect(within.length).toBeLessThanOrEqual(maxActions);
          expect(within.reduce((sum, { share }) => sum + share, 0)).toBeLessThanOrEqual(0.4 + 1e-9);
        }
      },
    );
    fc.assert(property, { numRuns: 200 });
    expect(heldCount).toBeGreaterThan(500);
  });

  it('has room again exactly when it says', () => {
    const property = fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 }), (waitsS) => {
      const gate = new SmallGate({ sets: [budget] });
      for (const waitS of waitsS) {
        gate.nowMs += 1_000 * waitS;
        gate.ask(tune());
      }
      const held = gate.judge(tune());
      gate.nowMs += 1_000 * (held.retryAfterS ?? 0);
      expect(gate.judge(tune()).decision).toBe('allow');
    });
    fc.assert(property, { numRuns: 100 });
  });
});

describe('a budget of a fleet', () => {
  const fleet = (rule: string) => setOf(`guardrails: {changeBudget: {per: 10m, ${rule}, over: [cart, db]}}`);
  const tuneOn = (service: string, actor = 'tuner') =>
    askOf({ kind: 'rollback', actor, target: { service } });
  const ask = (gate: SmallGate, service: string, more: Partial<Parameters<typeof askOf>[0]> = {}) =>
    gate.ask(askOf({ kind: 'scale.up', target: { service }, blastRadius: { count: 1, of: 2 }, ...more }));

  it('is used up by all of them together, and holds each, also one without a file', () => {
    const gate = new SmallGate({ sets: [fleet('maxActions: 3')] });
    expect(['checkout', 'cart', 'db'].map((service) => ask(gate, service).decision)).toEqual(
      Array(3).fill('allow'),
    );
    gate.nowMs += MINUTE_MS;
    for (const service of ['db', 'checkout', 'cart']) {
      const held = ask(gate, service);
      expect(held.decision).toBe('hold');
      expect(blocking(held)).toMatchObject({
        code: 'BUDGET_USED',
        constraint: 'checkout/guardrails.changeBudget',
      });
      expect(blocking(held)?.text).toContain('checkout, cart, db together');
      expect(held.constraintSet).toMatch(/^checkout@/);
    }
    // No part of the fleet.
    expect(ask(gate, 'search').decision).toBe('allow');
    expect(gate.ask(tuneOn('cart')).decision).toBe('allow');
    gate.nowMs = NOW_MS + 10 * MINUTE_MS;
    expect(ask(gate, 'cart').decision).toBe('allow');
  });

  it('takes each service for as much of the targets as any other', () => {
    const gate = new SmallGate({ sets: [fleet('maxTargetsPct: 50')] });
    // A half of one of three is a sixth.
    const answers = ['cart', 'db', 'cart', 'checkout'].map((service) => ask(gate, service).decision);
    expect(answers).toEqual(['allow', 'allow', 'allow', 'hold']);
    expect(ask(gate, 'db', { blastRadius: { count: 2, of: 1 } }).decision).not.toBe('allow');
  });

  it('is of the environment of its file', () => {
    const scoped = { ...fleet('maxActions: 1'), scope: { service: 'checkout', env: 'prod' } };
    const gate = new SmallGate({ sets: [scoped] });
    const inEnv = (env: string) => ask(gate, 'cart', { target: { service: 'cart', env } }).decision;
    expect(['test', 'test', 'prod', 'prod', 'test'].map(inEnv)).toEqual([
      'allow',
      'allow',
      'allow',
      'hold',
      'allow',
    ]);
  });

  it('goes by the fail mode while what was allowed on any of them is not known', () => {
    const gate = new SmallGate({ sets: [fleet('maxActions: 9')] });
    const knows = gate.recent.knows.bind(gate.recent);
    gate.recent.knows = (of) => of.service !== 'db' && knows(of);
    const held = gate.ask(askOf({ kind: 'tune.cache' }));
    expect(held.decision).toBe('hold');
    expect(codes(held)).toContain('RECENT_UNKNOWN');
  });
});

describe('a cooldown', () => {
  const set = setOf(
    'guardrails: {cooldown: {after: "deployment.*", for: 15m, blocks: ["optimisation.*", scale.down]}}',
  );

  it('holds kinds and whole stages after an action of anybody, and no others', () => {
    const gate = new SmallGate({ sets: [set] });
    expect(gate.ask(shrink(8, 7)).decision).toBe('allow');
    const start = gate.ask(askOf({ kind: 'rollout.start', actor: 'argo' }));
    expect(start.decision).toBe('allow');
    gate.nowMs += 5 * MINUTE_MS;
    for (const request of [tune(), shrink(8, 7)]) {
      const held = gate.ask(request);
      expect(held).toMatchObject({ decision: 'hold', retryAfterS: 600 });
      expect(blocking(held)).toMatchObject({
        code: 'COOLDOWN',
        since: new Date(NOW_MS).toISOString(),
        evidence: `/api/v1/decisions/${start.decisionId}`,
      });
      expect(blocking(held)?.text).toContain('argo');
    }
    for (let more = 0; more < 3; more++) expect(gate.ask(grow).decision).toBe('allow');
    expect(blocking(gate.ask(shrink(8, 7)))?.code).toBe('COOLDOWN');
    gate.nowMs = NOW_MS + 15 * MINUTE_MS;
    expect(gate.ask(tune()).decision).toBe('allow');
  });
});

describe('flapping', () => {
  const set = setOf('guardrails: {flap: {opposite: [scale.up, scale.down], max: 2, per: 30m}}');

  it('is held on the side that takes away, until the turns lie behind, whoever moved it', () => {
    const gate = new SmallGate({ sets: [set] });
    const seen = [grow, shrink(8, 6, 'vpa'), grow].map((request) => {
      gate.nowMs += MINUTE_MS;
      return gate.ask(request).decision;
    });
    expect(seen).toEqual(['allow', 'allow', 'allow']);
    gate.nowMs += MINUTE_MS;
    const held = gate.ask(shrink(8, 6, 'vpa'));
    expect(blocking(held)?.code).toBe('FLAPPING');
    expect(blocking(held)?.text).toContain('3 times');
    expect(gate.ask(grow).decision).toBe('allow');
    gate.nowMs += 1_000 * (held.retryAfterS ?? 0);
    expect(gate.ask(shrink(8, 6)).decision).toBe('allow');
  });

  it('holds both sides where neither is the safe one', () => {
    const both = setOf('guardrails: {flap: {opposite: [drain, weight.up], max: 1, per: 30m, then: deny}}');
    const gate = new SmallGate({ sets: [both] });
    expect(
      ['drain', 'weight.up', 'drain', 'weight.up'].map((kind) => gate.ask(askOf({ kind })).decision),
    ).toEqual(['allow', 'allow', 'deny', 'allow']);
  });
});

describe('a mass event', () => {
  const set = setOf('guardrails: {massEvent: {ifUnhealthyPct: "> 30"}}');
  const health = (unhealthy: number, atMs = NOW_MS) => ({ known: 10, unhealthy, examples: ['cart'], atMs });
  const restart = (blastRadius?: Record<string, unknown>) =>
    askOf({ kind: 'restart.many', ...(blastRadius === undefined ? {} : { blastRadius }) });
  const one = askOf({ kind: 'tune.cache', blastRadius: { count: 1, of: 9 } });

  it.each([
    ['few look bad', health(3), restart(), 'allow', 'OK'],
    ['too many look bad', health(4), restart(), 'hold', 'MASS_EVENT'],
    ['the safe direction goes on', health(9), grow, 'allow', 'OK'],
    [
      'its own targets look bad',
      health(0),
      restart({ unhealthy: 4, of: 10, count: 4 }),
      'hold',
      'MASS_EVENT',
    ],
    [
      'its own cannot be read',
      health(0),
      restart({ unhealthy: 'all', of: 10 }),
      'hold',
      'MASS_EVENT_UNKNOWN',
    ],
    ['nobody knows', null, restart(), 'hold', 'MASS_EVENT_UNKNOWN'],
    ['what was known is old', health(0, NOW_MS - 20_000), one, 'hold', 'MASS_EVENT_UNKNOWN'],
    ['one restart, and nobody knows', null, askOf({ kind: 'restart.one' }), 'allow', 'MASS_EVENT_UNKNOWN'],
    [
      'one restart of many, and nobody knows',
      null,
      askOf({ kind: 'restart.one', blastRadius: { count: 9 } }),
      'deny', // it is not what it says
      'MASS_EVENT_UNKNOWN',
    ],
  ])('%s', (_name, fleet, request, decision, code) => {
    const body = new SmallGate({ sets: [set], health: fleet }).ask(request);
    expect(body.decision).toBe(decision);
    expect(codes(body)).toContain(code);
  });
});

describe('a repair without effect', () => {
  const set = setOf(
    'intent: [{id: ok, expr: traces.ok_ratio, target: ">= 0.99"}]\nguardrails: {repairEffect: {watch: ok, within: 5m, stopFor: 20m}}',
  );
  const state = (isMet: IntentState['isMet']): IntentState => ({
    intent: intents([set])[0] as IntentState['intent'],
    isMet,
    requests: 100,
    wrong: { lower: 0.1, upper: 0.2 },
  });
  const restart = askOf({ kind: 'restart.one', actor: 'healer' });
  const repaired = (
    effect: 'better' | 'not-better' | 'unknown' | null,
    isMet: IntentState['isMet'] = 'false',
  ) => {
    const gate = new SmallGate({ sets: [set], intents: [state(isMet)], effects: { effectOf: () => effect } });
    gate.ask(restart);
    gate.nowMs += 6 * MINUTE_MS;
    return gate;
  };

  it('stops that kind of repair, and no other, for the time that is written', () => {
    const gate = repaired('not-better');
    const denied = gate.judge({ ...restart, actor: { id: 'another' } });
    expect([denied.decision, blocking(denied)?.code]).toEqual(['deny', 'REPAIR_NO_EFFECT']);
    expect(blocking(denied)?.evidence).toBe('/api/v1/decisions/d_1');
    expect(gate.judge(askOf({ kind: 'restart.many' })).decision).toBe('allow');
    gate.nowMs = NOW_MS + 25 * MINUTE_MS;
    expect(gate.judge(restart).decision).toBe('allow');
  });

  it.each([
    ['it got better', 'better', 'false', 'allow'],
    ['the intent is met by now', 'not-better', 'true', 'allow'],
    ['nobody knows, and one restart may go on', 'unknown', 'false', 'allow'],
  ] as const)('does not when %s', (_name, effect, isMet, decision) => {
    expect(repaired(effect, isMet).judge(restart).decision).toBe(decision);
  });

  it('holds what may not act on the unknown', () => {
    const gate = new SmallGate({ sets: [set], intents: [state('false')], effects: { effectOf: () => null } });
    const many = askOf({ kind: 'restart.many' });
    gate.ask(many);
    gate.nowMs += 4 * MINUTE_MS;
    expect(gate.judge(many).decision).toBe('allow');
    gate.nowMs += 2 * MINUTE_MS;
    expect(codes(gate.judge(many))).toContain('REPAIR_EFFECT_UNKNOWN');
    expect(gate.judge(many).decision).toBe('hold');
  });

  it('is judged by what surely is on the wrong side, before and after', () => {
    const at = (lower: number, upper: number): IntentState => ({
      ...state('false'),
      wrong: { lower, upper },
    });
    const silent: IntentState = { ...state('unknown'), requests: 0, wrong: null };
    expect(judgeRepair({ before: at(0.3, 0.4), after: state('true') })).toBe('better');
    expect(judgeRepair({ before: at(0.3, 0.4), after: at(0.1, 0.2) })).toBe('better');
    expect(judgeRepair({ before: at(0.3, 0.4), after: at(0.25, 0.35) })).toBe('not-better');
    expect(judgeRepair({ before: at(0.3, 0.4), after: silent })).toBe('unknown');
    expect(judgeRepair({ before: silent, after: at(0.1, 0.2) })).toBe('not-better');
  });
});
