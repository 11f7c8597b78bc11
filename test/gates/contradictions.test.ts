import { describe, expect, it } from 'vitest';
import { decide } from '../../gates/decide.ts';
import { continued } from '../../gates/intent-watch.ts';
import type { SourceRate } from '../../gates/source-rate.ts';
import { TrustState } from '../../gates/trust.ts';
import { askOf, NOW_MS, setOf, tracesVerdicts, verdictOf } from './judged-world.ts';

const FILE = `
sources:
  - {id: traces, signal: traces, expect: {completeness: ">= 95%", lag: "p99 <= 10s"}}
  - {id: lb, signal: metrics, independentOf: [traces], expect: {heartbeat: 30s}}
stages: {deployment: {gate: [rollout.*], requireSources: [traces]}, optimisation: {gate: ["*"], requireSources: [lb]}}
`;

function answer(traces: number | null, metrics: number | null, kind = 'scale.down') {
  const trust = new TrustState();
  trust.absorb(
    [...tracesVerdicts('pass'), verdictOf({ signal: 'metrics', dimension: 'timeliness', freshnessS: 5 })],
    NOW_MS,
  );
  const rates = (['traces', 'metrics'] as const).map((signal): SourceRate => {
    const requestsPerS = signal === 'traces' ? traces : metrics;
    return {
      serviceName: 'checkout',
      signal,
      requestsPerS,
      requestsPerSMaxOfHour: requestsPerS,
      readAtMs: NOW_MS,
    };
  });
  return decide({
    request: askOf({ kind }),
    sets: [setOf(FILE)],
    trust,
    findings: [],
    intents: [],
    rates,
    nowMs: NOW_MS,
  });
}

describe('independent counts of the same requests', () => {
  it.each([
    [100, 95, 'allow'],
    [100, 85, 'hold'],
    [0, 85, 'hold'],
    [100, 0, 'hold'],
    [0, 0, 'allow'],
    [100, null, 'allow'],
  ] as const)('of %s/s and %s/s: %s', (traces, metrics, decision) => {
    const body = answer(traces, metrics);
    expect(body.decision).toBe(decision);
    expect(body.reasons.some(({ code }) => code === 'SRC_CONTRADICTS')).toBe(decision === 'hold');
  });

  it('hold what rests on either of them, and let the safe direction by', () => {
    expect(answer(0, 85, 'rollout.start').reasons[0]).toMatchObject({
      code: 'SRC_CONTRADICTS',
      constraint: 'checkout/lb',
    });
    expect(answer(0, 85, 'rollback').decision).toBe('allow');
  });
});

describe('the history of an intent', () => {
  it('is met without a break, and broken by what nobody could tell', () => {
    const first = continued(undefined, { isMet: 'true' }, 1_000);
    expect(first).toEqual({ metSinceMs: 1_000, missedAtMs: null });
    expect(continued(first, { isMet: 'true' }, 6_000)).toEqual(first);
    expect(continued(first, { isMet: 'unknown' }, 6_000)).toEqual({ metSinceMs: null, missedAtMs: null });
    const missed = continued(first, { isMet: 'false' }, 6_000);
    expect(missed).toEqual({ metSinceMs: null, missedAtMs: 6_000 });
    expect(continued(missed, { isMet: 'true' }, 11_000)).toEqual({ metSinceMs: 11_000, missedAtMs: 6_000 });
  });
});
