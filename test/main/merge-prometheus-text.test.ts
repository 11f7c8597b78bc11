import { describe, expect, it } from 'vitest';
import { parseSamples } from '../../main/doctor/read-metrics.ts';
import { mergePrometheusText } from '../../main/merge-prometheus-text.ts';

const OF_INGEST = `# HELP a_total What a is
# TYPE a_total counter
a_total{plumbline_role="ingest"} 1

# HELP h Heights
# UNIT h s
# TYPE h histogram
h_count{plumbline_role="ingest"} 2
h_sum{plumbline_role="ingest"} 3
h_bucket{plumbline_role="ingest",le="+Inf"} 2
`;
const OF_JUDGE = `# HELP a_total What a is
# TYPE a_total counter
a_total{plumbline_role="judge"} 4
# HELP b only here
# TYPE b gauge
b 5
`;

describe('merged metrics', () => {
  it('hold each family once, with the samples of all processes', () => {
    const merged = mergePrometheusText([OF_INGEST, OF_JUDGE]);
    expect(merged.match(/# TYPE/g)).toHaveLength(3);
    expect(merged).toContain(
      'counter\na_total{plumbline_role="ingest"} 1\na_total{plumbline_role="judge"} 4\n',
    );
    expect(parseSamples(merged)).toHaveLength(6);
  });

  it('lose no sample in any order', () => {
    const count = (text: string): number => parseSamples(text).length;
    expect(count(mergePrometheusText([OF_JUDGE, OF_INGEST, OF_JUDGE]))).toBe(
      2 * count(OF_JUDGE) + count(OF_INGEST),
    );
  });

  it('are empty when no process has any', () => {
    expect(mergePrometheusText(['# no registered metrics', ''])).toBe('');
  });

  it('read back with names, labels and values', () => {
    expect(parseSamples('a{b="c\\"d",e="f"} 1e3\ng NaN\n# HELP g x')).toEqual([
      { name: 'a', labels: { b: 'c\\"d', e: 'f' }, value: 1000 },
      { name: 'g', labels: {}, value: Number.NaN },
    ]);
  });
});
