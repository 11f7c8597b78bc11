import { describe, expect, it } from 'vitest';
import type { SamplingPurpose } from '../../core/sampling/sampling-purpose.ts';
import { decide } from '../../gates/decide.ts';
import { TrustState } from '../../gates/trust.ts';
import { askOf, NOW_MS, setOf, tracesVerdicts, type VerdictFacts, verdictOf } from './judged-world.ts';

/** A verdict on the marks, with what was shown of counts by settled windows; null: none were settled. */
function samplingOf(counts: string | null, facts: VerdictFacts = {}) {
  const verdict = verdictOf({ ...facts, dimension: 'sampling' });
  const reasons = [{ code: `SAMPLING_${counts?.toUpperCase()}_TEST`, text: 'As the test says.' }];
  const purposes = counts === null ? {} : { purposes: { counts: { outcome: counts, reasons } } };
  return { ...verdict, evidence: purposes };
}

function trustIn(...verdicts: ReturnType<typeof verdictOf>[]): TrustState {
  const trust = new TrustState();
  trust.absorb(verdicts, NOW_MS);
  return trust;
}

function read(trust: TrustState, purpose: SamplingPurpose | null = 'counts', atMs = NOW_MS) {
  const target = { serviceName: 'checkout', serviceNamespace: null, tenant: null };
  return trust.read({ target, signal: 'traces', dimension: 'sampling', purpose }, atMs);
}

describe('sampling, asked for a purpose', () => {
  it.each([
    ['pass', 'pass'],
    ['fail', 'fail'],
    ['insufficient', 'unknown'],
    ['unverifiable', 'unknown'],
  ])('%s of counts reads %s, whatever the marks say', (outcome, state) => {
    for (const marks of ['pass', 'unknown', 'fail'] as const) {
      const reading = read(trustIn(samplingOf(outcome, { outcome: marks })));
      expect(reading).toMatchObject({
        state,
        reasons: [{ code: `SAMPLING_${outcome.toUpperCase()}_TEST` }],
      });
    }
  });

  it('is unknown before anything was settled, and for a purpose that was not judged', () => {
    const notSettled = { state: 'unknown', reasons: [{ code: 'SAMPLING_NOT_SETTLED' }] };
    expect(read(trustIn(samplingOf(null)))).toMatchObject(notSettled);
    expect(read(trustIn(samplingOf('pass')), 'trace-shape')).toMatchObject(notSettled);
    expect(read(trustIn(samplingOf(null)), null).state).toBe('pass');
  });

  it('stays unknown once it has expired', () => {
    const trust = trustIn(samplingOf('pass', { evaluatedAtMs: NOW_MS, validForMs: 15_000 }));
    expect(read(trust, 'counts', NOW_MS + 15_000).state).toBe('pass');
    expect(read(trust, 'counts', NOW_MS + 15_001)).toMatchObject({
      state: 'unknown',
      reasons: [{ code: 'VERDICT_EXPIRED' }],
    });
  });

  it('lets the worst of two namespaces speak, by what was asked', () => {
    const east = { serviceNamespace: 'east', outcome: 'fail' } as const;
    const west = { serviceNamespace: 'west', outcome: 'pass' } as const;
    expect(read(trustIn(samplingOf('pass', east), samplingOf('unverifiable', west)))).toMatchObject({
      state: 'unknown',
      verdict: { source: { serviceNamespace: 'west' } },
    });
    expect(read(trustIn(samplingOf('unverifiable', east), samplingOf('fail', west))).state).toBe('fail');
    expect(read(trustIn(samplingOf('pass', east), samplingOf('pass', west))).state).toBe('pass');
  });
});

describe('a gate that needs sampling for counts', () => {
  const set = setOf(
    'sources: [{id: traces, signal: traces, expect: {sampling: {declared: consistent, for: counts}}}]',
  );
  const answer = (counts: string | null) => {
    const trust = trustIn(...tracesVerdicts('pass').slice(0, 2), samplingOf(counts));
    return decide({ request: askOf(), sets: [set], trust, findings: [], intents: [], nowMs: NOW_MS });
  };

  it.each([
    ['pass', 'allow', 'OK'],
    ['insufficient', 'hold', 'DATA_UNKNOWN'],
    ['unverifiable', 'hold', 'DATA_UNKNOWN'],
    ['fail', 'hold', 'SRC_SAMPLING'],
    [null, 'hold', 'DATA_UNKNOWN'],
  ])('counts %s: %s', (counts, decision, code) => {
    const body = answer(counts);
    expect(body.decision).toBe(decision);
    expect(body.reasons.map((reason) => reason.code)).toContain(code);
  });
});
