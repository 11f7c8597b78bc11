import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapOpenSlo } from '../../gates/constraints/open-slo/map-open-slo.ts';
import { requestsOfQuery } from '../../gates/constraints/open-slo/requests-of-query.ts';

const HTTP = 'http_server_request_duration_seconds';
const source = (query: string) => ({ metricSource: { type: 'Prometheus', spec: { query } } });
const count = (labels = '') => source(`sum(rate(${HTTP}_count{${labels}}[5m]))`);
const ratio = (parts: object) => ({ kind: 'SLI', spec: { ratioMetric: { counter: true, ...parts } } });
const quantile = (q: number, labels = '') =>
  source(`histogram_quantile(${q}, sum(rate(${HTTP}_bucket{${labels}}[5m])) by (le))`);
const share = { comparator: '>=', value: 0.99 } as const;
const whole = {
  metric: 'success',
  min: 0.99,
  max: null,
  service: null,
  route: null,
  statusBelow: null,
  durationMsBelow: null,
};

describe('mapOpenSlo', () => {
  it.each([
    [
      'good by status',
      ratio({ good: count('http_response_status_code!~"5.."'), total: count() }),
      { statusBelow: 500 },
    ],
    [
      'bad by status',
      ratio({ bad: count('http_response_status_code=~"5.."'), total: count() }),
      { statusBelow: 500 },
    ],
    ['good without an error', ratio({ good: count('error_type=""'), total: count() }), {}],
    [
      'fast requests of a route',
      ratio({
        good: source(`sum(increase(${HTTP}_bucket{service_name="web", http_route="/pay", le="0.3"}[5m]))`),
        total: count('service_name="web",http_route="/pay"'),
      }),
      { service: 'web', route: '/pay', durationMsBelow: 300 },
    ],
  ])('%s', (_name, document, expected) => {
    expect(mapOpenSlo(document, share)).toEqual({ sli: { ...whole, ...expected } });
  });

  it('takes a latency in the unit of whoever wrote it', () => {
    const spec = { thresholdMetric: quantile(0.99) };
    const limit = { metric: 'p99_ms', min: null, max: 300 };
    expect(mapOpenSlo({ kind: 'SLI', spec }, { comparator: '<=', value: 300 })).toMatchObject({ sli: limit });
    const slo = { indicator: { spec }, objectives: [{ op: 'lte', value: 0.3, target: 0.95 }] };
    expect(mapOpenSlo({ kind: 'SLO', spec: slo }, undefined)).toMatchObject({ sli: limit });
  });

  it.each([
    ['nothing', {}, 'spec'],
    ['a ratio computed elsewhere', ratio({ raw: count(), rawType: 'success' }), 'spec.ratioMetric.raw'],
    ['a part missing', ratio({ good: count() }), 'spec.ratioMetric'],
    ['good that counts failures', ratio({ good: count('error_type!=""'), total: count() }), 'query'],
    ['good that counts everything', ratio({ good: count(), total: count() }), 'query'],
    [
      'a total that leaves some out',
      ratio({ good: count('error_type=""'), total: count('error_type=""') }),
      'query',
    ],
    [
      'parts about different services',
      ratio({ good: count('error_type="",job="a"'), total: count('job="b"') }),
      'query',
    ],
    ['another quantile', { kind: 'SLI', spec: { thresholdMetric: quantile(0.9) } }, 'query'],
    ['a count as a threshold', { kind: 'SLI', spec: { thresholdMetric: count() } }, 'query'],
    [
      'a reference',
      { kind: 'SLO', spec: { indicatorRef: 'x', objectives: [{ target: 0.9 }] } },
      'spec.indicatorRef',
    ],
    [
      'two objectives',
      { kind: 'SLO', spec: { indicator: { spec: {} }, objectives: [{ target: 0.9 }, { target: 0.99 }] } },
      'spec.objectives',
    ],
    ['an objective of a wrong type', { kind: 'SLO', spec: { objectives: 'all' } }, 'spec.objectives'],
  ])('refuses %s, and says where', (_name, document, where) => {
    const mapped = mapOpenSlo(document, share);
    const refused = 'refused' in mapped ? mapped.refused : [];
    expect(refused.map(({ path }) => path.join('.')).join()).toContain(where);
    expect(refused.every(({ message, hint }) => message !== '' && hint !== '')).toBe(true);
  });

  it('refuses a share that is turned round, and one that nobody could meet', () => {
    const document = ratio({ good: count('error_type=""'), total: count() });
    for (const target of [{ comparator: '<=', value: 0.99 } as const, { ...share, value: 99.5 }, undefined])
      expect(mapOpenSlo(document, target)).toHaveProperty('refused');
  });

  it('never throws, whatever the document', () => {
    const property = fc.property(fc.constantFrom('SLI', 'SLO', undefined), fc.anything(), (kind, spec) => {
      expect(mapOpenSlo({ kind, spec }, share)).toHaveProperty('refused');
    });
    fc.assert(property, { numRuns: 300, seed: 20261127 });
  });
});

describe('requestsOfQuery', () => {
  it.each([
    ['a sum over services', `sum(rate(${HTTP}_count[5m])) by (job)`],
    ['arithmetic', `sum(rate(${HTTP}_count[5m])) / 2`],
    ['another metric', 'sum(rate(requests_total[5m]))'],
    ['every bucket', `sum(rate(${HTTP}_bucket[5m]))`],
    ['a status that is not a class', `sum(rate(${HTTP}_count{http_response_status_code="200"}[5m]))`],
    ['an empty service', `sum(rate(${HTTP}_count{job=""}[5m]))`],
    ['labels that cannot be read', `sum(rate(${HTTP}_count{job}[5m]))`],
  ])('refuses %s', (_name, query) => {
    expect(requestsOfQuery(query)).toHaveProperty('hint');
  });

  it('reads over lines', () => {
    expect(requestsOfQuery(`sum(\n  rate(\n ${HTTP}_count{ job = "shop/web" } [5m]\n)\n)`)).toMatchObject({
      service: 'web',
    });
  });
});
