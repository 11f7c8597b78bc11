import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../core/verdict.ts';
import { decide } from '../../gates/decide.ts';
import type { IntentState } from '../../gates/intent-state.ts';
import type { SourceRate } from '../../gates/source-rate.ts';
import { type PastDecision, replayDecision, replayDecisions } from '../../gates/trials/replay-decision.ts';
import { TrustState } from '../../gates/trust.ts';
import { type AskFacts, askOf, NOW_MS, setOf, tracesVerdicts, verdictOf } from './judged-world.ts';

const file = (more = '', completeness = 95) => `
sources:
  - {id: traces, signal: traces, expect: {completeness: ">= ${completeness}%", lag: "p99 <= 10s"}}
  - {id: lb, signal: metrics, expect: {heartbeat: 30s}}
intent:
  - {id: ok-rate, expr: traces.ok_ratio, target: ">= 0.99"}
${more}`;
const THEN = setOf(file('boundaries: {replicas: {min: 2, max: 10}}'));

const lb = (freshnessS = 5): Verdict => verdictOf({ signal: 'metrics', dimension: 'timeliness', freshnessS });
const complete = (upper: number): Verdict => ({
  ...verdictOf({ dimension: 'completeness' }),
  lower: 0.01,
  upper,
  limits: { warn: 0.05, fail: 0.05 },
});
const GOOD = [complete(0.02), ...tracesVerdicts('pass'), lb()];

function past(
  ask: AskFacts = {},
  of: {
    verdicts?: readonly Verdict[];
    set?: typeof THEN;
    rates?: readonly SourceRate[];
    intents?: readonly IntentState[];
  } = {},
): PastDecision {
  const trust = new TrustState();
  trust.absorb(of.verdicts ?? GOOD, NOW_MS);
  const request = askOf(ask);
  const body = decide({
    request,
    sets: [of.set ?? THEN],
    trust,
    findings: [],
    intents: of.intents ?? [],
    rates: of.rates ?? [],
    nowMs: NOW_MS,
  });
  const response = { ...body, decisionId: 'd_1', seq: 1, prevHash: '', receipt: null };
  // As the ledger gives it back.
  return JSON.parse(JSON.stringify({ decidedAtMs: NOW_MS, request, response })) as PastDecision;
}

const replay = (one: PastDecision, after: string, before = THEN) =>
  replayDecision(one, { before: [before], after: [setOf(after)], findings: [] });

describe('a decision of the past under changed constraints', () => {
  it('stays where nothing that it rests on changed', () => {
    expect(replay(past(), file('boundaries: {replicas: {min: 2, max: 10}}'))).toMatchObject({
      outcome: 'same',
      now: 'allow',
    });
    expect(replay(past({}, { verdicts: [] }), file())).toMatchObject({ outcome: 'same', was: 'hold' });
  });

  it('flips by a boundary, with the reason', () => {
    const flipped = replay(past(), file('boundaries: {replicas: {min: 7}}'));
    expect(flipped).toMatchObject({ outcome: 'flipped', was: 'allow', now: 'deny' });
    expect(flipped).toHaveProperty('reasons.0.code', 'BOUNDARY_REPLICAS');
    const denied = past({ kind: 'scale.up', from: { replicas: 8 }, to: { replicas: 12 } });
    expect(replay(denied, file('boundaries: {replicas: {max: 20}}'))).toMatchObject({
      outcome: 'flipped',
      was: 'deny',
      now: 'allow',
    });
  });

  it('is judged again by another completeness, from the interval that was recorded', () => {
    expect(replay(past(), file('', 98))).toMatchObject({ outcome: 'same' });
    expect(replay(past(), file('', 99.5))).toMatchObject({ outcome: 'flipped', now: 'hold' });
    const vague = { ...complete(0.08), outcome: 'unknown' as const };
    const lossy = past({}, { verdicts: [vague, ...tracesVerdicts('pass'), lb()] });
    expect(lossy.response.decision).toBe('hold');
    expect(replay(lossy, file('', 94))).toMatchObject({ outcome: 'same' });
    expect(replay(lossy, file('', 90))).toMatchObject({ outcome: 'unclear' });
  });

  it('flips by the fail mode of what was unknown', () => {
    const unknown = past({}, { verdicts: [...tracesVerdicts('unknown'), lb()] });
    expect(replay(unknown, file('failureTolerance: {scale.down: {unknown: deny}}'))).toMatchObject({
      outcome: 'flipped',
      was: 'hold',
      now: 'deny',
    });
  });

  it('flips by a rule about what the request said', () => {
    const rule =
      "policies: [{id: small, when: 'action.kind == \"scale.down\"', require: 'action.blast_radius.pct <= 10.0'}]";
    expect(replay(past(), file(rule))).toMatchObject({ outcome: 'flipped', now: 'deny' });
  });

  it('cannot be told by a rule about what was not recorded, and says what', () => {
    const rates = "policies: [{id: agree, require: 'agree(data.traces.rate, data.lb.rate, 0.1)'}]";
    expect(replay(past(), file(rates))).toMatchObject({
      outcome: 'unclear',
      why: expect.stringContaining('rates were not recorded'),
    });
    const met = "policies: [{id: met, require: 'intent.ok_rate.met'}]";
    expect(replay(past(), file(met))).toMatchObject({
      outcome: 'unclear',
      why: expect.stringContaining('checkout/ok-rate'),
    });
    const rule = "policies: [{id: structured, require: 'data.traces.structured'}]";
    expect(replay(past(), file(rule))).toMatchObject({
      outcome: 'unclear',
      why: expect.stringContaining('structure of traces was not recorded'),
    });
  });

  it('can be told although something was not recorded where that makes no difference', () => {
    const rates = `boundaries: {replicas: {min: 7}}\npolicies: [{id: agree, require: 'agree(data.traces.rate, data.lb.rate, 0.1)'}]`;
    expect(replay(past(), file(rates))).toMatchObject({ outcome: 'flipped', now: 'deny' });
  });

  it('knows of what was not recorded that the decision of then came of it', () => {
    const rule = "policies: [{id: agree, require: 'agree(data.traces.rate, data.lb.rate, 0.1)'}]";
    const before = setOf(file(rule));
    const rates = (['traces', 'metrics'] as const).map((signal) => ({
      serviceName: 'checkout',
      signal,
      requestsPerS: 50,
      requestsPerSMaxOfHour: 50,
      readAtMs: NOW_MS,
    }));
    const allowed = past({}, { set: before, rates });
    expect(allowed.response.decision).toBe('allow');
    expect(replay(allowed, file(`boundaries: {replicas: {max: 20}}\n${rule}`), before)).toMatchObject({
      outcome: 'same',
      now: 'allow',
    });
  });

  it('of optimisation knows the intents it asked for', () => {
    const okRate = {
      constraint: 'checkout/ok-rate',
      serviceName: 'checkout',
      metric: 'ok_ratio',
      comparator: '>=',
      target: 0.99,
      why: '',
    } as const;
    const intents = [
      { intent: okRate, isMet: 'true', requests: 100, wrong: { lower: 0, upper: 0 } },
    ] as const;
    const allowed = past({ kind: 'rightsize.down' }, { intents });
    expect(allowed.response.decision).toBe('allow');
    expect(replay(allowed, file())).toMatchObject({ outcome: 'same' });
    const stricter = file().replace('>= 0.99"', '>= 0.999"');
    expect(replay(allowed, stricter)).toMatchObject({ outcome: 'unclear' });
  });

  it('that does not come out of what was recorded is none to build on', () => {
    const one = past();
    const forged = { ...one, response: { ...one.response, decision: 'deny' as const } };
    expect(replay(forged, file())).toMatchObject({
      outcome: 'unclear',
      why: expect.stringContaining('was not recorded'),
    });
  });

  it('comes after what was allowed before it, as far back as that was read', async () => {
    const after = [setOf(file('guardrails: {changeBudget: {per: 10m, maxActions: 2}}'))];
    const agoOf = (minutes: number, id: string): PastDecision => {
      const one = past();
      return {
        ...one,
        decidedAtMs: NOW_MS - 60_000 * minutes,
        response: { ...one.response, decisionId: id },
      };
    };
    const decisions = [agoOf(9, 'd_a'), agoOf(5, 'd_b')];
    const report = async (earlier?: Parameters<typeof replayDecisions>[1]['earlier']) =>
      replayDecisions([past()], { before: [THEN], after, findings: [], ...(earlier ? { earlier } : {}) });
    const used = await report({ decisions, sinceMs: NOW_MS - 3_600_000 });
    expect(used.flipped[0]?.reasons[0]).toMatchObject({ code: 'BUDGET_USED' });
    expect((await report({ decisions: decisions.slice(1), sinceMs: NOW_MS - 3_600_000 })).same).toBe(1);
    const [unread] = (await report()).unclear;
    expect(unread).toMatchObject({ why: 'what was allowed before it was not read so far back' });
  });

  it('knows what people had opened then', () => {
    const after = [setOf(file("policies: [{id: calm, require: 'incident.open == false'}]"))];
    const judge = (openedAtMs: number, closedAtMs: number | null, service: string | null = 'checkout') =>
      replayDecision(past({}, { intents: [] }), {
        before: [THEN],
        after,
        findings: [],
        incidents: [
          {
            id: 'i_1',
            service,
            reason: 'payments fail',
            openedAtMs,
            openedBy: 'kim',
            closed: closedAtMs === null ? null : { atMs: closedAtMs, by: 'kim', reason: 'mended' },
          },
        ],
      });
    const hour = 3_600_000;
    expect(judge(NOW_MS - hour, null)).toMatchObject({ outcome: 'flipped', now: 'deny' });
    expect(judge(NOW_MS - hour, NOW_MS + hour, null)).toMatchObject({ outcome: 'flipped', now: 'deny' });
    for (const one of [judge(NOW_MS - 2 * hour, NOW_MS - hour), judge(NOW_MS + hour, null)])
      expect(one).not.toMatchObject({ outcome: 'flipped', now: 'deny' });
  });

  it('cannot be told by a guardrail over what no replay knows, and says what', () => {
    const crowd = file('guardrails: {massEvent: {ifUnhealthyPct: "> 30"}}');
    expect(replay(past(), crowd)).toMatchObject({
      outcome: 'unclear',
      why: 'how many services looked unhealthy was not recorded',
    });
    // Whatever they were: the boundary alone denies it.
    const bounded = `${crowd}\nboundaries: {replicas: {min: 7}}`;
    expect(replay(past(), bounded)).toMatchObject({ outcome: 'flipped', now: 'deny' });
  });

  it('counts', async () => {
    const after = [setOf(file('boundaries: {replicas: {min: 7}}'))];
    const report = await replayDecisions([past(), past({ kind: 'rollback' })], {
      before: [THEN],
      after,
      findings: [],
    });
    expect([report.decisions, report.same, report.flipped.length, report.unclear.length]).toEqual([
      2, 1, 1, 0,
    ]);
  });
});
