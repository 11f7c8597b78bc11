import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SamplingTally } from '../../core/sampling-tally.ts';
import { checkSampling } from '../../validators/check-sampling.ts';
import { marks, NOW_MS, sourceOf } from './tallies.ts';

const check = (tallies: readonly SamplingTally[]) =>
  checkSampling({ source: sourceOf('traces'), tallies }, null, NOW_MS);

describe('checkSampling', () => {
  it.each([
    ['consistent at 10 %', [marks({ thresholdHex: 'e666', spans: 500 })], 'pass', []],
    [
      'consistent at two rates',
      [marks({ thresholdHex: 'e666', spans: 300 }), marks({ thresholdHex: '0', spans: 300 })],
      'pass',
      [],
    ],
    ['too few to pass', [marks({ thresholdHex: '0', spans: 300 })], 'unknown', ['MARKS_UNDECIDED']],
    ['far too few', [marks({ thresholdHex: '0', spans: 10 })], 'unknown', ['TOO_FEW']],
    [
      'half contradict',
      [marks({ thresholdHex: '8', spans: 500, violations: 250 })],
      'fail',
      ['MARKS_CONTRADICT'],
    ],
    [
      'one in a hundred contradicts',
      [marks({ thresholdHex: '8', spans: 1_000, violations: 10 })],
      'fail',
      ['MARKS_CONTRADICT'],
    ],
    [
      'one in ten thousand does not decide to fail',
      [marks({ thresholdHex: '8', spans: 10_000, violations: 1 })],
      'pass',
      [],
    ],
    ['no weight at all', [marks({ thresholdHex: '', spans: 5_000 })], 'unknown', ['WEIGHTS_ABSENT']],
    [
      'a tenth without weight',
      [marks({ thresholdHex: '0', spans: 900 }), marks({ thresholdHex: '', spans: 100 })],
      'unknown',
      ['WEIGHTS_PARTLY_ABSENT'],
    ],
    [
      'a hair without weight',
      [marks({ thresholdHex: '0', spans: 9_990 }), marks({ thresholdHex: '', spans: 10 })],
      'pass',
      [],
    ],
    [
      'malformed marks',
      [marks({ thresholdHex: '0', spans: 900 }), marks({ thresholdHex: 'invalid', spans: 100 })],
      'unknown',
      ['WEIGHTS_INVALID', 'MARKS_UNDECIDED'],
    ],
    ['nothing', [], 'unknown', ['TOO_FEW']],
  ] as const)('%s', (_name, tallies, outcome, codes) => {
    const verdict = check(tallies);
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.reasons.map((reason) => reason.code)).toEqual(codes);
  });

  it('says nothing with numbers where there is no weight', () => {
    const verdict = check([marks({ thresholdHex: '', spans: 5_000 })]);
    expect(verdict).toMatchObject({ estimate: null, lower: null, upper: null, n: 0 });
    expect(verdict.reasons[0]?.text).toContain('consistent probability sampler');
  });

  it('fails by the fast window alone, and names a trace', () => {
    const old = marks({
      thresholdHex: '8',
      spans: 500,
      violations: 250,
      agoMs: 300_000,
      exampleTraceId: 'ff01',
    });
    const good = marks({ thresholdHex: '8', spans: 500 });
    expect(check([old, good])).toMatchObject({
      outcome: 'pass',
      evidence: { exampleTraceId: 'ff01', violations: 250 },
    });
    expect(
      check([marks({ thresholdHex: '8', spans: 500, violations: 250, exampleTraceId: 'ff02' })]).reasons[0]
        ?.text,
    ).toContain('ff02');
  });

  it('says the same however its tallies are split and ordered', () => {
    const part = fc.record({
      thresholdHex: fc.constantFrom('', '0', '8', 'e666', 'invalid'),
      spans: fc.integer({ min: 1, max: 1_000 }),
      agoMs: fc.integer({ min: 0, max: 590_000 }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), fc.nat(1_000), (parts, cut) => {
        const split = parts.flatMap((one) => {
          const left = Math.min(one.spans, cut);
          return [left, one.spans - left]
            .filter((spans) => spans > 0)
            .map((spans) => marks({ ...one, spans }));
        });
        expect(check(split.reverse())).toEqual(check(parts.map(marks)));
      }),
    );
  });
});
