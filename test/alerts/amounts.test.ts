import { describe, expect, it } from 'vitest';
import { amountText } from '../../alerts/amount-text.ts';
import { evidenceSeries } from '../../alerts/evidence-series.ts';
import { sparkline } from '../../alerts/sparkline.ts';
import { durationText } from '../../alerts/time-text.ts';

describe('amountText', () => {
  it.each([
    [0.2614, 'ratio', '26.1 %'],
    [0, 'ratio', '0 %'],
    [0.00001234, 'ratio', '0.00123 %'],
    [95.04, 's', '95 s'],
    [41_234, 'ms', '41200 ms'],
    [1.25, '', '1.25'],
    [null, 'ratio', 'unknown'],
    [Number.NaN, 's', 'unknown'],
    [Number.POSITIVE_INFINITY, '', 'beyond any bound'],
    [1e-9, '', '1e-9'],
  ] as const)('%s %s is %s', (value, unit, expected) => {
    expect(amountText(value, unit)).toBe(expected);
  });
});

describe('durationText', () => {
  it.each([
    [0, '0 s'],
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_612_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
  ])('%s ms is %s', (durationMs, expected) => {
    expect(durationText(durationMs)).toBe(expected);
  });
});

describe('sparkline', () => {
  it.each([
    ['rises from the lowest to the highest', [0, 1, 2, 3, 4, 5, 6, 7], '▁▂▃▄▅▆▇█'],
    ['is flat at half height', [3, 3, 3], '▄▄▄'],
    ['shows what is unknown', [0, null, Number.NaN, 7], '▁··█'],
    ['of nothing known is no line at all', [null, null], '··'],
    ['of nothing is nothing', [], ''],
  ])('%s', (_name, values, expected) => {
    expect(sparkline(values)).toBe(expected);
  });

  it('averages long series down without hiding a gap', () => {
    const values: (number | null)[] = Array.from({ length: 120 }, (_, index) => index);
    values[61] = null;
    const line = [...sparkline(values)];
    expect(line).toHaveLength(60);
    expect(line.flatMap((mark, index) => (mark === '·' ? [index] : []))).toEqual([30]);
  });
});

describe('evidenceSeries', () => {
  it('takes nothing about the shape for granted', () => {
    const start = '1970-01-01T00:00:01.000Z';
    const steps = [
      { start, value: 2, state: 'met' },
      { start, value: 0, state: 'too-few' },
      { start, value: 'x' },
      { start: 'yesterday', value: 3 },
      { value: 3 },
      null,
      'text',
      { start },
    ];
    expect(evidenceSeries({ steps })).toEqual([
      { startMs: 1_000, value: 2 },
      { startMs: 1_000, value: null },
      { startMs: 1_000, value: null },
      { startMs: 1_000, value: null },
    ]);
    expect(evidenceSeries({ steps, series: [{ minute: 5, value: 1 }, { value: 2 }] })).toEqual([
      { minute: 5, value: 1 },
    ]);
    const dated = [
      { at: start, value: 1 },
      { at: 2_000, value: null },
      { at: 9e15 },
      { minute: 5, value: 1 },
    ];
    expect(evidenceSeries({ series: dated })).toEqual([
      { startMs: 1_000, value: 1 },
      { startMs: 2_000, value: null },
    ]);
    expect(evidenceSeries({ steps: 'none' })).toEqual([]);
    expect(evidenceSeries({})).toEqual([]);
  });
});
