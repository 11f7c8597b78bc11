import { describe, expect, it } from 'vitest';
import type { ServerSpans } from '../../../core/counter-server-spans.ts';
import { randomFrom } from '../../../core/random-from.ts';
import type { PopulationSeries } from '../../../core/sampling/population-series.ts';
import { DURATION_BOUNDS_MS } from '../../../core/sampling/sampling-window.ts';
import { sourceKey } from '../../../core/source.ts';
import { alignWindow } from '../../../validators/sampling/population/align-population.ts';
import { durationClasses } from '../../../validators/sampling/population/duration-class.ts';
import { isErrorClass, tellsErrors } from '../../../validators/sampling/population/error-class.ts';
import {
  findPopulations,
  type PopulationEvidence,
} from '../../../validators/sampling/population/find-populations.ts';
import { SHOP, simulateCounter } from './simulated-counter.ts';

const START_MS = 1_700_000_000_000;
const SOURCE = { ...SHOP, serviceInstanceId: '', signal: 'traces' as const };
const instance = (id: string) => ({ ...SHOP, serviceInstanceId: id });

function counter(metric: string, labels: Record<string, string> = {}, perSecond = 20): PopulationSeries {
  const { series } = simulateCounter({
    random: randomFrom(7),
    startMs: START_MS,
    durationMs: 120_000,
    exportMs: 10_000,
    phaseMs: 0,
    perSecond,
    metric,
  });
  return { ...series, labels };
}

const STARTED = 'otel.sdk.span.started';
const HTTP = 'http.server.request.duration';
const started = (origin: string, result: string) =>
  counter(STARTED, { 'otel.span.parent.origin': origin, 'otel.span.sampling_result': result });

function find(series: readonly PopulationSeries[], more: Partial<PopulationEvidence> = {}) {
  const evidence = { series, traced: [], spans: [], declared: [], fromMs: START_MS - 1, ...more };
  return findPopulations(evidence).get(sourceKey(SOURCE)) ?? [];
}
const window = { startMs: START_MS, endMs: START_MS + 110_000 };

describe('findPopulations', () => {
  it('prefers the spans that the SDK started, of which only local roots count', () => {
    const roots = [started('none', 'DROP'), started('remote', 'RECORD_AND_SAMPLE')];
    const found = find([counter(HTTP), ...roots, started('local', 'RECORD_AND_SAMPLE')]);
    expect(found.map(({ counter: name, unit }) => [name, unit])).toEqual([
      [STARTED, 'roots'],
      [HTTP, 'requests'],
    ]);
    const [first, second] = found.map((population) => alignWindow(population, window));
    expect(first?.requests).toBe(2 * (second?.requests ?? 0));
    expect(first?.sdkSampled).toBe(second?.requests);
    expect(second?.sdkSampled).toBe(null);
  });

  it('puts requests first where starts do not tell a local parent, or count routes that are never traced', () => {
    const found = find([counter(STARTED, { 'otel.span.sampling_result': 'DROP' }), counter(HTTP)]);
    expect(found.map(({ unit }) => unit)).toEqual(['requests', 'spans']);
    const spans: ServerSpans[] = [
      {
        instance: instance('pod-1'),
        kind: 'Server',
        route: '/cart',
        rpcMethod: '',
        thresholdHex: '',
        bySecond: new Map([[START_MS, 200]]),
      },
    ];
    const routed = ['/cart', '/health'].map((route) => counter(HTTP, { 'http.route': route }));
    const [first, second] = find([...routed, started('none', 'DROP')], { spans });
    expect(first).toMatchObject({ unit: 'requests', routesNotTraced: ['/health'] });
    expect(second?.unit).toBe('roots');
    const cart = find([routed[0] as PopulationSeries])[0];
    expect(alignWindow(first as NonNullable<typeof first>, window)?.requests).toBe(
      alignWindow(cart as NonNullable<typeof cart>, window)?.requests,
    );
    const seldom = counter(HTTP, { 'http.route': '/rare' }, 1);
    const rare = find([routed[0] as PopulationSeries, seldom], {
      spans: spans.map((one) => ({ ...one, bySecond: new Map([[START_MS, 24]]) })),
    });
    expect(rare[0]?.routesNotTraced).toEqual([]);
  });

  it('adds what servers and consumers count, and knows what that tells', () => {
    const [both] = find([
      counter(HTTP, { 'http.response.status_code': '200' }),
      counter('messaging.process.duration'),
    ]);
    expect(both).toMatchObject({
      counter: `${HTTP} + messaging.process.duration`,
      tellsErrors: true,
      tellsDurations: false,
    });
    expect(find([counter(HTTP)])[0]?.tellsErrors).toBe(false);
  });

  it('takes no counter that was made from spans for a witness', () => {
    const derived = { ...counter(HTTP), isDerived: true };
    expect(find([derived])[0]?.veto?.code).toBe('COUNTER_DERIVED');
    expect(find([derived, counter('rpc.server.call.duration')])[0]).toMatchObject({
      counter: 'rpc.server.call.duration',
      veto: null,
    });
  });

  it('vetoes where processes send spans and do not count, and where several count as one', () => {
    const traced = (spans: number) => [
      { instance: instance('pod-1'), spans: 10_000 },
      { instance: instance('pod-2'), spans },
    ];
    expect(find([counter(HTTP)], { traced: traced(500) })[0]?.veto?.code).toBe('INSTANCES_NOT_COUNTED');
    expect(find([counter(HTTP)], { traced: traced(5) })[0]?.veto).toBe(null);
    const twin = { ...counter(HTTP), epochMs: START_MS - 1_000_000 };
    expect(find([counter(HTTP), twin])[0]?.veto?.code).toBe('IDENTITY_SHARED');
  });

  it('allows for what is under way where starts are counted', () => {
    const live = {
      ...counter('otel.sdk.span.live'),
      points: [{ timeMs: START_MS, startMs: 0, counts: [8] }],
    };
    const half = [started('none', 'DROP'), started('none', 'RECORD_AND_SAMPLE')];
    expect(find([...half, live])[0]?.live).toBeCloseTo(16, 10);
    // Not told: a second's worth.
    expect(find(half)[0]?.live).toBeGreaterThan(30);
    expect(find([counter(HTTP)])[0]?.live).toBe(0);
  });

  it('puts what people named before all it finds, of whoever counts it', () => {
    const lb = { ...counter('lb.requests', { backend: 'checkout' }), instance: { ...instance('lb-1'), serviceName: 'lb' } }; // biome-ignore format: a row
    const other = { ...lb, labels: { backend: 'cart' } };
    const named = { serviceName: 'lb', metric: 'lb.requests', where: { backend: 'checkout' }, counts: 'requests' as const }; // biome-ignore format: a row
    const declared = [{ source: SOURCE, counter: named, series: [lb, other] }];
    const found = find([counter(HTTP)], { declared });
    expect(found.map((population) => population.counter)).toEqual(['lb.requests', HTTP]);
    expect(found[0]?.source).toEqual(SOURCE);
    expect(found[0]?.curves).toHaveLength(1);
    const derived = [{ source: SOURCE, counter: named, series: [{ ...lb, isDerived: true }] }];
    expect(find([], { declared: derived })[0]?.veto?.code).toBe('COUNTER_DERIVED');
    expect(find([], { declared: [{ source: SOURCE, counter: named, series: [other] }] })).toEqual([]);
  });
});

describe('classes', () => {
  it.each([
    [{ 'http.response.status_code': '503' }, true],
    [{ 'http.response.status_code': '404', 'error.type': '404' }, false],
    [{ 'http.status_code': '500' }, true],
    [{ 'error.type': 'timeout' }, true],
    [{ 'error.type': '404' }, false],
    [{ 'rpc.grpc.status_code': '13' }, true],
    [{ 'rpc.grpc.status_code': '5' }, false],
    [{ 'http.route': '/a' }, false],
  ] as const)('%o is an error: %s', (labels, isError) => {
    expect(isErrorClass(labels)).toBe(isError);
  });

  it('tell errors only where a label does, and none was cut off', () => {
    expect(tellsErrors([{ labels: { 'http.response.status_code': '200' } }])).toBe(true);
    expect(tellsErrors([{ labels: { 'http.route': '/a' } }])).toBe(false);
    const overflow = { labels: { 'otel.metric.overflow': 'true' } };
    expect(tellsErrors([{ labels: { 'error.type': 'x' } }, overflow])).toBe(false);
  });

  it('of duration are exact, of finer buckets too, and unknown where a bucket lies across a bound', () => {
    const own = DURATION_BOUNDS_MS.map((_, i) => i);
    expect(durationClasses(DURATION_BOUNDS_MS)).toEqual([...own, own.length]);
    expect(durationClasses([0, ...DURATION_BOUNDS_MS, 60_000])).toEqual([0, ...own, own.length, own.length]);
    expect(durationClasses(DURATION_BOUNDS_MS.filter((bound) => bound !== 250))).toBe(null);
    expect(durationClasses([])).toBe(null);
  });
});
