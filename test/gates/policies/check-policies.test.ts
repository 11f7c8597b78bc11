import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../core/verdict.ts';
import { decide } from '../../../gates/decide.ts';
import type { IntentState } from '../../../gates/intent-state.ts';
import { compiledPolicies } from '../../../gates/policies/compiled-policies.ts';
import type { SourceRate } from '../../../gates/source-rate.ts';
import { TrustState } from '../../../gates/trust.ts';
import { type AskFacts, askOf, NOW_MS, setOf, tracesVerdicts, verdictOf } from '../judged-world.ts';

const SOURCES = `
sources:
  - {id: traces, signal: traces, expect: {completeness: ">= 95%", lag: "p99 <= 10s"}}
  - {id: lb, signal: metrics, expect: {heartbeat: 30s}}
intent:
  - {id: ok-rate, expr: traces.ok_ratio, target: ">= 0.99"}
`;
const AGREEMENT = `${SOURCES}
policies:
  - id: scale-down-needs-agreement
    when: 'action.kind == "scale.down"'
    require: 'data.traces.complete && data.lb.fresh && agree(data.traces.rate, data.lb.rate, 0.10)'
    unless: 'incident.open == false && action.blast_radius.pct <= 5.0'
`;
const rule = (require: string, more = '') => `${SOURCES}
policies:
  - {id: rule, require: '${require}'${more}}
`;

const lb = (freshnessS = 5): Verdict => verdictOf({ signal: 'metrics', dimension: 'timeliness', freshnessS });
const GOOD = [...tracesVerdicts('pass'), lb()];
const rate = (
  signal: 'traces' | 'metrics',
  requestsPerS: number | null,
  beforeMax = requestsPerS,
): SourceRate => ({
  serviceName: 'checkout',
  signal,
  requestsPerS,
  requestsPerSMaxOfHour: beforeMax,
  readAtMs: NOW_MS - 5_000,
});
const RATES = [rate('traces', 100), rate('metrics', 98)];
const okRate = (isMet: IntentState['isMet'], more: Partial<IntentState> = {}): IntentState => ({
  intent: {
    constraint: 'checkout/ok-rate',
    serviceName: 'checkout',
    metric: 'ok_ratio',
    comparator: '>=',
    target: 0.99,
    why: '',
  },
  isMet,
  requests: 1_000,
  wrong: { lower: 0.001, upper: 0.002 },
  ...more,
});

interface Given {
  readonly file: string;
  readonly ask?: AskFacts;
  readonly verdicts?: readonly Verdict[];
  readonly rates?: readonly SourceRate[];
  readonly intents?: readonly IntentState[];
}

function answer({ file, ask = {}, verdicts = GOOD, rates = RATES, intents = [okRate('true')] }: Given) {
  const trust = new TrustState();
  trust.absorb(verdicts, NOW_MS);
  return decide({
    request: askOf(ask),
    sets: [setOf(file)],
    trust,
    findings: [],
    intents,
    rates,
    nowMs: NOW_MS,
  });
}

const codes = (body: ReturnType<typeof answer>) =>
  body.reasons.filter(({ severity }) => severity === 'blocking').map(({ code }) => code);

describe('a policy', () => {
  it('lets by what it does not speak about, and what it requires', () => {
    expect(answer({ file: AGREEMENT }).decision).toBe('allow');
    expect(answer({ file: AGREEMENT, rates: [], ask: { kind: 'rollout.start' } }).decision).toBe('allow');
  });

  it('is a deny where it is broken on data that is trusted', () => {
    const body = answer({ file: AGREEMENT, rates: [rate('traces', 50), rate('metrics', 98)] });
    expect([body.decision, ...codes(body)]).toEqual(['deny', 'POLICY_UNMET']);
    expect(body.reasons[0]?.constraint).toBe('checkout/scale-down-needs-agreement');
    expect(body.wouldAllowIf[0]).toContain('agree(data.traces.rate');
  });

  it('is a hold where only bad data breaks it', () => {
    const body = answer({ file: AGREEMENT, verdicts: [...tracesVerdicts('fail'), lb()] });
    expect(body.decision).toBe('hold');
    expect(codes(body)).toContain('SRC_INCOMPLETE');
    expect(codes(body)).toContain('POLICY_UNMET');
  });

  it.each<[string, readonly SourceRate[], string]>([
    ['a rate that nobody counts', [rate('metrics', 98)], 'data.traces.rate'],
    [
      'a rate nobody renewed',
      RATES.map((one) => ({ ...one, readAtMs: NOW_MS - 90_000 })),
      'data.traces.rate',
    ],
    ['no load by one count and some by the other', [rate('traces', 0), rate('metrics', 98)], 'implausible'],
    ['no load after an hour of it', [rate('traces', 0, 50), rate('metrics', 0, 0)], 'implausible'],
    ['a rate that is no number', [rate('traces', Number.NaN), rate('metrics', 98)], 'NaN'],
  ])('is a hold on %s', (_name, rates, text) => {
    const body = answer({ file: AGREEMENT, rates });
    expect([body.decision, ...codes(body)]).toEqual(['hold', 'POLICY_UNKNOWN']);
    expect(body.reasons[0]?.text).toContain(text);
  });

  it('believes in no load when everything says so', () => {
    const quiet = [rate('traces', 0, 0), rate('metrics', 0, 0)];
    expect(answer({ file: AGREEMENT, rates: quiet }).decision).toBe('allow');
  });

  it('is excused by what the caller says, and not by what it leaves out', () => {
    const asked = { kind: 'scale.down', from: { replicas: 100 }, to: { replicas: 96 } };
    expect(answer({ file: AGREEMENT, rates: [], ask: asked }).decision).toBe('allow');
    const silent = { kind: 'scale.down' };
    expect(answer({ file: AGREEMENT, rates: [], ask: silent }).decision).toBe('hold');
    // Of two sizes that disagree the larger is meant.
    const vain = { ...asked, to: { replicas: 50 }, blastRadius: { pct: 1 } };
    expect(answer({ file: AGREEMENT, rates: [], ask: vain }).decision).toBe('hold');
  });

  it('lets the safe direction by when it is not known to be kept, within the cap', () => {
    const file = rule('data.traces.rate > 5.0');
    const body = answer({
      file,
      rates: [],
      ask: { kind: 'scale.up', from: { replicas: 10 }, to: { replicas: 12 } },
    });
    expect(body.decision).toBe('allow');
    expect(body.failMode).toBe('allow-capped');
    expect(body.limits).toEqual({ maxTo: { replicas: 15 }, maxIncreaseRatio: 0.5 });
    const broken = answer({
      file,
      rates: [rate('traces', 1)],
      ask: { kind: 'scale.up', to: { replicas: 12 } },
    });
    expect(broken.decision).toBe('deny');
  });

  it('that cannot be evaluated is a hold with its reason, whatever the fail mode', () => {
    const file = rule('action.to.zones[9] == "a"');
    const body = answer({ file, ask: { kind: 'rollback', to: { zones: ['b'] } } });
    expect([body.decision, ...codes(body)]).toEqual(['hold', 'POLICY_ERROR']);
    expect(body.reasons[0]?.text).toContain('action.to.zones[9]');
  });

  it('that does not compile, however it came into force, is a hold', () => {
    const set = setOf(rule('true'));
    const broken = { ...set, policies: [{ id: 'rule', require: 'nonsense(', why: '' }] };
    expect(compiledPolicies(broken)[0]).toHaveProperty('fault');
    const trust = new TrustState();
    trust.absorb(GOOD, NOW_MS);
    const asked = {
      request: askOf({ kind: 'rollback' }),
      sets: [broken],
      trust,
      findings: [],
      intents: [],
      nowMs: NOW_MS,
    };
    expect(decide(asked).reasons[0]?.code).toBe('POLICY_ERROR');
    expect(decide(asked).decision).toBe('hold');
  });

  it('speaks of either stage of an action that names another than its own', () => {
    const file = rule('intent.all_met_for("30m")', `, when: 'action.stage == "optimisation"'`);
    const missed = [
      okRate('true', { history: { metSinceMs: NOW_MS - 60_000, missedAtMs: NOW_MS - 120_000 } }),
    ];
    expect(
      codes(answer({ file, intents: missed, ask: { kind: 'rightsize.down', stage: 'scaling' } })),
    ).toContain('POLICY_UNMET');
    expect(answer({ file, intents: missed }).decision).toBe('allow');
  });

  it.each<[string, IntentState | null, string]>([
    [
      'met for as long',
      okRate('true', { history: { metSinceMs: NOW_MS - 1_800_000, missedAtMs: null } }),
      'allow',
    ],
    [
      'not watched for as long',
      okRate('true', { history: { metSinceMs: NOW_MS - 1_700_000, missedAtMs: null } }),
      'hold',
    ],
    [
      'missed meanwhile',
      okRate('true', { history: { metSinceMs: NOW_MS - 5_000, missedAtMs: NOW_MS - 1_799_000 } }),
      'deny',
    ],
    ['missed', okRate('false'), 'deny'],
    ['not known', okRate('unknown'), 'hold'],
    ['never measured', null, 'hold'],
  ])('knows an intent that was %s', (_name, state, decision) => {
    const file = rule('intent.all_met_for("30m")');
    expect(answer({ file, intents: state === null ? [] : [state] }).decision).toBe(decision);
  });

  it('trusts an intent by what it is measured by, spans or metrics', () => {
    const by = (expr: string) =>
      `${SOURCES.replace('traces.ok_ratio', expr)}stages: {scaling: {requireSources: [lb]}}
policies: [{id: rule, require: 'intent.ok_rate.met'}]`;
    const verdicts = [...tracesVerdicts('fail'), lb()];
    const missed = okRate('false');
    const byMetrics = okRate('false', { intent: { ...missed.intent, by: 'metrics' } });
    const decided = (expr: string, intents: IntentState[], of = verdicts) =>
      answer({ file: by(expr), verdicts: of, intents }).decision;
    expect(decided('metrics.ok_ratio', [byMetrics])).toBe('deny');
    expect(decided('traces.ok_ratio', [missed])).toBe('hold');
    const late = [...tracesVerdicts('pass'), lb(300)];
    expect(decided('metrics.ok_ratio', [byMetrics], late)).toBe('hold');
  });

  it('sees an incident in an intent that is missed, and none only when all is known', () => {
    const file = rule('incident.open == false');
    expect(answer({ file }).decision).toBe('allow');
    expect(answer({ file, intents: [okRate('false')] }).decision).toBe('deny');
    expect(answer({ file, intents: [okRate('unknown')] }).decision).toBe('hold');
  });
});

describe('with policies', () => {
  const REQUIRES = [
    'data.traces.complete',
    'data.traces.complete || data.lb.fresh',
    'data.traces.completeness >= 0.95',
    'agree(data.traces.rate, data.lb.rate, 0.10)',
    'data.traces.rate > 0.0 || data.lb.rate >= 0.0',
    '!(data.traces.rate > 50.0)',
    'intent.ok_rate.met',
    'intent["ok-rate"].value >= 0.9',
    'action.to.replicas >= 2',
    'action.blast_radius.pct < 50.0',
    'target.region in ["eu"]',
    'incident.open == false',
    'data.lb.age_s < 60.0 ? data.traces.fresh : false',
  ] as const;
  const sets = REQUIRES.map((require) => setOf(rule(require)));

  it('nothing that is not known makes an allow', () => {
    const asked = fc.record({
      index: fc.nat(REQUIRES.length - 1),
      // Mostly good: of what is never allowed there is nothing to be learnt.
      outcome: fc.constantFrom('pass', 'pass', 'pass', 'fail', 'unknown'),
      hasNumbers: fc.boolean(),
      freshnessS: fc.constantFrom(5, 500, Number.NaN),
      rates: fc.array(
        fc.tuple(
          fc.constantFrom('traces', 'metrics'),
          fc.constantFrom(0, 100, Number.NaN, Number.POSITIVE_INFINITY, null),
        ),
        { maxLength: 2 },
      ),
      isMet: fc.constantFrom('true', 'false', 'unknown'),
      to: fc.constantFrom(undefined, 6, Number.NaN, 'six'),
      region: fc.constantFrom(undefined, 'eu', 'us'),
    } as const);
    const decided = { allow: 0, hold: 0, deny: 0 };
    const property = fc.property(
      asked,
      ({ index, outcome, hasNumbers, freshnessS, rates, isMet, to, region }) => {
        const verdicts = [...tracesVerdicts(outcome), lb(freshnessS)].map((one) =>
          hasNumbers ? one : { ...one, estimate: Number.NaN, lower: Number.NaN, upper: Number.NaN },
        );
        const trust = new TrustState();
        trust.absorb(verdicts, NOW_MS);
        const given = rates.map(([signal, perS]) => rate(signal, perS, 0));
        const request = askOf({
          from: { replicas: 8 },
          to: to === undefined ? {} : { replicas: to },
          target: { service: 'checkout', ...(region === undefined ? {} : { region }) },
        });
        const { decision } = decide({
          request,
          sets: [sets[index] as (typeof sets)[number]],
          trust,
          findings: [],
          intents: [okRate(isMet)],
          rates: given,
          nowMs: NOW_MS,
        });
        decided[decision]++;
        const rateOf = (signal: string) =>
          given.find((one) => one.signal === signal)?.requestsPerS ?? Number.NaN;
        const [traces, metrics] = [rateOf('traces'), rateOf('metrics')];
        const isDataGood = outcome === 'pass' && hasNumbers && freshnessS === 5;
        // What each rule cannot do without, said again by hand.
        const needs: Readonly<Record<(typeof REQUIRES)[number], boolean>> = {
          'data.traces.complete': true,
          'data.traces.complete || data.lb.fresh': true,
          'data.traces.completeness >= 0.95': true,
          'agree(data.traces.rate, data.lb.rate, 0.10)': Number.isFinite(traces) && traces === metrics,
          'data.traces.rate > 0.0 || data.lb.rate >= 0.0':
            Number.isFinite(traces) || Number.isFinite(metrics),
          '!(data.traces.rate > 50.0)': traces === 0 && !(metrics > 0),
          'intent.ok_rate.met': isMet === 'true',
          'intent["ok-rate"].value >= 0.9': true,
          'action.to.replicas >= 2': to === 6,
          'action.blast_radius.pct < 50.0': to === 6,
          'target.region in ["eu"]': region === 'eu',
          'incident.open == false': isMet === 'true',
          'data.lb.age_s < 60.0 ? data.traces.fresh : false': true,
        };
        const mayAllow = isDataGood && needs[REQUIRES[index] as (typeof REQUIRES)[number]];
        expect(mayAllow || decision !== 'allow').toBe(true);
      },
    );
    fc.assert(property, { numRuns: 2_000 });
    expect(decided.allow).toBeGreaterThan(20);
    expect(decided.hold).toBeGreaterThan(500);
    expect(decided.deny).toBeGreaterThan(20);
  });
});
