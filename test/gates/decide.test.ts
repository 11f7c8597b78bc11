import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionRequest } from '../../core/decision.ts';
import { FINDING_KINDS, type Finding } from '../../core/finding.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { ConstraintSet } from '../../gates/constraints/constraint-set.ts';
import { intents } from '../../gates/constraints/constraints.ts';
import { type DecideInput, decide } from '../../gates/decide.ts';
import type { IntentState } from '../../gates/intent-state.ts';
import { TrustState } from '../../gates/trust.ts';
import {
  type AskFacts,
  askOf,
  NOW_MS,
  setOf,
  tracesVerdicts,
  type VerdictFacts,
  verdictOf,
} from './judged-world.ts';

function answer(of: {
  ask?: AskFacts | DecisionRequest;
  verdicts?: readonly Verdict[];
  sets?: readonly ConstraintSet[];
  findings?: readonly Finding[];
  intents?: DecideInput['intents'];
}) {
  const trust = new TrustState();
  trust.absorb(of.verdicts ?? [], NOW_MS);
  const ask = of.ask ?? {};
  return decide({
    request: 'action' in ask ? ask : askOf(ask),
    sets: of.sets ?? [],
    trust,
    findings: of.findings ?? [],
    intents: of.intents ?? [],
    nowMs: NOW_MS,
  });
}

const codes = (body: ReturnType<typeof decide>) => body.reasons.map(({ code }) => code);

const PASS = tracesVerdicts('pass');
const UNKNOWN = tracesVerdicts('unknown');
const FAIL = tracesVerdicts('fail');
const BOUNDED = setOf('boundaries: {replicas: {min: 2, max: 10}}');

describe('decide without a constraint file', () => {
  it.each([
    ['scale.down', PASS, 'allow', 'OK'],
    ['scale.down', UNKNOWN, 'hold', 'DATA_UNKNOWN'],
    ['scale.down', FAIL, 'hold', 'SRC_INCOMPLETE'],
    ['scale.down', [], 'hold', 'NO_TELEMETRY'],
    ['scale.up', PASS, 'allow', 'OK'],
    ['scale.up', UNKNOWN, 'allow', 'DATA_UNKNOWN'],
    ['scale.up', FAIL, 'allow', 'SRC_INCOMPLETE'],
    ['scale.up', [], 'allow', 'NO_TELEMETRY'],
    ['scale.to_zero', UNKNOWN, 'deny', 'DATA_UNKNOWN'],
    ['rollback', UNKNOWN, 'allow', 'DATA_UNKNOWN'],
    ['rollback', FAIL, 'allow', 'SRC_INCOMPLETE'],
    ['rollout.advance', PASS, 'allow', 'OK'],
    ['rollout.advance', UNKNOWN, 'hold', 'DATA_UNKNOWN'],
    ['promote', UNKNOWN, 'deny', 'DATA_UNKNOWN'],
    ['promote', FAIL, 'deny', 'SRC_INCOMPLETE'],
    ['drain', UNKNOWN, 'hold', 'DATA_UNKNOWN'],
    ['restore', UNKNOWN, 'allow', 'DATA_UNKNOWN'],
    ['restart.one', UNKNOWN, 'allow', 'DATA_UNKNOWN'],
    ['restart.many', UNKNOWN, 'hold', 'DATA_UNKNOWN'],
    ['failover.cross_region', UNKNOWN, 'deny', 'DATA_UNKNOWN'],
    ['rightsize.down', PASS, 'allow', 'OK'],
    ['rightsize.down', FAIL, 'hold', 'SRC_INCOMPLETE'],
    ['quota.raise', UNKNOWN, 'allow', 'DATA_UNKNOWN'],
    ['quota.lower', UNKNOWN, 'hold', 'DATA_UNKNOWN'],
    ['delete', UNKNOWN, 'deny', 'DATA_UNKNOWN'],
    ['delete', PASS, 'deny', 'USE_UNKNOWN'],
    ['retention.cut', UNKNOWN, 'deny', 'DATA_UNKNOWN'],
    ['revoke.key', PASS, 'deny', 'USE_UNKNOWN'],
    ['dance', PASS, 'hold', 'ACTION_UNKNOWN'],
    ['dance', UNKNOWN, 'hold', 'DATA_UNKNOWN'],
  ])('%s', (kind, verdicts, decision, code) => {
    const body = answer({ ask: { kind }, verdicts });
    expect(body.decision).toBe(decision);
    expect(codes(body)).toContain(code);
  });

  it('rests on completeness, timeliness and sampling of the traces', () => {
    const body = answer({
      verdicts: [...PASS, verdictOf({ signal: 'logs', dimension: 'timeliness', outcome: 'fail' })],
    });
    expect(body.data.components.map(({ source, dimension }) => `${source} ${dimension}`)).toEqual([
      'checkout traces completeness',
      'checkout traces timeliness',
      'checkout traces sampling',
    ]);
  });

  it('does not ask for sampling where spans carry no marks of it, and asks again once they did', () => {
    const unmarked = tracesVerdicts('pass')
      .slice(0, 2)
      .concat(verdictOf({ dimension: 'sampling', outcome: 'unknown', n: 0 }));
    expect(answer({ verdicts: unmarked }).decision).toBe('allow');
    const marked = verdictOf({ dimension: 'sampling', evaluatedAtMs: NOW_MS - 5_000 });
    expect(answer({ verdicts: [marked, ...unmarked] }).decision).toBe('hold');
  });

  it('rests on the timeliness of the signals of a service without traces', () => {
    const logs = verdictOf({ signal: 'logs', dimension: 'timeliness' });
    const metrics = verdictOf({ signal: 'metrics', dimension: 'timeliness', outcome: 'fail' });
    expect(answer({ verdicts: [logs] }).decision).toBe('allow');
    const body = answer({ verdicts: [logs, metrics] });
    expect(body.decision).toBe('hold');
    expect(codes(body)).toEqual(['SRC_LATE']);
  });

  it.each([
    ['one dimension is missing', PASS.slice(0, 1)],
    ['one verdict has expired', [...PASS.slice(0, 2), verdictOf({ dimension: 'sampling', validForMs: 500 })]],
    ['all is about another service', tracesVerdicts('pass', { serviceName: 'cart' })],
    ['a pass has no number', PASS.map((verdict) => ({ ...verdict, upper: Number.NaN, lower: Number.NaN }))],
  ])('holds when %s', (_name, verdicts) => {
    const body = answer({ verdicts });
    expect([body.decision, body.data.state]).toEqual(['hold', 'unknown']);
  });
});

describe('what an answer says', () => {
  it('an allow lasts 30 s at most, and no longer than any verdict it rests on', () => {
    expect(answer({ verdicts: PASS }).validUntil).toBe('2026-11-24T12:00:14.000Z');
    const lasting = tracesVerdicts('pass', { validForMs: 600_000 });
    expect(answer({ verdicts: lasting }).validUntil).toBe('2026-11-24T12:00:30.000Z');
  });

  it('a hold says when to ask again and what would have to be known', () => {
    const body = answer({ verdicts: [...PASS.slice(1), verdictOf({ outcome: 'unknown' })] });
    expect(body.retryAfterS).toBe(5);
    expect(body.validUntil).toBe('2026-11-24T12:00:05.000Z');
    expect(body.wouldAllowIf).toEqual([
      'lost share of checkout traces <= 5 % (now 0-100 %, 18 % estimated) for one fresh verdict',
    ]);
    expect(body.failMode).toBe('hold');
    expect(body.data.confidence).toBe(0);
  });

  it('confidence is the least of what surely arrived, and null while that is unknown', () => {
    expect(answer({ verdicts: PASS }).data.confidence).toBeCloseTo(0.98);
    expect(answer({ verdicts: PASS.slice(1) }).data.confidence).toBeNull();
    expect(answer({}).data.confidence).toBeNull();
  });

  it('a reason says since when, and where the evidence is', () => {
    const body = answer({ verdicts: FAIL });
    expect(body.reasons[0]).toMatchObject({
      code: 'SRC_INCOMPLETE',
      constraint: 'built-in',
      severity: 'blocking',
      since: '2026-11-24T11:59:59.000Z',
      evidence: '/api/v1/verdicts?service=checkout&dimension=completeness',
    });
    expect(body.reasons[0]?.text).toContain('35-45 %, 40 % estimated');
  });

  it('tells that a verdict expired', () => {
    const body = answer({ verdicts: [...PASS.slice(1), verdictOf({ validForMs: 500 })] });
    expect(body.reasons[0]?.text).toContain('VERDICT_EXPIRED');
    expect(body.reasons[0]?.since).toBe('2026-11-24T11:59:59.500Z');
    expect(body.data.components[0]).toMatchObject({ state: 'unknown', upper: null });
  });

  it('a fail mode that allows says so, and bounds the action', () => {
    const body = answer({
      ask: { kind: 'scale.up', from: { replicas: 5 }, to: { replicas: 20 } },
      verdicts: UNKNOWN,
    });
    expect(body.decision).toBe('allow');
    expect(body.failMode).toBe('allow-capped');
    expect(body.limits).toEqual({ maxTo: { replicas: 8 }, maxIncreaseRatio: 0.5 });
    expect(body.reasons.map(({ severity }) => severity)).not.toContain('blocking');
    expect(codes(body)).toContain('FAIL_MODE');
  });

  it('shadow mode answers as enforcing would, and is marked', () => {
    const shadow = answer({ ask: askOf({ mode: 'shadow' }), verdicts: FAIL });
    const { reasons, ...rest } = answer({ verdicts: FAIL });
    expect(shadow).toMatchObject(rest);
    expect(codes(shadow)).toEqual([...reasons.map(({ code }) => code), 'SHADOW']);
  });
});

describe('boundaries', () => {
  const actors = setOf(
    'boundaries: {actors: {allow: [hpa/*, agent/*], deny: [{agent/*: [delete, failover.*]}]}}',
  );
  it.each([
    [
      'replicas below the minimum',
      { from: { replicas: 3 }, to: { replicas: 1 } },
      BOUNDED,
      'BOUNDARY_REPLICAS',
    ],
    ['replicas above the maximum', { kind: 'scale.up', to: { replicas: 11 } }, BOUNDED, 'BOUNDARY_REPLICAS'],
    ['a change without a count', { from: { replicas: 3 }, to: {} }, BOUNDED, 'BOUNDARY_REPLICAS'],
    ['zero, by name', { kind: 'scale.to_zero' }, BOUNDED, 'BOUNDARY_REPLICAS'],
    ['a count that is no count', { to: { replicas: '3' } }, null, 'BOUNDARY_REPLICAS'],
    ['a negative count', { to: { replicas: -1 } }, null, 'BOUNDARY_REPLICAS'],
    [
      'scaling up to less',
      { kind: 'scale.up', from: { replicas: 8 }, to: { replicas: 4 } },
      null,
      'BOUNDARY_REPLICAS',
    ],
    ['an actor nobody listed', { actor: 'cron/7' }, actors, 'BOUNDARY_ACTOR'],
    [
      'a kind denied to the actor',
      { actor: 'agent/kiro', kind: 'failover.region' },
      actors,
      'BOUNDARY_ACTOR',
    ],
    ['the same in capitals', { actor: 'agent/kiro', kind: 'Delete' }, actors, 'BOUNDARY_ACTOR'],
    ['a blank target', { target: { service: ' ' } }, null, 'EMPTY_TARGET'],
    ['a target of everything', { target: { service: 'checkout', zone: '*' } }, null, 'EMPTY_TARGET'],
    ['an empty list of new addresses', { kind: 'shift.plan', to: { addresses: [] } }, null, 'EMPTY_TARGET'],
    ['a blast radius of none', { kind: 'delete', blastRadius: { count: 0 } }, null, 'EMPTY_TARGET'],
  ])('deny %s, whatever the data says', (_name, ask, set, code) => {
    for (const verdicts of [PASS, UNKNOWN, FAIL, []]) {
      const body = answer({ ask, verdicts, sets: set === null ? [] : [set] });
      expect(body.decision).toBe('deny');
      expect(codes(body)).toContain(code);
      expect(body.wouldAllowIf.length).toBeGreaterThan(0);
    }
  });

  it.each([
    ['on the minimum', { from: { replicas: 3 }, to: { replicas: 2 } }],
    ['on the maximum', { kind: 'scale.up', from: { replicas: 3 }, to: { replicas: 10 } }],
    ['without from and to: the limits say it', { kind: 'scale.down' }],
  ])('allow %s', (_name, ask) => {
    const body = answer({ ask, verdicts: PASS, sets: [BOUNDED] });
    expect(body.decision).toBe('allow');
    expect(body.limits).toEqual({ maxTo: { replicas: 10 }, minTo: { replicas: 2 } });
  });

  it('bind questions that leave env out, and not those about another env', () => {
    const prod = { ...BOUNDED, scope: { service: 'checkout', env: 'prod' } };
    const over = { kind: 'scale.up', from: { replicas: 3 }, to: { replicas: 99 } };
    const decisionFor = (target: Record<string, string>) =>
      answer({ ask: { ...over, target }, verdicts: PASS, sets: [prod] }).decision;
    expect(decisionFor({ service: 'checkout' })).toBe('deny');
    expect(decisionFor({ service: 'checkout', env: 'prod' })).toBe('deny');
    expect(decisionFor({ service: 'checkout', env: 'test' })).toBe('allow');
  });

  it('cannot be walked round by leaving the service out', () => {
    const body = answer({ ask: { kind: 'scale.up', target: { env: 'prod' } }, sets: [BOUNDED] });
    expect(body.decision).toBe('hold');
    expect(codes(body)).toContain('TARGET_UNSCOPED');
  });

  it('of all sets bind together', () => {
    const wider = setOf('boundaries: {replicas: {min: 1, max: 99}}', { name: 'platform' });
    const body = answer({
      ask: { kind: 'scale.up', to: { replicas: 50 } },
      verdicts: PASS,
      sets: [wider, BOUNDED],
    });
    expect(body.decision).toBe('deny');
    expect(body.constraintSet).toBe(`platform@${wider.origin.revision}+checkout@${BOUNDED.origin.revision}`);
  });
});

describe('with a constraint file', () => {
  const set = setOf(`
sources:
  - {id: traces, signal: traces, expect: {completeness: ">= 95%", sampling: {declared: none}}}
  - {id: metrics, signal: metrics, expect: {heartbeat: 30s}}
stages:
  scaling: {gate: [scale.*], requireSources: [traces]}
failureTolerance:
  scale.down: {unknown: allow-capped, cap: "+0%"}
  "scale.*": {unknown: deny}
  rollback: {unknown: hold}
`);
  const heartbeat = (freshnessS: number, facts: VerdictFacts = {}) =>
    verdictOf({ signal: 'metrics', dimension: 'timeliness', freshnessS, ...facts });
  const dimensions = (body: ReturnType<typeof decide>) =>
    body.data.components.map(({ source, dimension }) => `${source} ${dimension}`);

  it('rests on the sources the stage names, in the dimensions the file speaks of', () => {
    expect(dimensions(answer({ verdicts: PASS, sets: [set] }))).toEqual(['checkout traces completeness']);
  });

  it('rests on every source where no stage speaks about the action', () => {
    const ask = { kind: 'rollout.start' };
    const body = answer({ ask, verdicts: [...PASS, heartbeat(10)], sets: [set] });
    expect(dimensions(body)).toEqual(['checkout traces completeness', 'checkout metrics heartbeat']);
    expect(body.decision).toBe('allow');
    expect(answer({ ask, verdicts: PASS, sets: [set] }).decision).toBe('hold');
  });

  it('judges a heartbeat by the age of the newest item alone', () => {
    const ask = { kind: 'rollout.start' };
    const decisionAt = (freshnessS: number, facts: VerdictFacts = {}) =>
      answer({ ask, verdicts: [...PASS, heartbeat(freshnessS, facts)], sets: [set] });
    expect(decisionAt(30, { outcome: 'unknown' }).decision).toBe('allow');
    expect(codes(decisionAt(31))).toContain('SRC_LATE');
    expect(codes(decisionAt(5, { validForMs: 500 }))).toContain('DATA_UNKNOWN');
  });

  it('takes the exact kind before a glob', () => {
    expect(answer({ verdicts: UNKNOWN, sets: [set] }).decision).toBe('allow');
    expect(answer({ ask: { kind: 'scale.up' }, verdicts: UNKNOWN, sets: [set] }).decision).toBe('deny');
    expect(
      answer({ ask: { kind: 'rollback' }, verdicts: [...UNKNOWN, heartbeat(10)], sets: [set] }).decision,
    ).toBe('hold');
  });

  it('does not stretch a tolerance of unknown data to data that is proven bad', () => {
    expect(answer({ verdicts: FAIL, sets: [set] }).decision).toBe('hold');
  });

  it('names the constraint', () => {
    const body = answer({ verdicts: FAIL, sets: [set] });
    expect(body.reasons[0]?.constraint).toBe('checkout/traces');
    expect(body.constraintSet).toBe(`checkout@${set.origin.revision}`);
  });
});

describe('findings and intent', () => {
  const finding: Finding = {
    id: 'f1',
    kind: 'stabilised-bad-state',
    subject: 'shop/checkout',
    culprit: null,
    state: 'confirmed',
    onsetAtMs: NOW_MS - 3_600_000,
    detectedAtMs: NOW_MS,
    closedAtMs: null,
    effect: { metric: 'ok_ratio', ratio: 0.5, lower: 0.4, upper: 0.6, atEqualLoad: true },
    confidence: 0.99,
    reasons: [{ code: 'PLATEAU', text: 'Half of the calls fail and nothing changes.' }],
    evidence: {},
    decisions: [],
  };

  it.each([
    ['scale.down', {}, 'hold'],
    ['rightsize.down', {}, 'hold'],
    ['scale.up', {}, 'allow'],
    ['rollback', {}, 'allow'],
    ['scale.down', { state: 'suspect' }, 'allow'],
    ['scale.down', { state: 'cannot-say', evidence: { confirmedAt: '2026-11-24T11:30:00.000Z' } }, 'hold'],
    ['scale.down', { state: 'cannot-say', evidence: { confirmedAt: null } }, 'allow'],
    ['scale.down', { closedAtMs: NOW_MS }, 'allow'],
    ['scale.down', { subject: 'cart' }, 'allow'],
    ['scale.down', { subject: 'cart->checkout' }, 'hold'],
    ['scale.down', { kind: 'intent-drift' }, 'allow'],
  ] as const)('%s with a finding that is %j: %s', (kind, change, decision) => {
    const body = answer({ ask: { kind }, verdicts: PASS, findings: [{ ...finding, ...change }] });
    expect(body.decision).toBe(decision);
    expect(codes(body).includes('FINDING_OPEN')).toBe(decision === 'hold');
  });

  it('point to the finding', () => {
    const body = answer({ verdicts: PASS, findings: [finding] });
    expect(body.reasons[0]).toMatchObject({
      evidence: '/api/v1/findings/f1',
      since: '2026-11-24T11:00:00.000Z',
    });
    expect(body.retryAfterS).toBe(30);
  });

  const acted = { culprit: 'rightsizer', evidence: { actors: ['rightsizer'] } };
  it.each([
    ['local-vs-global', acted, 'rightsize.down', 'rightsizer', 'hold'],
    ['local-vs-global', acted, 'rightsize.down', 'other', 'allow'],
    ['local-vs-global', acted, 'weight.set', 'rightsizer', 'hold'],
    ['local-vs-global', acted, 'weight.restore', 'rightsizer', 'allow'],
    ['local-vs-global', { culprit: 'rightsizer' }, 'rightsize.down', 'rightsizer', 'hold'],
    ['local-vs-global', { culprit: 'rightsizer' }, 'rightsize.down', 'other', 'allow'],
    ['local-vs-global', { evidence: { actors: [] } }, 'rightsize.down', 'other', 'hold'],
    ['feedback-loop', acted, 'route.set', 'rightsizer', 'hold'],
    ['feedback-loop', acted, 'route.set', 'other', 'allow'],
    ['feedback-loop', acted, 'rollback', 'rightsizer', 'allow'],
    ['feedback-loop', acted, 'scale.up', 'rightsizer', 'allow'],
    ['masked-failure', {}, 'scale.down', 'other', 'hold'],
    ['masked-failure', {}, 'rightsize.down', 'other', 'allow'],
    ['misread-as-normal', {}, 'tune.timeout', 'other', 'hold'],
    ['misread-as-normal', {}, 'scale.down', 'other', 'allow'],
    ['intent-drift', acted, 'tune.timeout', 'rightsizer', 'hold'],
    ['intent-drift', acted, 'tune.timeout', 'other', 'allow'],
    ['ungated-action', acted, 'rightsize.down', 'rightsizer', 'allow'],
  ] as const)('a %s with %j: %s by %s is %s', (kind, change, action, actorId, decision) => {
    const body = answer({
      ask: { kind: action, actor: actorId },
      verdicts: PASS,
      findings: [{ ...finding, kind, ...change }],
    });
    expect(body.decision).toBe(decision);
    expect(codes(body).includes('FINDING_OPEN')).toBe(decision === 'hold');
  });

  it('know an actor by its identity, and say who drives it', () => {
    const sets = [setOf('automation: [{ actor: rightsizer, identity: "sa:ops:r", gate: required }]')];
    const body = answer({
      ask: { kind: 'rightsize.down', actor: 'sa:ops:r' },
      verdicts: PASS,
      sets,
      findings: [{ ...finding, kind: 'local-vs-global', ...acted }],
    });
    expect(body.reasons[0]).toMatchObject({ code: 'FINDING_OPEN', constraint: 'built-in' });
    expect(body.reasons[0]?.text).toContain('tuned for a goal of its own while the whole gets worse');
    expect(body.reasons[0]?.text).toContain('Driven by rightsizer.');
  });

  const hold = (row: string) => [setOf(`drift: { hold: [${row}] }`)];
  it.each([
    ['{ finding: ungated-action, actions: ["rollout.*"] }', 'rollout.start', {}, 'hold'],
    ['{ finding: stabilised-bad-state, actions: [rollout.*] }', 'scale.down', {}, 'allow'],
    ['{ finding: stabilised-bad-state, actions: [] }', 'scale.down', {}, 'allow'],
    ['{ finding: stabilised-bad-state, actions: [scale.up] }', 'scale.up', {}, 'hold'],
    ['{ finding: stabilised-bad-state, actions: [], stages: [scaling] }', 'scale.up', {}, 'hold'],
    ['{ finding: masked-failure, actions: [scale.down] }', 'scale.down', {}, 'hold'],
    ['{ finding: stabilised-bad-state, actions: [scale.down] }', 'scale.down', { state: 'suspect' }, 'allow'],
    [
      '{ finding: stabilised-bad-state, actions: [scale.down], suspects: true }',
      'scale.down',
      { state: 'suspect' },
      'hold',
    ],
    [
      '{ finding: stabilised-bad-state, actions: [scale.down], suspects: true }',
      'scale.down',
      { state: 'closed' },
      'allow',
    ],
  ] as const)('written %s: %s with %j is %s', (row, kind, change, decision) => {
    const findings = [
      { ...finding, ...change },
      { ...finding, id: 'f2', kind: 'ungated-action', ...change } as const,
    ];
    const body = answer({ ask: { kind }, verdicts: PASS, sets: hold(row), findings });
    expect(body.decision).toBe(decision);
  });

  it('name the line of the constraint file that holds', () => {
    const sets = hold('{ finding: stabilised-bad-state, actions: [scale.down], by: culprit }');
    const body = answer({ verdicts: PASS, sets, findings: [finding] });
    expect(body.reasons[0]).toMatchObject({ constraint: 'checkout/drift.hold.stabilised-bad-state' });
    expect(body.reasons[0]?.text).toContain('Who drives it is not known, so everybody is held.');
  });

  it('never make an answer laxer', () => {
    const kinds = fc.constantFrom(...FINDING_KINDS);
    const states = fc.constantFrom('suspect', 'confirmed', 'cannot-say', 'closed' as const);
    const one = fc.record({ kind: kinds, state: states, culprit: fc.constantFrom(null, 'hpa/prod') });
    const kindsAsked = fc.constantFrom('scale.down', 'scale.up', 'delete', 'rollback', 'tune.x', 'odd');
    const property = fc.property(fc.array(one, { maxLength: 4 }), kindsAsked, (parts, kind) => {
      const findings = parts.map((part) => ({ ...finding, ...part }) as Finding);
      for (const verdicts of [PASS, UNKNOWN, FAIL]) {
        const without = answer({ ask: { kind }, verdicts }).decision;
        const decision = answer({ ask: { kind }, verdicts, findings }).decision;
        const order = ['allow', 'hold', 'deny'];
        expect(order.indexOf(decision)).toBeGreaterThanOrEqual(order.indexOf(without));
      }
    });
    fc.assert(property, { numRuns: 200, seed: 20261127 });
  });

  const intended = setOf('intent: [{id: ok, expr: traces.ok_ratio, target: ">= 0.99", why: SLO}]');
  const intent = intents([intended])[0] as IntentState['intent'];
  const stateOf = (isMet: IntentState['isMet']): IntentState => ({
    intent,
    isMet,
    requests: 900,
    wrong: { lower: 0.1, upper: 0.2 },
  });

  it('says why an intent is unknown: nobody knows how many requests the spans stand for', () => {
    const intents = [{ ...stateOf('unknown'), requests: null, wrong: null }];
    const body = answer({ ask: { kind: 'rightsize.down' }, verdicts: PASS, sets: [intended], intents });
    expect(body.reasons[0]?.text).toContain('nobody knows how many requests');
    expect(body.reasons[0]?.text).not.toContain('null');
  });

  it.each([
    ['rightsize.down', PASS, [stateOf('true')], 'allow', 'OK'],
    ['rightsize.down', PASS, [stateOf('false')], 'deny', 'INTENT_UNMET'],
    ['rightsize.down', PASS, [stateOf('unknown')], 'hold', 'INTENT_UNKNOWN'],
    ['rightsize.down', PASS, [], 'hold', 'INTENT_UNKNOWN'],
    ['rightsize.down', FAIL, [stateOf('false')], 'hold', 'INTENT_UNMET'],
    ['scale.down', PASS, [stateOf('false')], 'allow', 'OK'],
  ] as const)('intent: %s', (kind, verdicts, states, decision, code) => {
    const body = answer({ ask: { kind }, verdicts, sets: [intended], intents: states });
    expect(body.decision).toBe(decision);
    expect(codes(body)).toContain(code);
  });

  it('a caller who names the stage is held to it', () => {
    const ask: AskFacts = { kind: 'scale.down', stage: 'optimisation' };
    expect(answer({ ask, verdicts: PASS, sets: [intended], intents: [stateOf('false')] }).decision).toBe(
      'deny',
    );
    expect(answer({ ask: { kind: 'scale.up', stage: 'optimisation' }, verdicts: UNKNOWN }).decision).toBe(
      'hold',
    );
    expect(answer({ ask: { kind: 'delete', stage: 'scaling' }, verdicts: UNKNOWN }).decision).toBe('deny');
  });
});
