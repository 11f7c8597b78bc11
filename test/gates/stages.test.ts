import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DecisionRequest } from '../../core/decision.ts';
import type { DecisionBody } from '../../gates/decide.ts';
import { publicKeyOf, verifierLine } from '../../gates/receipts/public-key.ts';
import { signingKeyOf } from '../../gates/receipts/signing-key.ts';
import { signStatement } from '../../gates/receipts/statement.ts';
import { approve } from '../../gates/stages/approval.ts';
import type { UseFound } from '../../gates/stages/use-proof.ts';
import {
  isWithin,
  nextOpeningMs,
  parseWeeklyWindow,
  type WeeklyWindow,
} from '../../gates/stages/weekly-window.ts';
import { type AskFacts, askOf, NOW_MS, SmallGate, setOf } from './judged-world.ts';

const MINUTE_MS = 60_000;
const verdictOn = (body: DecisionBody) => [
  body.decision,
  body.reasons.find(({ severity }) => severity === 'blocking')?.code ?? 'OK',
];
const iso = (timeMs: number) => new Date(timeMs).toISOString();

describe('provisioning', () => {
  const set = setOf('stages: {provisioning: {gate: [capacity.*, quota.*], ceiling: {costPerDay: 900}}}');
  it.each([
    [{ costPerDay: 900 }, 'allow', 'OK'],
    [{ costPerDay: 900.01 }, 'deny', 'COST_CEILING'],
    [undefined, 'hold', 'COST_UNKNOWN'],
    [{ costPerDay: '12' }, 'hold', 'COST_UNKNOWN'],
    [{ costPerDay: -1 }, 'hold', 'COST_UNKNOWN'],
  ])('%j a day: %s', (to, decision, code) => {
    const ask = askOf({ kind: 'capacity.add', ...(to === undefined ? {} : { to }) });
    expect(verdictOn(new SmallGate({ sets: [set] }).ask(ask))).toEqual([decision, code]);
  });
});

describe('deployment', () => {
  const set = setOf('stages: {deployment: {gate: [rollout.*, promote], bake: 20m, effectLag: 25m}}');
  const step = (kind: string, weight?: number, planGeneration = 'checkout@7') =>
    askOf({ kind, planGeneration, ...(weight === undefined ? {} : { to: { weight } }) });

  it('takes the next step of a plan when the one before has shown its effect', () => {
    const gate = new SmallGate({ sets: [set] });
    expect(verdictOn(gate.ask(step('rollout.advance', 20)))).toEqual(['deny', 'STEP_MISSING']);
    const start = gate.ask(step('rollout.start', 10));
    expect(start.decision).toBe('allow');
    expect(start.limits).toEqual({ planGeneration: 'checkout@7' });
    gate.nowMs += 24 * MINUTE_MS;
    const early = gate.ask(step('rollout.advance', 20));
    expect(verdictOn(early)).toEqual(['hold', 'EFFECT_LAG']);
    expect(early.retryAfterS).toBe(60);
    expect(early.reasons[0]?.evidence).toContain(start.decisionId);
    gate.nowMs += MINUTE_MS;
    expect(gate.ask(step('rollout.advance', 20)).decision).toBe('allow');
    gate.nowMs += MINUTE_MS;
    expect(gate.ask(step('rollout.advance', 20)).decision).toBe('allow'); // the same step, asked again
    expect(verdictOn(gate.ask(step('promote')))).toEqual(['hold', 'EFFECT_LAG']);
    expect(gate.ask(step('rollback')).decision).toBe('allow');
  });

  it('takes a step of another plan for none of this one, and needs the plan named', () => {
    const gate = new SmallGate({ sets: [set] });
    gate.ask(step('rollout.start', 10, 'checkout@6'));
    gate.nowMs += 30 * MINUTE_MS;
    expect(verdictOn(gate.ask(step('rollout.advance', 20)))).toEqual(['deny', 'STEP_MISSING']);
    expect(verdictOn(gate.ask(askOf({ kind: 'promote' })))).toEqual(['hold', 'PLAN_MISSING']);
  });

  it('holds where another replica may have allowed the step before', () => {
    const gate = new SmallGate({ sets: [set], areOthersKnown: false });
    expect(verdictOn(gate.ask(step('rollout.advance', 20)))).toEqual(['hold', 'RECENT_UNKNOWN']);
  });
});

describe('routing', () => {
  const set = setOf('stages: {routing: {gate: [shift.*, drain], floor: 70%}}');
  const drain = (facts: AskFacts, actor = 'edge-1') => askOf({ kind: 'drain', actor, ...facts });

  it.each([
    [{ to: { inRotation: 7, of: 10 } }, 'allow', 'OK'],
    [{ to: { inRotation: 6, of: 10 } }, 'deny', 'ROTATION_FLOOR'],
    [{ blastRadius: { count: 4, of: 10 } }, 'deny', 'ROTATION_FLOOR'],
    [{ to: { inRotation: 9, of: 10 }, blastRadius: { count: 4, of: 10 } }, 'deny', 'ROTATION_FLOOR'],
    [{ to: { inRotation: 11, of: 10 } }, 'hold', 'ROTATION_UNKNOWN'],
    [{}, 'hold', 'ROTATION_UNKNOWN'],
  ])('%j: %s', (facts, decision, code) => {
    expect(verdictOn(new SmallGate({ sets: [set] }).ask(drain(facts)))).toEqual([decision, code]);
  });

  it('adds up what every edge takes out by itself, until it is given back', () => {
    const gate = new SmallGate({ sets: [set] });
    const self = { blastRadius: { count: 1, of: 10 } };
    expect(['a', 'b', 'c'].map((edge) => gate.ask(drain(self, edge)).decision)).toEqual([
      'allow',
      'allow',
      'allow',
    ]);
    expect(verdictOn(gate.ask(drain(self, 'd')))).toEqual(['deny', 'ROTATION_FLOOR']);
    expect(gate.ask(askOf({ kind: 'restore' })).decision).toBe('allow');
    expect(gate.ask(drain(self, 'd')).decision).toBe('allow');
  });
});

describe('recovery', () => {
  const set = setOf(
    'stages: {recovery: {gate: [restart.*, failover.*], budget: "1 per 10m", failover: {minOutage: 5m, maxReplicaLag: 5s}}}',
  );
  const seen = (signal: string, value: unknown, agoS = 1) => ({
    signal,
    value,
    observedAt: iso(NOW_MS - 1_000 * agoS),
  });
  const failover = (...inputs: ReturnType<typeof seen>[]) => askOf({ kind: 'failover.region', inputs });

  it('shares a budget of repairs over all actors', () => {
    const gate = new SmallGate({ sets: [set] });
    expect(gate.ask(askOf({ kind: 'restart.one', actor: 'a' })).decision).toBe('allow');
    expect(verdictOn(gate.ask(askOf({ kind: 'restart.one', actor: 'b' })))).toEqual(['hold', 'BUDGET_USED']);
    expect(gate.ask(askOf({ kind: 'scale.up' })).decision).toBe('allow');
    gate.nowMs += 10 * MINUTE_MS;
    expect(gate.ask(askOf({ kind: 'restart.one', actor: 'b' })).decision).toBe('allow');
  });

  it.each([
    ['long down, little behind', [seen('outage_s', 300), seen('replica_lag_s', 5)], 'allow', 'OK'],
    ['43 s of partition', [seen('outage_s', 43), seen('replica_lag_s', 1)], 'hold', 'OUTAGE_TOO_SHORT'],
    ['far behind', [seen('outage_s', 400), seen('replica_lag_s', 6)], 'deny', 'REPLICA_BEHIND'],
    ['lag unknown', [seen('outage_s', 400)], 'deny', 'FAILOVER_UNKNOWN'],
    ['lag old', [seen('outage_s', 400), seen('replica_lag_s', 1, 40)], 'deny', 'FAILOVER_UNKNOWN'],
    ['lag NaN', [seen('outage_s', 400), seen('replica_lag_s', 'NaN')], 'deny', 'FAILOVER_UNKNOWN'],
    ['lag below nothing', [seen('outage_s', 400), seen('replica_lag_s', -1)], 'deny', 'FAILOVER_UNKNOWN'],
  ] as const)('fails over or not: %s', (_name, inputs, decision, code) => {
    const body = new SmallGate({ sets: [set] }).ask(failover(...inputs));
    expect(body.decision).toBe(decision);
    expect(body.reasons.map((reason) => reason.code)).toContain(code);
  });

  it('says when the outage is long enough', () => {
    const body = new SmallGate({ sets: [set] }).ask(
      failover(seen('outage_s', 100), seen('replica_lag_s', 1)),
    );
    expect(body.retryAfterS).toBe(200);
  });
});

describe('optimisation', () => {
  const set = setOf('stages: {optimisation: {window: "Mon-Thu 09:00-16:00 Europe/Berlin"}}');

  it.each([
    ['2026-11-24T08:00:00Z', 'allow', 'OK'], // Tuesday 09:00 in Berlin
    ['2026-11-24T07:59:59Z', 'hold', 'OUTSIDE_WINDOW'],
    ['2026-11-24T15:00:00Z', 'hold', 'OUTSIDE_WINDOW'],
    ['2026-11-27T10:00:00Z', 'hold', 'OUTSIDE_WINDOW'], // Friday
    ['2026-06-02T07:00:00Z', 'allow', 'OK'], // summer time
  ])('at %s: %s', (time, decision, code) => {
    const gate = new SmallGate({ sets: [set] });
    gate.nowMs = Date.parse(time);
    expect(verdictOn(gate.ask(askOf({ kind: 'tune.cache' })))).toEqual([decision, code]);
  });

  it('tells when it opens next, over nights, weekends and changed clocks', () => {
    const opening = (text: string, time: string) => {
      const window = parseWeeklyWindow(text) as WeeklyWindow;
      return iso(nextOpeningMs(window, Date.parse(time)));
    };
    const days = 'Mon-Thu 09:00-16:00 Europe/Berlin';
    expect(opening(days, '2026-11-27T10:00:00Z')).toBe('2026-11-30T08:00:00.000Z');
    expect(opening(days, '2026-11-24T06:30:30Z')).toBe('2026-11-24T08:00:00.000Z');
    expect(opening(days, '2026-03-27T12:00:00Z')).toBe('2026-03-30T07:00:00.000Z'); // clocks go forward on the 29th
    expect(opening(days, '2026-10-23T12:00:00Z')).toBe('2026-10-26T08:00:00.000Z'); // and back on the 25th
    const night = parseWeeklyWindow('Fri 22:00-04:00 UTC') as WeeklyWindow;
    expect(isWithin(night, Date.parse('2026-11-28T03:59:00Z'))).toBe(true);
    expect(isWithin(night, Date.parse('2026-11-28T04:00:00Z'))).toBe(false);
    expect(isWithin(night, Date.parse('2026-11-27T03:00:00Z'))).toBe(false);
  });
});

describe('decommissioning', () => {
  const alice = generateKeyPairSync('ed25519');
  const mallory = generateKeyPairSync('ed25519');
  const publicText = alice.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const rawText = alice.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
  const set = setOf(`
keys: [{id: alice, publicKey: "${publicText}"}]
stages: {decommissioning: {gate: [delete], proveUnused: {for: 7d, completeness: ">= 99%"}, humanKey: required}}
`);
  const request = askOf({ kind: 'delete', actor: 'reaper' });
  const found = (facts: Partial<UseFound> = {}): UseFound => ({
    asked: { serviceName: 'checkout', forMs: 604_800_000 },
    requests: 0,
    lastUsedAtMs: null,
    coveredRatio: 0.995,
    incompleteRatio: 0.001,
    readAtMs: NOW_MS - 1_000,
    ...facts,
  });
  const gateWith = (use: UseFound | null) => new SmallGate({ sets: [set], use: { find: () => use } });
  const signed = (
    of: DecisionRequest,
    how: { key?: typeof alice; by?: string; keyId?: string; lastsMs?: number } = {},
  ) => {
    const { key = alice, by = 'alice', keyId = 'alice', lastsMs = MINUTE_MS } = how;
    const expiresAt = iso(NOW_MS + lastsMs);
    return { ...of, approval: approve(of, { by, keyId, key: signingKeyOf(key.privateKey), expiresAt }) };
  };

  it.each([
    ['proven and approved', found(), 'allow', 'OK'],
    ['being looked up', null, 'hold', 'USE_UNKNOWN'],
    ['read too long ago', found({ readAtMs: NOW_MS - 70_000 }), 'hold', 'USE_UNKNOWN'],
    ['used', found({ requests: 3, lastUsedAtMs: NOW_MS }), 'deny', 'USED'],
    ['silent for too long', found({ coveredRatio: 0.9 }), 'deny', 'USE_UNKNOWN'],
    ['incomplete for too long', found({ incompleteRatio: 0.02 }), 'deny', 'USE_UNKNOWN'],
  ])('%s', (_name, use, decision, code) => {
    expect(verdictOn(gateWith(use).ask(signed(request)))).toEqual([decision, code]);
  });

  it('shows the proof among what the answer rests on, and for how long', () => {
    const body = gateWith(found()).ask(signed(request));
    const proof = body.data.components.find(({ dimension }) => dimension === 'use');
    expect(proof).toMatchObject({ state: 'pass', required: expect.stringContaining('168 h') });
    expect(proof?.upper).toBeCloseTo(0.006);
  });

  it.each([
    ['none', request, 'APPROVAL_MISSING', 'carries none'],
    ['expired', signed(request, { lastsMs: -1 }), 'APPROVAL_INVALID', 'expired'],
    ['too long', signed(request, { lastsMs: 86_500_000 }), 'APPROVAL_INVALID', '24 h'],
    ['of another key', signed(request, { key: mallory }), 'APPROVAL_INVALID', 'signature'],
    ['of a key nobody listed', signed(request, { keyId: 'bob' }), 'APPROVAL_INVALID', 'bob'],
    ['of its own', signed(request, { by: 'reaper' }), 'APPROVAL_INVALID', 'second person'],
    [
      'of another target',
      { ...signed(request), target: { service: 'checkout', region: 'eu' } },
      'APPROVAL_INVALID',
      'this actor, action, target',
    ],
    [
      'with its expiry moved',
      {
        ...signed(request),
        approval: { ...signed(request).approval, expiresAt: iso(NOW_MS + 2 * MINUTE_MS) },
      },
      'APPROVAL_INVALID',
      'signature',
    ],
    [
      'signed as something else',
      {
        ...signed(request),
        approval: {
          ...signed(request).approval,
          signature: signStatement(
            {
              act: 'reference.accept',
              actor: request.actor,
              action: request.action,
              target: request.target,
              expiresAt: iso(NOW_MS + MINUTE_MS),
            },
            signingKeyOf(alice.privateKey),
          ),
        },
      },
      'APPROVAL_INVALID',
      'signature',
    ],
    [
      'with no signature to speak of',
      { ...signed(request), approval: { ...signed(request).approval, signature: 'AAAA' } },
      'APPROVAL_INVALID',
      'signature',
    ],
  ])('takes no approval that is %s', (_name, asked, code, says) => {
    const body = gateWith(found()).ask(asked);
    expect(body.decision).toBe('deny');
    const reason = body.reasons.find((one) => one.code === code);
    expect(reason?.text).toContain(says);
    expect(body.wouldAllowIf.join()).toContain('alice');
  });

  it('reads keys as PEM, as 32 bytes and as the line of "plumbline key new" too', () => {
    const written = [
      rawText,
      alice.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      verifierLine(publicKeyOf('alice', alice.publicKey)),
    ];
    for (const text of written) {
      const lines = `keys: [{id: alice, publicKey: ${JSON.stringify(text)}}]\nstages: {decommissioning: {humanKey: required}}`;
      const use = { find: () => found({ coveredRatio: 1 }) };
      const gate = new SmallGate({ sets: [setOf(lines)], use });
      expect(gate.ask(signed(request)).decision).toBe('allow');
    }
  });

  it('is denied as before where nothing looks up the use', () => {
    expect(verdictOn(new SmallGate({ sets: [set] }).ask(signed(request)))).toEqual(['deny', 'USE_UNKNOWN']);
  });
});
