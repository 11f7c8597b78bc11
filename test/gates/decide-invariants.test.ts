import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dimension, Outcome, Verdict } from '../../core/verdict.ts';
import { chooseFailMode } from '../../gates/choose-fail-mode.ts';
import { UNKNOWN_MODES } from '../../gates/constraints/tolerance-sections.ts';
import { decide } from '../../gates/decide.ts';
import { FAIL_MODES } from '../../gates/fail-modes.ts';
import { askQuestion } from '../../gates/question.ts';
import { TrustState } from '../../gates/trust.ts';
import { runCount } from '../run-count.ts';
import { askOf, NOW_MS, setOf, verdictOf } from './judged-world.ts';

const RUNS = runCount({ suite: 200, long: 2_000 });

const kind = fc.oneof(
  fc.constantFrom(...FAIL_MODES.map((row) => row.kind.replace('*', 'x'))),
  fc.stringMatching(/^[a-z]{1,6}(\.[a-z]{1,6})?$/),
);
const stage = fc.constantFrom(undefined, 'scaling', 'optimisation', 'decommissioning', 'deployment');
const count = fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined });
const dimension = fc.constantFrom<Dimension>('completeness', 'timeliness', 'sampling');
const outcome = fc.constantFrom<Outcome>('pass', 'fail', 'unknown');

const verdict: fc.Arbitrary<Verdict> = fc
  .record({
    dimension,
    outcome,
    signal: fc.constantFrom('traces', 'metrics', 'logs'),
    serviceInstanceId: fc.constantFrom('', 'pod-1'),
    evaluatedAtMs: fc.integer({ min: NOW_MS - 60_000, max: NOW_MS }),
    hasNumbers: fc.boolean(),
  })
  .map(({ hasNumbers, ...facts }) => {
    const made = verdictOf({ ...facts, freshnessS: 5 });
    return hasNumbers ? made : { ...made, estimate: Number.NaN, lower: Number.NaN, upper: Number.NaN };
  });

const constraint = fc
  .record({
    requires: fc.subarray(['traces', 'metrics'], { minLength: 1 }),
    kind: fc.constantFrom('"*"', 'scale.*', 'rollback', 'delete'),
    unknown: fc.constantFrom(...UNKNOWN_MODES),
    max: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ requires, kind: tolerated, unknown, max }) =>
    setOf(`
sources:
  - {id: traces, signal: traces, expect: {completeness: ">= 95%", lag: "p99 <= 10s", sampling: {declared: consistent}}}
  - {id: metrics, signal: metrics, expect: {heartbeat: 30s}}
boundaries: {replicas: {max: ${max}}}
stages: {scaling: {gate: [scale.*], requireSources: [${requires}]}}
failureTolerance: {${tolerated}: {unknown: ${unknown}${unknown === 'allow-capped' ? ', cap: "+10%"' : ''}}}
`),
  );

const situation = fc
  .record({
    verdicts: fc.array(verdict, { maxLength: 12 }),
    sets: fc.array(constraint, { maxLength: 2 }),
    kind,
    stage,
    from: count,
    to: count,
  })
  .map(({ verdicts, sets, from, to, ...action }) => {
    const trust = new TrustState();
    trust.absorb(verdicts, NOW_MS);
    const request = askOf({
      ...action,
      ...(from === undefined ? {} : { from: { replicas: from } }),
      ...(to === undefined ? {} : { to: { replicas: to } }),
    });
    const body = decide({ request, sets, trust, findings: [], intents: [], nowMs: NOW_MS });
    return { request, sets, body, mode: chooseFailMode(askQuestion(request, sets)) };
  });

describe('every decision', () => {
  it('is no allow while anything it rests on is missing, unknown, expired or bad, unless its fail mode is', () => {
    let refusedByData = 0;
    const property = fc.property(situation, ({ body, mode }) => {
      const isTrusted =
        body.data.components.length > 0 && body.data.components.every(({ state }) => state === 'pass');
      const mayAllow = isTrusted || mode.unknown.startsWith('allow');
      if (!mayAllow) refusedByData++;
      expect(mayAllow || body.decision !== 'allow').toBe(true);
    });
    fc.assert(property, { numRuns: RUNS });
    expect(refusedByData).toBeGreaterThan(RUNS / 20);
  });

  it('rests on passing components that are live and carry numbers', () => {
    const property = fc.property(situation, ({ body }) => {
      for (const component of body.data.components.filter(({ state }) => state === 'pass')) {
        expect(Date.parse(component.validUntil ?? '')).toBeGreaterThanOrEqual(NOW_MS);
        expect(component.upper).not.toBeNull();
      }
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it('is a deny outside of the replicas of any set, whatever the data', () => {
    const property = fc.property(situation, ({ request, sets, body }) => {
      const to = request.action.to?.['replicas'] as number | undefined;
      const isOver = sets.some(
        ({ boundaries }) => (to ?? 0) > (boundaries.replicas?.max ?? Number.POSITIVE_INFINITY),
      );
      expect(isOver && body.decision !== 'deny').toBe(false);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it('lasts 30 s at most, tells a hold when to come back, and gives a reason', () => {
    const property = fc.property(situation, ({ body }) => {
      const lastsMs = Date.parse(body.validUntil) - NOW_MS;
      expect(lastsMs >= 0 && lastsMs <= 30_000).toBe(true);
      expect(body.retryAfterS === null).toBe(body.decision !== 'hold');
      expect(body.retryAfterS === null || (body.retryAfterS >= 5 && body.retryAfterS <= 30)).toBe(true);
      expect(body.reasons.length).toBeGreaterThan(0);
      expect(body.reasons.some(({ severity }) => severity === 'blocking')).toBe(body.decision !== 'allow');
      expect(body.wouldAllowIf.length > 0).toBe(body.decision !== 'allow');
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it('never gets laxer when a passing component turns unknown or bad', () => {
    const strictness = { allow: 0, hold: 1, deny: 2 };
    const everyVerdict = (['completeness', 'timeliness', 'sampling'] as const).map((one) =>
      verdictOf({ dimension: one }),
    );
    const decisionOn = (request: ReturnType<typeof askOf>, verdicts: readonly Verdict[]) => {
      const trust = new TrustState();
      trust.absorb(verdicts, NOW_MS);
      return decide({ request, sets: [], trust, findings: [], intents: [], nowMs: NOW_MS }).decision;
    };
    const property = fc.property(kind, stage, dimension, (action, named, worse) => {
      const request = askOf({ kind: action, stage: named });
      const decisions = (['pass', 'unknown', 'fail'] as const).map((state) =>
        decisionOn(
          request,
          everyVerdict.map((one) =>
            one.dimension === worse ? verdictOf({ dimension: worse, outcome: state }) : one,
          ),
        ),
      );
      const ranks = decisions.map((decision) => strictness[decision]);
      expect(ranks).toEqual([...ranks].sort((left, right) => left - right));
    });
    fc.assert(property, { numRuns: 500 });
  });
});
