import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERIES_METRICS } from '../../core/series-metrics.ts';
import type { ServiceHistory, ServiceSeries, SystemHistory } from '../../core/system-history.ts';
import { designIntentOf } from '../../gates/constraints/design-intent-of.ts';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { readRows } from '../../store/read-rows.ts';
import { readSystemHistory } from '../../store/tallies/read-system-history.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { gaugeRow, type PointRow, sumRow } from './metric-rows.ts';
import { type SpanRow, spanRow, traceIdOf } from './span-row.ts';

const MINUTE = 60_000;
/** On ten minutes, an hour ago: tally_call forgets after two. */
const T0 = Math.floor(Date.now() / 600_000) * 600_000 - 3_600_000;

/** Services whose spans nobody samples. */
const UNSAMPLED = new Set(['alone', 'spans', 'front', 'masks', 'back', 'cart', 'shop', 'web', 'lost']);

/** What it reads, and no more: each costs every insert. */
const TALLIES = [
  'action_records',
  'tally_call',
  'tally_duration_minute',
  'tally_mask_minute',
  'tally_metric_minute',
  'tally_peer_ten_minutes',
  'tally_retry_minute',
  'tally_service',
  'tally_version_minute',
  'tally_zone_minute',
];

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: TALLIES });
});
afterAll(() => engine.close());

const read = (serviceNames: readonly string[], minutes = 20): Promise<SystemHistory> =>
  readSystemHistory(engine.client, {
    serviceNames,
    fromMs: T0,
    untilMs: T0 + minutes * MINUTE + 30_000,
    unsampledNames: UNSAMPLED,
    intent: designIntentOf([]),
  });
/** Each series of a service by its name; none where nobody sends it. */
const seriesOf = async (
  service: string,
  minutes?: number,
): Promise<(name: ServiceSeries, count?: number) => number[]> => {
  const { services } = await read([service], minutes);
  return (name, count) => [...(services.get(service)?.series[name] ?? [])].slice(0, count);
};

interface Reading {
  readonly service: string;
  readonly instance?: string;
  readonly minute: number;
  /** Minute at which the series began. */
  readonly start?: number;
  readonly counts: readonly number[];
  readonly sumS?: number;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, string>>;
  readonly temporality?: 1 | 2;
  readonly metric?: string;
}

/** A reading at the end of its minute; bounds of 100 ms and 200 ms. */
const durations = (readings: readonly Reading[]) =>
  writeRows(
    engine.client,
    'otel_metrics_histogram',
    readings.map((reading) => {
      const timeMs = T0 + (reading.minute + 1) * MINUTE;
      const { Value, ...row } = gaugeRow({
        service: reading.service,
        ...(reading.instance === undefined ? {} : { instance: reading.instance }),
        metric: reading.metric ?? 'http.server.request.duration',
        attributes: reading.attributes ?? {},
        resource: reading.resource ?? {},
        startMs: T0 + (reading.start ?? reading.minute) * MINUTE,
        timeMs,
        receivedMs: timeMs + 100,
        value: 0,
      });
      return {
        ...row,
        MetricUnit: 's',
        Count: reading.counts.reduce((sum, n) => sum + n, 0),
        Sum: reading.sumS ?? 0,
        ExplicitBounds: [0.1, 0.2],
        BucketCounts: reading.counts,
        AggregationTemporality: reading.temporality ?? 2,
      };
    }),
  );
const at = (minute: number): Pick<PointRow, 'timeMs' | 'receivedMs'> => ({
  timeMs: T0 + (minute + 1) * MINUTE,
  receivedMs: T0 + (minute + 1) * MINUTE + 100,
});

describe('requests of metrics', () => {
  it('are what a cumulative series grew by, minute by minute, over a restart and a gap', async () => {
    await durations([
      { service: 'cum', minute: 0, start: 0, counts: [60, 0, 0], sumS: 3 },
      { service: 'cum', minute: 1, start: 0, counts: [100, 20, 0], sumS: 8 },
      { service: 'cum', minute: 1, start: 0, counts: [100, 20, 0], sumS: 8 }, // sent twice
      { service: 'cum', minute: 2, start: 2, counts: [10, 0, 0], sumS: 1 }, // began anew
      // seven minutes of silence: nobody knows when these came
      { service: 'cum', minute: 10, start: 2, counts: [500, 0, 0], sumS: 50 },
      { service: 'cum', minute: 11, start: 2, counts: [520, 0, 0], sumS: 52 },
    ]);
    const cum = await seriesOf('cum', 12);
    const requests = cum('requests');
    expect(requests.slice(0, 3)).toEqual([60, 60, 10]);
    expect(requests.slice(3, 11)).toEqual(Array(8).fill(Number.NaN));
    expect(requests[11]).toBe(20);
    expect(cum('meanMs', 3).map(Math.round)).toEqual([50, 83, 100]);
    const p50 = cum('p50Ms', 2);
    expect(p50[0]).toBeCloseTo(50, 6); // 30 of 60 in [0, 100]
    expect(p50[1]).toBeCloseTo(75, 6); // 30 of 40 in [0, 100]
  });

  it('are scaled to a minute where readings have their own rhythm', async () => {
    await durations([
      { service: 'slow', minute: 0, start: 0, counts: [100, 0, 0] },
      { service: 'slow', minute: 2, start: 0, counts: [220, 0, 0] },
    ]);
    expect((await seriesOf('slow', 3))('requests')).toEqual([100, Number.NaN, 60]);
  });

  it('of deltas, instances and outcomes add up', async () => {
    const delta = { service: 'delta', temporality: 1 } as const;
    await durations([
      { ...delta, minute: 0, counts: [8, 0, 0] },
      { ...delta, minute: 0, instance: 'delta-2', counts: [2, 0, 0] },
      { ...delta, minute: 0, counts: [1, 0, 0], attributes: { 'error.type': '500' } },
      { ...delta, minute: 0, counts: [0, 3, 0], attributes: { 'http.response.status_code': '429' } },
    ]);
    const series = await seriesOf('delta', 1);
    expect(series('requests')).toEqual([14]);
    expect(series('errors')).toEqual([4]);
    expect(series('rejected')).toEqual([3]);
  });

  it('of exponential histograms have the quantiles of their buckets', async () => {
    const { Value, ...row } = gaugeRow({
      service: 'expo',
      metric: 'http.server.request.duration',
      startMs: T0,
      ...at(0),
      value: 0,
    });
    await writeRows(engine.client, 'otel_metrics_exponential_histogram', [
      {
        ...row,
        MetricUnit: 'ms',
        AggregationTemporality: 1,
        Count: 100,
        Sum: 1_000,
        Scale: 0,
        PositiveOffset: 3, // (8, 16], (16, 32]
        PositiveBucketCounts: [50, 50],
      },
    ]);
    const expo = await seriesOf('expo', 1);
    expect(expo('p50Ms')[0]).toBeCloseTo(16, 6);
    expect(expo('p99Ms')[0]).toBeCloseTo(31.68, 6);
    expect(expo('meanMs')).toEqual([10]);
  });
});

describe('requests of spans', () => {
  it('stand in where a service sends no metric of them, and a minute without any is not known', async () => {
    const request = (minute: number, status: 'Ok' | 'Error', durationMs = 100): SpanRow => ({
      service: 'spans',
      traceId: traceIdOf(minute),
      spanId: `s${minute}${status}`,
      startMs: T0 + minute * MINUTE + 1_000,
      durationMs,
      receivedMs: T0 + minute * MINUTE + 2_000,
      status,
      resource: { 'service.version': minute < 2 ? '1.4.0' : '1.5.0' },
    });
    await writeRows(
      engine.client,
      'otel_traces',
      [request(0, 'Ok'), request(0, 'Error'), request(2, 'Ok')].map(spanRow),
    );
    const spans = await seriesOf('spans', 3);
    expect(spans('requests')).toEqual([2, Number.NaN, 1]);
    expect(spans('errors')).toEqual([1, Number.NaN, 0]);
    expect(spans('version')).toEqual([1, Number.NaN, 2]);
    const [p50] = spans('p50Ms');
    expect(Math.abs((p50 ?? 0) / 100 - 1)).toBeLessThan(0.09);
    expect(spans('rejected')).toEqual([]);
  });
});

describe('gauges and counters', () => {
  it('of a platform are about the workload of the service, folded over its parts', async () => {
    const { client } = engine;
    const hpa = (metric: string, minute: number, value: number) =>
      gaugeRow({ service: '', metric, resource: { 'k8s.hpa.name': 'web' }, ...at(minute), value });
    const limit = (pod: string, minute: number, value: number) =>
      gaugeRow({
        service: '',
        metric: 'k8s.container.cpu.limit',
        resource: { 'k8s.deployment.name': 'web', 'k8s.pod.name': pod },
        ...at(minute),
        value,
      });
    await writeRows(client, 'otel_metrics_gauge', [
      hpa('k8s.hpa.pod.current', 0, 4),
      hpa('k8s.hpa.pod.current', 1, 5),
      hpa('k8s.hpa.metric.target.cpu.average_utilization', 0, 60),
      limit('a', 0, 1),
      limit('b', 0, 2),
    ]);
    const { series } = (await read(['web'], 3)).services.get('web') as ServiceHistory;
    expect([...(series.replicas ?? [])]).toEqual([4, 5, Number.NaN]);
    expect(series.cpuTarget?.[0]).toBe(0.6);
    expect(series.cpuLimitCores?.[0]).toBe(1.5);
    expect(Object.keys(series).sort()).toEqual(['cpuLimitCores', 'cpuTarget', 'replicas']);
  });

  it('of the last reading of a minute, sums of level and counters with their resets', async () => {
    const { client } = engine;
    const counter = (minute: number, value: number, startMinute = 0) =>
      sumRow({
        service: 'masks',
        metric: 'app.fallbacks',
        startMs: T0 + startMinute * MINUTE,
        ...at(minute),
        value,
      });
    const active = (instance: string, minute: number, value: number, secondsEarlier = 0) => {
      const { timeMs, receivedMs } = at(minute);
      const row = sumRow({
        service: 'masks',
        instance,
        metric: 'http.server.active_requests',
        timeMs: timeMs - secondsEarlier * 1_000,
        receivedMs,
        value,
      });
      return { ...row, IsMonotonic: false };
    };
    const restarts = (minute: number, value: number) =>
      gaugeRow({ service: 'masks', metric: 'k8s.container.restarts', ...at(minute), value });
    await writeRows(client, 'otel_metrics_sum', [
      counter(0, 7),
      counter(1, 9),
      counter(2, 3), // fell without a word: began anew
      counter(3, 4, 3),
      active('a', 0, 99, 30),
      active('a', 0, 10),
      active('b', 0, 5),
    ]);
    await writeRows(client, 'otel_metrics_gauge', [
      restarts(0, 2),
      restarts(1, 3),
      restarts(2, 0),
      restarts(3, 1),
    ]);
    const masks = await seriesOf('masks', 5);
    expect(masks('fallbacks')).toEqual([7, 2, 3, 4, Number.NaN]);
    expect(masks('inflight')[0]).toBe(15);
    expect(masks('restarts', 4)).toEqual([Number.NaN, 1, 0, 1]);
  });

  it('are kept by the names that make series', () => {
    const namesIn = (migration: string, list: RegExp) => {
      const file = readFileSync(join(import.meta.dirname, '../../store/migrations', migration), 'utf8');
      return [...file.matchAll(list)].map(([, names]) =>
        [...(names as string).matchAll(/'([^']+)'/g)].map(([, name]) => name as string).sort(),
      );
    };
    const [gauges, sums] = namesIn('0020_actions_and_zones.sql', /MetricName IN \(('k8s[^)]*)\)/g);
    const [ownTimes] = namesIn('0022_versions_and_own_time.sql', /MetricName IN \(('app[^)]*)\)/g);
    expect(sums).toEqual(gauges);
    expect([...(gauges ?? []), ...(ownTimes ?? [])].sort()).toEqual(Object.keys(SERIES_METRICS).sort());
  });
});

describe('edges', () => {
  it('are calls of several attempts, as the caller felt them, to the service behind the peer', async () => {
    const call = (n: number, rest: Partial<SpanRow>): SpanRow => ({
      service: 'front',
      kind: 'Client',
      traceId: traceIdOf(n),
      spanId: `c${n}`,
      startMs: T0 + 1_000,
      durationMs: 50,
      receivedMs: T0 + 2_000,
      attributes: { 'server.address': 'back.shop.svc', 'server.port': '80' },
      ...rest,
    });
    const again = (count: string) => ({
      attributes: {
        'server.address': 'back.shop.svc',
        'server.port': '80',
        'http.request.resend_count': count,
      },
    });
    await writeRows(
      engine.client,
      'otel_traces',
      [
        call(1, {}),
        call(2, { status: 'Error' }),
        call(3, again('1')), // the second attempt of 2: it went well
        call(4, { status: 'Error', startMs: T0 + 600_000, receivedMs: T0 + 601_000 }),
        call(5, {
          traceState: 'ot=th:8',
          traceId: traceIdOf(5, '90000000000000'),
          startMs: T0 + 600_000,
          receivedMs: T0 + 601_000,
        }),
      ].map(spanRow),
    );
    const { edges, services } = await read(['front', 'back'], 20);
    expect(edges).toHaveLength(1);
    const [edge] = edges;
    expect([edge?.from, edge?.to]).toEqual(['front', 'back']);
    expect([...(edge?.calls ?? [])]).toEqual([2, 3]); // one of the second ten minutes stands for two
    expect([...(edge?.attempts ?? [])]).toEqual([3, 3]);
    expect([...(edge?.failures ?? [])]).toEqual([0, 1]);
    expect(edge?.latencyMs[0]).toBeCloseTo(75, 6);
    expect(services.get('front')?.series.retries?.[0]).toBe(1);
  });

  it('of unknown weight make their step and their minute unknown, beside others whose weight is known', async () => {
    const again = { 'server.address': 'far', 'server.port': '80', 'http.request.resend_count': '1' };
    const call = {
      service: 'bare',
      kind: 'Client' as const,
      startMs: T0,
      receivedMs: T0 + 1_000,
      attributes: again,
    };
    await writeRows(
      engine.client,
      'otel_traces',
      [
        { ...call, traceId: traceIdOf(21), spanId: 'b1' },
        { ...call, traceId: traceIdOf(22, 'f0000000000000'), spanId: 'b2', traceState: 'ot=th:8' },
      ].map(spanRow),
    );
    const { edges, services } = await read(['bare'], 10);
    expect(edges[0]?.attempts[0]).toBeNaN();
    expect(services.get('bare')?.series.retries?.[0]).toBeNaN();
  });

  it('are nothing where the caller is here and calls nobody, and unknown where it is not here', async () => {
    const span = { service: 'alone', receivedMs: T0 + 1_900_000 };
    const peer = { 'server.address': 'far', 'server.port': '80' };
    await writeRows(
      engine.client,
      'otel_traces',
      [
        {
          ...span,
          kind: 'Client' as const,
          traceId: traceIdOf(11),
          spanId: 'a1',
          startMs: T0,
          attributes: peer,
        },
        { ...span, traceId: traceIdOf(12), spanId: 'a2', startMs: T0 + 1_300_000 },
      ].map(spanRow),
    );
    const [edge] = (await read(['alone'], 30)).edges;
    expect([...(edge?.calls ?? [])]).toEqual([1, Number.NaN, 0]);
    expect([...(edge?.attempts ?? [])]).toEqual([1, Number.NaN, 0]);
  });
});

/** Of one minute, of calls to a peer. */
const callsTo = (service: string, peer: string, minute: number, of: Partial<Reading> = {}): Reading => ({
  service,
  minute,
  temporality: 1,
  metric: 'http.client.request.duration',
  counts: [10, 0, 0],
  sumS: 1,
  ...of,
  attributes: { 'server.address': peer, 'server.port': '80', ...of.attributes },
});

describe('edges of histograms', () => {
  const resend = (count: string) => ({ 'http.request.resend_count': count });

  it('count every call, and attempts where they are told apart', async () => {
    await durations([
      callsTo('gate', 'basket', 0, { attributes: resend('0') }),
      callsTo('gate', 'basket', 0, {
        counts: [4, 0, 0],
        sumS: 0.4,
        attributes: { ...resend('0'), 'error.type': 'timeout' },
      }),
      callsTo('gate', 'basket', 0, { counts: [3, 0, 0], sumS: 0.2, attributes: resend('1') }),
      callsTo('gate', 'basket', 12, { attributes: resend('0') }),
      callsTo('gate', 'elsewhere', 12, { attributes: resend('0') }),
    ]);
    const { edges, services } = await read(['gate', 'basket'], 30);
    const basket = edges.find(({ to }) => to === 'basket');
    expect(edges.map(({ to }) => to).sort()).toEqual(['basket', 'elsewhere']);
    expect([...(basket?.attempts ?? [])]).toEqual([17, 10, Number.NaN]);
    expect([...(basket?.calls ?? [])]).toEqual([14, 10, Number.NaN]);
    expect([...(basket?.failures ?? [])]).toEqual([1, 0, Number.NaN]);
    expect(basket?.latencyMs[0]).toBeCloseTo(1_600 / 14, 6);
    // A step in which the caller's histograms told of another callee only is without calls.
    expect([...(edges.find(({ to }) => to === 'elsewhere')?.calls ?? [])]).toEqual([0, 10, Number.NaN]);
    const { series } = services.get('gate') as ServiceHistory;
    expect(series.retries?.[0]).toBe(3);
    expect(series.timeouts?.[0]).toBe(4);
    expect(series.timeouts?.[1]).toBeNaN();
  });

  it('that do not tell attempts apart borrow from spans, or leave them unknown', async () => {
    const span = (n: number, count: string): SpanRow => ({
      service: 'mixed',
      kind: 'Client',
      traceId: traceIdOf(100 + n, 'f0000000000000'),
      traceState: 'ot=th:8', // one of two is kept
      spanId: `m${n}`,
      startMs: T0 + 1_000,
      receivedMs: T0 + 2_000,
      attributes: { 'server.address': 'basket', 'server.port': '80', ...(count === '' ? {} : resend(count)) },
    });
    await writeRows(
      engine.client,
      'otel_traces',
      [span(1, ''), span(2, ''), span(3, ''), span(4, '1')].map(spanRow),
    );
    await durations([callsTo('mixed', 'basket', 0, { counts: [20, 0, 0] }), callsTo('mixed', 'basket', 12)]);
    const { edges } = await read(['mixed', 'basket'], 20);
    expect(edges).toHaveLength(1);
    expect([...(edges[0]?.attempts ?? [])]).toEqual([20, Number.NaN]);
    expect([...(edges[0]?.calls ?? [])]).toEqual([15, 10]);
  });

  it('fall silent: then spans tell, step by step', async () => {
    const span: SpanRow = {
      service: 'web',
      kind: 'Client',
      traceId: traceIdOf(200),
      spanId: 'w1',
      startMs: T0 + 601_000,
      receivedMs: T0 + 602_000,
      attributes: { 'server.address': 'basket', 'server.port': '80' },
    };
    await writeRows(engine.client, 'otel_traces', [spanRow(span)]);
    await durations([callsTo('web', 'basket', 0)]);
    const [edge] = (await read(['web', 'basket'], 20)).edges;
    expect([...(edge?.calls ?? [])]).toEqual([10, 1]);
  });
});

describe('retries', () => {
  it('are unknown in a minute whose spans are lost, though its requests are counted', async () => {
    await durations(
      [0, 1, 2].map((minute) => ({ service: 'lost', minute, temporality: 1 as const, counts: [9, 0, 0] })),
    );
    const spans: SpanRow[] = [
      { service: 'lost', traceId: traceIdOf(300), spanId: 'l1', startMs: T0 + 1_000, receivedMs: T0 + 2_000 },
      {
        service: 'lost',
        kind: 'Client',
        traceId: traceIdOf(300),
        spanId: 'l2',
        startMs: T0 + 2 * MINUTE,
        receivedMs: T0 + 2 * MINUTE + 10,
        attributes: { 'server.address': 'far', 'http.request.resend_count': '1' },
      },
    ];
    await writeRows(engine.client, 'otel_traces', spans.map(spanRow));
    const lost = await seriesOf('lost', 3);
    expect(lost('requests')).toEqual([9, 9, 9]);
    expect(lost('retries')).toEqual([0, Number.NaN, 1]);
  });
});

describe('zones', () => {
  const zone = (name: string) => ({ 'cloud.availability_zone': name });

  it('share the requests of a service, by its histograms', async () => {
    const reading = (instance: string, name: string, minute: number, counts: readonly number[]): Reading => ({
      service: 'zoned',
      instance,
      minute,
      temporality: 1,
      counts,
      resource: zone(name),
    });
    await durations([
      reading('a1', 'a', 0, [30, 0, 0]),
      reading('a2', 'a', 0, [30, 0, 0]),
      reading('b1', 'b', 0, [0, 40, 0]),
      reading('a1', 'a', 1, [10, 0, 0]),
      { service: 'zoned', minute: 1, temporality: 1, counts: [5, 0, 0] }, // nobody says where
    ]);
    const { pools } = await read(['zoned'], 3);
    const told = pools.map(({ pool, shareRatio, p50Ms, replicas }) => [
      pool,
      [...shareRatio],
      [...p50Ms],
      [...replicas],
    ]);
    const NO = Number.NaN;
    expect(told).toEqual([
      ['a', [0.6, 1, NO], [50, 50, NO], [2, 1, NO]],
      ['b', [0.4, 0, NO], [150, NO, NO], [1, NO, NO]],
    ]);
  });

  it('are told by spans where a service sends no such metric, by what they stand for', async () => {
    const span = (n: number, name: string, of: Partial<SpanRow> = {}): SpanRow => ({
      service: 'zonedspans',
      instance: `${name}${n}`,
      traceId: traceIdOf(400 + n, 'f0000000000000'),
      traceState: 'ot=th:8',
      spanId: `z${n}`,
      startMs: T0 + 1_000,
      durationMs: 100,
      receivedMs: T0 + 2_000,
      resource: zone(name),
      ...of,
    });
    const unsampled = { traceState: 'ot=th:0' };
    await writeRows(
      engine.client,
      'otel_traces',
      [span(1, 'a'), span(2, 'a', unsampled), span(3, 'b', unsampled), span(4, 'b', { resource: {} })].map(
        spanRow,
      ),
    );
    const { pools } = await read(['zonedspans'], 2);
    expect(pools.map(({ pool, shareRatio, replicas }) => [pool, shareRatio[0], replicas[0]])).toEqual([
      ['a', 0.75, 2],
      ['b', 0.25, 1],
    ]);
    expect(Math.abs((pools[0]?.p50Ms[0] ?? 0) / 100 - 1)).toBeLessThan(0.09);
    expect(pools[0]?.shareRatio[1]).toBeNaN();
  });

  it('of a service that is in one only are none', async () => {
    await durations([
      { service: 'onezone', minute: 0, temporality: 1, counts: [3, 0, 0], resource: zone('a') },
    ]);
    expect((await read(['onezone'], 1)).pools).toEqual([]);
  });
});

describe('users', () => {
  const request = (service: string, of: Partial<Reading> = {}): Reading => ({
    service,
    minute: 0,
    temporality: 1,
    counts: [100, 0, 0],
    ...of,
  });
  const cost = (service: string, value: number) =>
    gaugeRow({ service, metric: 'platform.cost', ...at(0), value });

  it('come in at the services that nobody calls, and pay for all', async () => {
    await durations([
      request('door'),
      request('door', { counts: [0, 100, 0], attributes: { 'error.type': '500' } }),
      request('inner', { counts: [900, 0, 0] }),
      callsTo('door', 'inner', 0, { counts: [900, 0, 0] }),
      callsTo('inner', 'far', 0, { counts: [90, 0, 0] }),
      request('batch', { counts: [7, 0, 0] }),
    ]);
    await writeRows(engine.client, 'otel_metrics_gauge', [cost('door', 2), cost('inner', 3)]);
    const { users } = await read(['door', 'inner', 'batch'], 2);
    expect([...(users?.requests ?? [])]).toEqual([200, Number.NaN]);
    expect(users?.ok[0]).toBe(100);
    expect(users?.p50Ms[0]).toBeCloseTo(100, 6);
    expect(users?.p99Ms[0]).toBeCloseTo(198, 6);
    expect([...(users?.cost ?? [])]).toEqual([5, Number.NaN]);
    expect((await read(['batch'], 2)).users).toBeNull();
  });

  it('are those of the services that an objective names', async () => {
    const intent = designIntentOf([]);
    const objective = {
      metric: 'success',
      min: 0.99,
      max: null,
      ratioToReferenceMax: null,
      route: null,
      statusBelow: null,
      durationMsBelow: null,
    };
    const { users } = await readSystemHistory(engine.client, {
      serviceNames: ['door', 'inner', 'batch'],
      fromMs: T0,
      untilMs: T0 + 2 * MINUTE,
      unsampledNames: UNSAMPLED,
      intent: {
        ...intent,
        objectives: { ...intent.objectives, ofRequests: [{ ...objective, service: 'batch' }] },
      },
    });
    expect(users?.requests[0]).toBe(7);
  });
});

describe('actions', () => {
  it('of autoscalers at work are told only where people said that they must ask', async () => {
    const event = (service: string, actor: string) => ({
      Timestamp: toClickhouseTime(T0 + MINUTE),
      ReceivedAt: toClickhouseTime(T0 + MINUTE),
      ServiceName: service,
      EventName: 'automation.action',
      LogAttributes: {
        'automation.actor': actor,
        'automation.action.kind': 'scale.up',
        'automation.action.to': '4',
      },
    });
    await writeRows(engine.client, 'otel_logs', [
      event('acted', 'hpa'),
      event('acted', 'tuner'),
      event('else', 'tuner'),
    ]);
    const told = async (gatedActors: readonly string[], minutesBefore = 0) => {
      const { actions } = await readSystemHistory(engine.client, {
        serviceNames: ['acted'],
        fromMs: T0 + minutesBefore * MINUTE,
        untilMs: T0 + (minutesBefore + 2) * MINUTE,
        recordsFromMs: T0,
        unsampledNames: UNSAMPLED,
        intent: { ...designIntentOf([]), gatedActors },
      });
      return actions.map(({ actor, service, minute, to }) => [actor, service, minute, to]);
    };
    expect(await told([])).toEqual([['tuner', 'acted', 1, 4]]);
    expect(await told(['hpa'])).toHaveLength(2);
    // Of before all that is read, only what was recorded is known.
    expect(await told([], 10)).toEqual([['tuner', 'acted', -9, 4]]);
  });
});

describe('rollups', () => {
  it('have the same bits when they are made again, in one insert, from the rows of all', async () => {
    const { client } = engine;
    const views = await readRows<{ Name: string; Table: string; Select: string }>(client, {
      sql: `SELECT name AS Name, replaceRegexpOne(create_table_query, '^.* TO default\\\\.(\\\\w+) .*$', '\\\\1') AS Table, as_select AS Select
        FROM system.tables WHERE match(name, '^tally_(duration|metric|version|retry|zone)_minute.*_mv$|^tally_peer_ten_minutes_mv$')`,
      params: {},
      about: 'views',
    });
    expect(views).toHaveLength(11);
    for (const table of new Set(views.map(({ Table }) => Table))) {
      await client.command({ query: `CREATE TABLE again_${table} AS ${table}` });
      for (const { Name, Select } of views.filter(({ Table }) => Table === table)) {
        const columns = await readRows<{ name: string }>(client, {
          sql: 'SELECT name FROM system.columns WHERE table = {view:String} ORDER BY position',
          params: { view: Name },
          about: 'columns',
        });
        await client.command({
          query: `INSERT INTO again_${table} (${columns.map(({ name }) => name).join()}) ${Select}`,
        });
      }
      const [before, after] = await Promise.all([bitsOf(table), bitsOf(`again_${table}`)]);
      expect(Number(before?.rows), table).toBeGreaterThan(0);
      expect(after).toEqual(before);
    }
  });
});

async function bitsOf(table: string): Promise<{ rows: string; bits: string } | undefined> {
  const sql = `SELECT count() AS rows, sum(cityHash64(*)) AS bits FROM ${table} FINAL`;
  return (
    await readRows<{ rows: string; bits: string }>(engine.client, { sql, params: {}, about: table })
  )[0];
}
