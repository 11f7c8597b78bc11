import { describe, expect, it } from 'vitest';
import { measureText, turnLine } from '../../demo/watch/event-line.ts';
import { foldVerdictTurns, type SeenVerdict } from '../../demo/watch/verdict-turns.ts';

const AT_MS = Date.UTC(2026, 0, 1);

function verdict(serviceName: string, outcome: SeenVerdict['outcome']): SeenVerdict {
  const source = {
    tenant: '',
    serviceNamespace: 'shop',
    serviceName,
    serviceInstanceId: '',
    signal: 'traces',
  };
  return {
    source,
    dimension: 'completeness',
    outcome,
    estimate: 0.2,
    lower: 0.14,
    upper: 0.28,
    unit: 'ratio',
    validUntil: new Date(AT_MS + 30_000).toISOString(),
    reasons: [{ text: 'parents are missing' }],
  };
}

describe('foldVerdictTurns', () => {
  it('tells what is new, then what turned, in the order of the names', () => {
    const seen = new Map();
    const first = foldVerdictTurns(seen, [verdict('b', 'pass'), verdict('a', 'fail')], AT_MS);
    expect(first.map(({ verdict: { source }, from, to }) => [source.serviceName, from, to])).toEqual([
      ['a', null, 'fail'],
      ['b', null, 'pass'],
    ]);
    expect(foldVerdictTurns(seen, [verdict('b', 'pass'), verdict('a', 'fail')], AT_MS)).toEqual([]);
    const turned = foldVerdictTurns(seen, [verdict('b', 'pass'), verdict('a', 'pass')], AT_MS);
    expect(turned.map(({ from, to }) => [from, to])).toEqual([['fail', 'pass']]);
  });

  it.each([
    ['expires', [verdict('a', 'pass')], AT_MS + 30_001],
    ['is gone', [], AT_MS],
  ])('counts a verdict that %s as unknown', (_, verdicts, nowMs) => {
    const seen = new Map();
    foldVerdictTurns(seen, [verdict('a', 'pass')], AT_MS);
    expect(foldVerdictTurns(seen, verdicts, nowMs).map(({ to }) => to)).toEqual(['unknown']);
  });
});

describe('the line of a turn', () => {
  it('says when, which source, from what to what, how much and why', () => {
    const turn = { verdict: verdict('checkout', 'fail'), from: 'pass', to: 'fail' } as const;
    expect(turnLine(turn, AT_MS, (_, text) => text)).toBe(
      '00:00:00  verdict   shop/checkout traces completeness: pass -> fail, 20.0 % lost (14.0 to 28.0 %) - parents are missing',
    );
  });

  it('never shows an unknown amount as a number', () => {
    expect(measureText({ ...verdict('a', 'unknown'), estimate: null })).toBe('cannot say how much');
    expect(measureText({ ...verdict('a', 'unknown'), upper: null })).toBe('20.0 % lost (14.0 to ? %)');
  });
});
