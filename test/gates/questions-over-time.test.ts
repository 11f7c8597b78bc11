import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionBody } from '../../gates/decide.ts';
import { newerPlan, parsePlan } from '../../gates/plan-generation.ts';
import { RecentDecisions } from '../../gates/recent-actions.ts';
import { TrustState } from '../../gates/trust.ts';
import { askOf, NOW_MS, SmallGate, setOf, tracesVerdicts, verdictOf } from './judged-world.ts';

const MINUTE_MS = 60_000;
const codes = (body: DecisionBody) => body.reasons.map(({ code }) => code);
const trustOf = (...verdicts: Parameters<TrustState['absorb']>[0]) => {
  const trust = new TrustState();
  trust.absorb(verdicts, NOW_MS);
  return trust;
};

describe('an old plan', () => {
  const apply = (planGeneration: string, region = 'eu') =>
    askOf({ kind: 'route.apply', planGeneration, target: { service: 'checkout', region } });

  it('is denied once a newer one was allowed for the same target', () => {
    const gate = new SmallGate();
    expect(gate.ask(apply('dns@9')).decision).toBe('allow');
    const newest = gate.ask(apply('dns@10'));
    expect(newest.limits).toEqual({ planGeneration: 'dns@10' });
    const stale = gate.ask(apply('dns@9'));
    expect(stale.decision).toBe('deny');
    expect(stale.reasons.find(({ code }) => code === 'STALE_PLAN')?.evidence).toContain(newest.decisionId);
    expect(gate.ask(apply('dns@10')).decision).toBe('allow');
    expect(gate.ask(apply('dns@9', 'us')).decision).toBe('allow');
    expect(gate.ask(askOf({ kind: 'route.plan', planGeneration: 'dns@9' })).decision).toBe('allow');
  });

  it('is told by the number at its end only', () => {
    const gate = new SmallGate();
    gate.ask(apply('4be1c0e'));
    expect(gate.ask(apply('1aa9f')).decision).toBe('allow');
    expect(newerPlan(parsePlan('a@9007199254740993'), parsePlan('a@9007199254740992'))).toBe(true);
    expect(newerPlan(parsePlan('a@2'), parsePlan('b@1'))).toBeNull();
    expect(newerPlan(parsePlan('a'), parsePlan('a1'))).toBeNull();
  });

  it('stays old when the newer one is read from another replica, in any order', () => {
    const orders = fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 5 });
    const property = fc.property(orders, (numbers) => {
      const recent = new RecentDecisions();
      recent.absorb(
        numbers.map((number) => ({
          decisionId: `d_${number}`,
          decidedAtMs: NOW_MS - number,
          decision: 'allow',
          request: apply(`dns@${number}`),
        })),
      );
      expect(recent.newestPlan(apply('dns@1'))?.text).toBe('dns@5');
    });
    fc.assert(property, { numRuns: 30 });
  });
});

describe('a hold', () => {
  const down = askOf();
  const trust = trustOf();
  const heldFor = (minutes: number, lines = '') => {
    const gate = new SmallGate({ trust, sets: lines === '' ? [] : [setOf(lines)] });
    const first = gate.ask(down);
    expect(first.decision).toBe('hold');
    expect(codes(first)).not.toContain('HELD');
    for (let minute = 0; minute < minutes; minute += 5) {
      gate.nowMs += 5 * MINUTE_MS;
      if (minute + 5 < minutes) gate.ask(down);
    }
    return gate;
  };

  it('says since when it is one', () => {
    const body = heldFor(20).ask(down);
    const held = body.reasons.find(({ code }) => code === 'HELD');
    expect(held?.since).toBe(new Date(NOW_MS).toISOString());
    expect(held?.text).toContain('5 times');
    expect(held?.evidence).toBe('/api/v1/decisions/d_1');
  });

  it.each([
    ['by default people are told, and it is held on', '', 'hold', 30],
    [
      'page',
      'failureTolerance: {scale.down: {unknown: hold, holdMax: 10m, onHoldTimeout: page}}',
      'hold',
      10,
    ],
    [
      'deny',
      'failureTolerance: {scale.down: {unknown: hold, holdMax: 10m, onHoldTimeout: deny}}',
      'deny',
      10,
    ],
    [
      'allow within the cap',
      'failureTolerance: {scale.down: {unknown: hold, holdMax: 10m, onHoldTimeout: allow-capped, cap: "+10%"}}',
      'allow',
      10,
    ],
  ])('past its maximum age: %s', (_name, lines, decision, minutes) => {
    expect(codes(heldFor(minutes - 5, lines).ask(down))).toContain('HELD');
    const body = heldFor(minutes, lines).ask(down);
    expect(body.decision).toBe(decision);
    expect(codes(body)).toContain('HOLD_OVERDUE');
  });

  it('is not let go within a cap where more than unknown data holds it', () => {
    const lines = `failureTolerance: {scale.down: {unknown: hold, holdMax: 10m, onHoldTimeout: allow-capped, cap: "+10%"}}\nguardrails: {massEvent: {ifUnhealthyPct: "> 30"}}`;
    expect(heldFor(10, lines).ask(down).decision).toBe('hold');
    const failing = new SmallGate({
      sets: [setOf(lines.split('\n')[0] as string)],
      trust: trustOf(...tracesVerdicts('fail', { validForMs: 3_600_000 })),
    });
    failing.ask(down);
    failing.nowMs += 11 * MINUTE_MS;
    expect(failing.ask(down).decision).toBe('hold');
  });

  it('bounds what a capped allow may take away', () => {
    const lines = 'failureTolerance: {scale.down: {unknown: allow-capped, cap: "+10%"}}';
    const body = new SmallGate({ sets: [setOf(lines)], trust }).ask(down);
    expect(body.limits).toMatchObject({ minTo: { replicas: 8 }, maxIncreaseRatio: 0.1 });
  });

  it('begins anew after an allow, after silence, and for another question', () => {
    const gate = heldFor(30);
    expect(codes(gate.judge(askOf({ actor: 'other' })))).not.toContain('HOLD_OVERDUE');
    gate.recent.take({ decisionId: 'd_x', decidedAtMs: gate.nowMs, decision: 'allow', request: down });
    expect(codes(gate.ask(down))).not.toContain('HOLD_OVERDUE');
    gate.nowMs += 60 * MINUTE_MS;
    gate.recent.forget(gate.nowMs);
    expect(codes(gate.ask(down))).not.toContain('HELD');
  });
});

describe('what the actor saw', () => {
  const set = setOf('sources: [{id: traces, signal: traces, expect: {lag: "p99 <= 10s"}}]');
  const fresh = trustOf(
    ...tracesVerdicts('pass'),
    verdictOf({ dimension: 'timeliness', freshnessS: 2, n: 500, evaluatedAtMs: NOW_MS - 500 }),
  );
  const seen = (value: unknown, agoS = 1, signal = 'cpu') => [
    { signal, value, observedAt: new Date(NOW_MS - 1_000 * agoS).toISOString() },
  ];

  it.each([
    ['a number, just now', seen(41.2), 'allow', 'OK'],
    ['NaN as text', seen('NaN'), 'hold', 'INPUT_INVALID'],
    ['Infinity as text', seen('-Infinity'), 'hold', 'INPUT_INVALID'],
    ['no value', seen(undefined), 'hold', 'INPUT_INVALID'],
    ['null', seen(null), 'hold', 'INPUT_INVALID'],
    ['NaN', seen(Number.NaN), 'hold', 'INPUT_INVALID'],
    ['no time', [{ signal: 'cpu', value: 1 }], 'hold', 'INPUT_INVALID'],
    ['no signal', [{ value: 1, observedAt: new Date(NOW_MS).toISOString() }], 'hold', 'INPUT_INVALID'],
    ['a time to come', seen(1, -60), 'hold', 'INPUT_INVALID'],
    ['old', seen(1, 121), 'hold', 'INPUT_STALE'],
    ['older than its source promises', seen(1, 11, 'traces.rate'), 'hold', 'INPUT_STALE'],
    ['as fresh as its source promises', seen(1, 9, 'traces.rate'), 'allow', 'OK'],
    [
      'zero requests, while spans come in',
      seen(0, 1, 'http.server.request.rate'),
      'hold',
      'INPUT_CONTRADICTS',
    ],
    ['zero of something else', seen(0, 1, 'http.server.errors'), 'allow', 'OK'],
  ])('%s', (_name, inputs, decision, code) => {
    const body = new SmallGate({ sets: [set], trust: fresh }).ask(askOf({ inputs }));
    expect(body.decision).toBe(decision);
    expect(codes(body)).toContain(code);
  });

  it('does not keep anybody from the safe direction', () => {
    const body = new SmallGate({ sets: [set], trust: fresh }).ask(
      askOf({ kind: 'scale.up', inputs: seen('NaN') }),
    );
    expect(body.decision).toBe('allow');
    expect(codes(body)).toContain('INPUT_INVALID');
  });

  it('does not contradict a zero when the spans stopped too', () => {
    const stopped = trustOf(
      ...tracesVerdicts('pass'),
      verdictOf({ dimension: 'timeliness', freshnessS: 40, n: 500, evaluatedAtMs: NOW_MS - 500 }),
    );
    const body = new SmallGate({ sets: [set], trust: stopped }).ask(
      askOf({ inputs: seen(0, 1, 'requests') }),
    );
    expect(codes(body)).not.toContain('INPUT_CONTRADICTS');
  });

  it('is held against the intent that we measure', () => {
    const intended = setOf('intent: [{id: ok, expr: traces.ok_ratio, target: ">= 0.99"}]');
    const intent = {
      constraint: 'checkout/ok',
      serviceName: 'checkout',
      metric: 'ok_ratio',
      comparator: '>=',
      target: 0.99,
      why: '',
    } as const;
    const intents = [{ intent, isMet: 'false', requests: 900, wrong: { lower: 0.2, upper: 0.3 } }] as const;
    const gate = new SmallGate({ sets: [intended], intents, trust: fresh });
    expect(codes(gate.judge(askOf({ inputs: seen(0.75, 1, 'ok_ratio') })))).not.toContain(
      'INPUT_CONTRADICTS',
    );
    expect(codes(gate.judge(askOf({ inputs: seen(1, 1, 'traces.ok_ratio') })))).toContain(
      'INPUT_CONTRADICTS',
    );
  });
});

describe('a loss that is tolerated', () => {
  const set = (tolerate: string) =>
    setOf(`
sources:
  - {id: traces, signal: traces, expect: {completeness: ">= 95%", lag: "p99 <= 10s"}}
  - {id: log-lines, signal: logs}
failureTolerance: {tolerate: [${tolerate}]}
`);
  const logs = (outcome: 'pass' | 'fail', evaluatedAtMs = NOW_MS - 1_000) =>
    verdictOf({ signal: 'logs', dimension: 'timeliness', outcome, evaluatedAtMs, validForMs: 90_000 });
  const withoutLogs = trustOf(...tracesVerdicts('pass'), logs('fail'));

  it.each([
    ['nothing is tolerated', '', 'hold'],
    ['by its source', '{lose: log-lines, for: 24h, asIf: ok}', 'allow'],
    ['by its signal', '{lose: logs, for: 24h, asIf: degraded}', 'allow'],
    ['another source', '{lose: traces, for: 24h, asIf: ok}', 'hold'],
    ['not for this kind', '{lose: logs, for: 24h, asIf: ok, except: [scaling.*]}', 'hold'],
  ])('%s', (_name, tolerate, decision) => {
    const body = new SmallGate({ sets: [set(tolerate)], trust: withoutLogs }).ask(askOf());
    expect(body.decision).toBe(decision);
    expect(codes(body).includes('TOLERATED')).toBe(decision === 'allow');
    expect(body.data.state).toBe('fail');
  });

  it('is so for its time only, and no allow lasts longer', () => {
    const since = NOW_MS - 50_000;
    const trust = trustOf(...tracesVerdicts('pass', { validForMs: 90_000 }), logs('fail', since));
    const gate = new SmallGate({ sets: [set('{lose: logs, for: 1m, asIf: ok}')], trust });
    const body = gate.ask(askOf());
    expect(body.decision).toBe('allow');
    expect(Date.parse(body.validUntil)).toBe(since + MINUTE_MS);
    gate.nowMs = since + MINUTE_MS + 1;
    expect(gate.ask(askOf()).decision).toBe('hold');
  });

  it('takes a share of the data for what that many of that many carry', () => {
    const lossy = trustOf(
      ...tracesVerdicts('pass'),
      {
        ...verdictOf({ outcome: 'fail', evaluatedAtMs: NOW_MS - 500 }),
        lower: 0.28,
        estimate: 0.3,
        upper: 0.33,
      },
      logs('pass'),
    );
    const decisionOn = (lose: string) =>
      new SmallGate({ sets: [set(`{lose: "${lose}", for: 10m, asIf: degraded}`)], trust: lossy }).ask(askOf())
        .decision;
    expect(decisionOn('1 of 3 collectors')).toBe('allow');
    expect(decisionOn('1 of 4 collectors')).toBe('hold');
  });

  it('never lets degraded data take away for good', () => {
    const decisionOn = (asIf: string) =>
      codes(
        new SmallGate({ sets: [set(`{lose: logs, for: 24h, asIf: ${asIf}}`)], trust: withoutLogs }).ask(
          askOf({ kind: 'scale.to_zero' }),
        ),
      );
    expect(decisionOn('degraded')).not.toContain('TOLERATED');
    expect(decisionOn('ok')).toContain('TOLERATED');
  });
});

describe('recent actions', () => {
  it('are bounded, and say from when on they are known', () => {
    const recent = new RecentDecisions();
    recent.markRead({ sinceMs: NOW_MS - 3_600_000, nowMs: NOW_MS });
    const knows = (sinceMs: number) => recent.knows({ service: 'checkout', sinceMs, nowMs: NOW_MS });
    const request = askOf();
    for (let index = 0; index < 5_100; index++)
      recent.take({
        decisionId: `d_${index}`,
        decidedAtMs: NOW_MS - 6_000 + index,
        decision: 'allow',
        request,
      });
    expect(recent.on('checkout')).toHaveLength(5_000);
    expect(knows(NOW_MS - 3_600_000)).toBe(false);
    expect(knows(NOW_MS - 5_000)).toBe(true);
    recent.forget(NOW_MS + 86_400_000);
    expect(recent.on('checkout')).toHaveLength(0);
  });

  it('are taken once, in order of time, and given back', () => {
    const recent = new RecentDecisions();
    const take = (id: number) => ({
      decisionId: `d_${id}`,
      decidedAtMs: NOW_MS + id,
      decision: 'allow' as const,
      request: askOf(),
    });
    recent.absorb([take(3), take(1), take(2), take(3)]);
    recent.take(take(2));
    expect(recent.on('checkout').map(({ decisionId }) => decisionId)).toEqual(['d_1', 'd_2', 'd_3']);
    recent.giveBack(take(2));
    expect(recent.on('checkout').map(({ decisionId }) => decisionId)).toEqual(['d_1', 'd_3']);
  });
});
