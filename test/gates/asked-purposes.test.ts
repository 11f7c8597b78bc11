import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STAGES } from '../../core/decision.ts';
import { matchGlob } from '../../core/glob.ts';
import { SAMPLING_PURPOSES, type SamplingPurpose } from '../../core/sampling/sampling-purpose.ts';
import { ASKED_PURPOSES, askedPurposes } from '../../gates/asked-purposes.ts';
import { chooseFailMode } from '../../gates/choose-fail-mode.ts';
import { decide } from '../../gates/decide.ts';
import { FAIL_MODES, stageOf } from '../../gates/fail-modes.ts';
import { askQuestion } from '../../gates/question.ts';
import { TrustState } from '../../gates/trust.ts';
import { type AskFacts, askOf, NOW_MS, setOf, tracesVerdicts, verdictOf } from './judged-world.ts';

const purposesOf = (kind: string, named: (typeof STAGES)[number] | null = null) => {
  const stages = [stageOf(kind), named].filter((stage) => stage !== null);
  return askedPurposes({ kind, stages: [...new Set(stages)] }).map(({ purpose }) => purpose);
};

describe('what a kind of action asks of sampling', () => {
  it.each([
    ['scale.down', 'counts'],
    ['rollout.advance', 'counts'],
    ['promote', 'counts'],
    ['shift.to_new', 'counts'],
    ['drain', 'counts'],
    ['rightsize.down', 'counts'],
    ['retention.cut', 'counts'],
    ['route.critical_path', 'trace-shape'],
    ['delete', 'trace-shape'],
    ['decommission.service', 'trace-shape'],
    ['restart.one', 'existence'],
    ['rollback', 'existence'],
    ['failover.cross_region', 'existence'],
    ['promote_db', 'existence'],
    ['shift.restore', 'existence'],
    ['dance', 'counts'],
  ])('%s: %s', (kind, purpose) => {
    expect(purposesOf(kind)).toEqual([purpose]);
  });

  it('a named stage adds, and never takes away', () => {
    expect(purposesOf('restart', 'optimisation')).toEqual(['counts']);
    expect(purposesOf('scale.down', 'recovery')).toEqual(['counts']);
    expect(purposesOf('delete', 'scaling')).toEqual(['trace-shape', 'counts']);
    expect(purposesOf('dance', 'recovery')).toEqual(['counts']);
  });

  it('speaks of every kind that has a fail mode, in no row that an earlier one hides', () => {
    const unspoken = FAIL_MODES.filter(
      ({ kind }) => !ASKED_PURPOSES.some((row) => matchGlob(row.kind, kind)),
    );
    expect(unspoken).toEqual([]);
    const hidden = ASKED_PURPOSES.filter((row, index) =>
      ASKED_PURPOSES.slice(0, index).some((earlier) => matchGlob(earlier.kind, row.kind)),
    );
    expect(hidden).toEqual([]);
  });
});

type Judged = Readonly<Partial<Record<SamplingPurpose, string>>>;

function trustOf(judged: Judged, code = 'TEST'): TrustState {
  const trust = new TrustState();
  const purposes = Object.fromEntries(
    Object.entries(judged).map(([purpose, outcome]) => [
      purpose,
      {
        outcome,
        reasons: [{ code: `SAMPLING_${outcome.toUpperCase()}_${code}`, text: 'As the test says.' }],
      },
    ]),
  );
  const sampling = { ...verdictOf({ dimension: 'sampling' }), evidence: { purposes } };
  trust.absorb([...tracesVerdicts().slice(0, 2), sampling], NOW_MS);
  return trust;
}

const sourceOf = (sampling: string, rest = '') =>
  setOf(
    `sources: [{id: traces, signal: traces, expect: {lag: "p99 <= 10s", sampling: {${sampling}}}}]\n${rest}`,
  );

function answer(of: { sampling: string; judged: Judged; ask?: AskFacts; code?: string }) {
  const { sampling, judged, ask, code } = of;
  const sets = [sourceOf(sampling)];
  const trust = trustOf(judged, code);
  return decide({ request: askOf(ask), sets, trust, findings: [], intents: [], nowMs: NOW_MS });
}

describe('a constraint that asks for sampling', () => {
  const requiredOf = (sampling: string, ask?: AskFacts) =>
    answer({ sampling, judged: {}, ...(ask === undefined ? {} : { ask }) })
      .data.components.filter(({ dimension }) => dimension === 'sampling')
      .map(({ required }) => required);

  it('without for: by the kind, and the answer says why', () => {
    expect(requiredOf('declared: consistent')).toEqual([
      'sampling shown to be right for counts (scale.down: it follows how much load there is)',
    ]);
    expect(requiredOf('declared: consistent', { kind: 'restart.many' })[0]).toContain('right for existence');
  });

  it('with for: as people wrote it, whatever the kind', () => {
    expect(requiredOf('declared: consistent, for: existence')).toEqual([
      'sampling shown to be right for existence (checkout/traces says for: existence)',
    ]);
    expect(requiredOf('declared: none, for: counts')[0]).toContain('right for counts');
  });

  it('for: marks asks only that the marks hold together', () => {
    expect(requiredOf('declared: consistent, for: marks')).toEqual([
      'share of contradictory sampling marks <= 5 %',
    ]);
    expect(answer({ sampling: 'declared: consistent, for: marks', judged: {} }).decision).toBe('allow');
  });

  it('asks nothing of spans that nothing samples', () => {
    expect(requiredOf('declared: none')).toEqual([]);
  });

  it.each([
    ['nothing was settled', {}, '', 'wait for the settled minute'],
    ['there is no counter', { counts: 'unverifiable' }, 'NO_COUNTER', 'expect.sampling.counter'],
    ['spans carry no weight', { counts: 'unverifiable' }, 'WEIGHTS_UNKNOWN', 'a sampler that writes ot=th'],
    ['spans are few', { counts: 'insufficient' }, 'TOO_FEW_SPANS', 'more spans arrive'],
    ['counts are wrong', { counts: 'fail' }, 'COUNTS_TOO_LOW', 'the fault is mended'],
  ])('a hold because %s says what makes counts known', (_, judged, code, how) => {
    const body = answer({ sampling: 'declared: consistent', judged, code });
    expect(body.decision).toBe('hold');
    expect(body.reasons[0]?.text).toContain('Right for counts is asked of the sampling of checkout traces');
    expect(body.reasons[0]?.text).toContain('scale.down: it follows how much load there is');
    expect(body.wouldAllowIf).toEqual([expect.stringContaining(how)]);
  });

  it('is no allow while a purpose that the table asks for is not shown, unless the fail mode is', () => {
    const outcome = fc.constantFrom('pass', 'fail', 'insufficient', 'unverifiable', undefined);
    const situation = fc.record({
      outcomes: fc.tuple(...SAMPLING_PURPOSES.map(() => outcome)),
      kind: fc.oneof(
        fc.constantFrom(...ASKED_PURPOSES.map((row) => row.kind.replace('*', 'x'))),
        fc.stringMatching(/^[a-z]{1,6}(\.[a-z]{1,6})?$/),
      ),
      stage: fc.constantFrom(undefined, ...STAGES),
      tolerance: fc.constantFrom('', 'failureTolerance: {"*": {unknown: allow}}'),
    });
    const seen = { refused: 0, allowed: 0 };
    const property = fc.property(situation, ({ outcomes, kind, stage, tolerance }) => {
      const judged = Object.fromEntries(
        SAMPLING_PURPOSES.flatMap((purpose, index) =>
          outcomes[index] === undefined ? [] : [[purpose, outcomes[index]]],
        ),
      ) as Judged;
      const request = askOf({ kind, stage });
      const sets = [sourceOf('declared: consistent', tolerance)];
      const trust = trustOf(judged);
      const { decision } = decide({ request, sets, trust, findings: [], intents: [], nowMs: NOW_MS });
      const question = askQuestion(request, sets);
      const asked = askedPurposes(question).map(({ purpose }) => judged[purpose]);
      const mode = chooseFailMode(question);
      const mayByMode = asked.includes('fail') ? mode.allowsFailed : mode.unknown.startsWith('allow');
      const isShown = asked.length > 0 && asked.every((state) => state === 'pass');
      seen[decision === 'allow' ? 'allowed' : 'refused']++;
      expect(isShown || mayByMode || decision !== 'allow').toBe(true);
    });
    fc.assert(property, { numRuns: 500 });
    expect(Math.min(seen.refused, seen.allowed)).toBeGreaterThan(50);
  });
});
