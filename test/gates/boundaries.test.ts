import { describe, expect, it } from 'vitest';
import { decide } from '../../gates/decide.ts';
import { TrustState } from '../../gates/trust.ts';
import { type AskFacts, askOf, NOW_MS, setOf, tracesVerdicts } from './judged-world.ts';

const REGIONS = 'boundaries: {regions: [eu-west-1, eu-central-1]}';
const ROTATION = 'boundaries: {inRotation: ">= 70% per region"}';
const OVERALL = 'boundaries: {inRotation: ">= 70%"}';
const CEILINGS =
  'boundaries: {ceilings: [{of: to.nodes, max: 10, for: [capacity.*]}, {of: blastRadius.pct, max: 20, for: [restart.*]}]}';

const eu = { service: 'checkout', region: 'eu-west-1' };
const drain = (more: AskFacts): AskFacts => ({ kind: 'drain', ...more });

function answer(lines: string, ask: AskFacts) {
  const trust = new TrustState();
  trust.absorb(tracesVerdicts('pass'), NOW_MS);
  return decide({
    request: askOf(ask),
    sets: [setOf(lines)],
    trust,
    findings: [],
    intents: [],
    nowMs: NOW_MS,
  });
}

describe('boundaries', () => {
  it.each<[string, string, AskFacts]>([
    ['a region that is listed', REGIONS, { target: eu }],
    [
      'a move between regions that are',
      REGIONS,
      { kind: 'shift.region', from: { region: 'eu-west-1' }, to: { region: 'eu-central-1' } },
    ],
    [
      '70 % that stay in each region',
      ROTATION,
      drain({ to: { inRotation: { 'eu-west-1': 0.7, 'eu-central-1': '100%' } } }),
    ],
    ['3 of 12 of a region', ROTATION, drain({ target: eu, blastRadius: { count: 3, of: 12 } })],
    ['30 % of everything', OVERALL, drain({ blastRadius: { pct: 30 } })],
    ['what gives back to the rotation, without a word', ROTATION, { kind: 'restore' }],
    ['what has nothing to do with the rotation', ROTATION, {}],
    ['ten nodes', CEILINGS, { kind: 'capacity.set', to: { nodes: 10 } }],
    ['another kind, without the number', CEILINGS, {}],
  ])('let by %s', (_name, lines, ask) => {
    expect(answer(lines, ask).decision).toBe('allow');
  });

  it.each<[string, string, AskFacts, string]>([
    ['another region', REGIONS, { target: { service: 'checkout', region: 'us-east-1' } }, 'BOUNDARY_REGION'],
    [
      'a move to another region',
      REGIONS,
      { kind: 'shift.region', target: eu, to: { regions: ['eu-west-1', 'us-east-1'] } },
      'BOUNDARY_REGION',
    ],
    ['a region nobody names', REGIONS, {}, 'BOUNDARY_REGION'],
    ['a region that is no text', REGIONS, { to: { region: 7 } }, 'BOUNDARY_REGION'],
    [
      'one region below 70 %',
      ROTATION,
      drain({ to: { inRotation: { a: 0.9, b: 0.69 } } }),
      'BOUNDARY_ROTATION',
    ],
    [
      '4 of 12 of a region',
      ROTATION,
      drain({ target: eu, blastRadius: { count: 4, of: 12 } }),
      'BOUNDARY_ROTATION',
    ],
    ['a share without a region', ROTATION, drain({ to: { inRotation: 0.9 } }), 'BOUNDARY_ROTATION'],
    ['no share at all', OVERALL, drain({}), 'BOUNDARY_ROTATION'],
    ['a share of no region', ROTATION, drain({ to: { inRotation: { a: Number.NaN } } }), 'BOUNDARY_ROTATION'],
    ['a share beyond all', OVERALL, drain({ to: { inRotation: 7 } }), 'BOUNDARY_ROTATION'],
    ['more taken than there is', OVERALL, drain({ blastRadius: { count: 5, of: 0 } }), 'BOUNDARY_ROTATION'],
    [
      'many restarts at once',
      OVERALL,
      { kind: 'restart.many', blastRadius: { pct: 50 } },
      'BOUNDARY_ROTATION',
    ],
    ['eleven nodes', CEILINGS, { kind: 'capacity.set', to: { nodes: 11 } }, 'BOUNDARY_CEILING'],
    ['a number nobody says', CEILINGS, { kind: 'capacity.set' }, 'BOUNDARY_CEILING'],
    [
      'a number that is none',
      CEILINGS,
      { kind: 'capacity.set', to: { nodes: Number.NaN } },
      'BOUNDARY_CEILING',
    ],
    ['a number as a text', CEILINGS, { kind: 'capacity.set', to: { nodes: '3' } }, 'BOUNDARY_CEILING'],
  ])('deny %s, and say what to give', (_name, lines, ask, code) => {
    const body = answer(lines, ask);
    expect(body.decision).toBe('deny');
    expect(body.reasons.map((reason) => reason.code)).toContain(code);
    expect(body.wouldAllowIf.length).toBeGreaterThan(0);
  });
});

describe('a kind that is not what it says', () => {
  it.each<[string, AskFacts]>([
    ['a quota raised to less', { kind: 'quota.raise', from: { quota: 120 }, to: { quota: 10 } }],
    ['capacity added to fewer nodes', { kind: 'capacity.add', from: { nodes: 9 }, to: { nodes: 8 } }],
    ['one restart of fifty', { kind: 'restart.one', blastRadius: { count: 50, of: 60 } }],
  ])('is denied: %s', (_name, ask) => {
    const { decision, reasons } = answer('', ask);
    expect([decision, reasons[0]?.code]).toEqual(['deny', 'NOT_WHAT_IT_SAYS']);
  });

  it.each<[string, AskFacts]>([
    [
      'more of them, each smaller',
      { kind: 'scale.out', from: { nodes: 4, cpu: 2 }, to: { nodes: 8, cpu: 1 } },
    ],
    ['a quota raised', { kind: 'quota.raise', from: { quota: 120 }, to: { quota: 130 } }],
    ['one restart of one', { kind: 'restart.one', blastRadius: { count: 1, of: 60 } }],
  ])('is let by where it is: %s', (_name, ask) => {
    expect(answer('', ask).decision).toBe('allow');
  });
});

describe('words that nobody knows', () => {
  it('are held: a kind without a safe direction, until somebody says what it is', () => {
    expect(answer('', { kind: 'scle.down' }).reasons[0]?.code).toBe('ACTION_UNKNOWN');
    expect(answer('', { kind: 'scle.down' }).reasons[0]?.text).toContain('scle.down does');
    expect(answer('', { kind: 'scal.up' }).reasons[0]?.text).toContain('Did you mean scale.up');
    const twirl = { kind: 'twirl', stage: 'scaling' } as const;
    expect(answer('', twirl).decision).toBe('hold');
    expect(answer('stages: {scaling: {gate: ["*"]}}', twirl).decision).toBe('allow');
    expect(answer('stages: {routing: {gate: ["*"]}}', twirl).decision).toBe('hold');
    expect(answer('failureTolerance: {"*.*": {unknown: allow}}', { kind: 'twirl.it' }).decision).toBe('hold');
    expect(answer('failureTolerance: {twirl: {unknown: hold}}', { kind: 'twirl' }).decision).toBe('allow');
    expect(answer('failureTolerance: {"*": {unknown: allow}}', { kind: 'twirl' }).decision).toBe('hold');
  });

  it('are held: a service nobody heard of, spelt like one with constraints', () => {
    const up = { kind: 'scale.up', from: { replicas: 3 }, to: { replicas: 4 } };
    const body = answer('', { ...up, target: { service: 'chekout' } });
    expect([body.decision, body.reasons[0]?.code]).toEqual(['hold', 'TARGET_UNKNOWN']);
    expect(answer('', { ...up, target: { service: 'ledger' } }).decision).toBe('allow');
  });
});
