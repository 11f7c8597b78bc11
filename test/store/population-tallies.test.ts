import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { readRows } from '../../store/read-rows.ts';
import { readDeclaredCounters } from '../../store/tallies/read-declared-counters.ts';
import { readPopulationSeries } from '../../store/tallies/read-population-series.ts';
import { readTracedInstances } from '../../store/tallies/read-traced-instances.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { histogramRow, type PointRow, sumRow } from './metric-rows.ts';
import { spanRow, traceIdOf } from './span-row.ts';

const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
const RANGE = { fromMs: T0, untilMs: T0 + 600_000 };

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_population', 'tally_source'] });
});
afterAll(() => engine.close());

type Point = Omit<PointRow, 'receivedMs' | 'timeMs'> & { atMs: number; extra?: Record<string, unknown> };
/** Epoch T0; arrives 100 ms after its time. */
const timed = ({ atMs, extra: _extra, ...point }: Point): PointRow => ({
  startMs: T0,
  ...point,
  timeMs: T0 + atMs,
  receivedMs: T0 + atMs + 100,
});
const sums = (points: readonly Point[]) =>
  writeRows(
    engine.client,
    'otel_metrics_sum',
    points.map((point) => ({ ...sumRow(timed(point)), ...point.extra })),
  );
const histograms = (points: readonly Point[]) =>
  writeRows(
    engine.client,
    'otel_metrics_histogram',
    points.map((point) => ({ ...histogramRow(timed(point)), ...point.extra })),
  );
const seriesOf = async (service: string) =>
  (await readPopulationSeries(engine.client, RANGE)).filter((one) => one.instance.serviceName === service);

describe('readPopulationSeries', () => {
  it('keeps counts, buckets in ms and the labels of a class, by reading', async () => {
    const http = { service: 'kept', metric: 'http.server.request.duration' };
    const attributes = { 'http.route': '/a', 'http.response.status_code': '500', 'url.scheme': 'http' };
    const buckets = (counts: number[]) => ({
      MetricUnit: 's',
      ExplicitBounds: [0.005, 0.075, 2.5],
      BucketCounts: counts,
    });
    await histograms([
      { ...http, atMs: 1_000, value: 4, attributes, extra: buckets([1, 2, 0, 1]) },
      { ...http, atMs: 61_000, value: 6, attributes, extra: buckets([2, 3, 0, 1]) },
      // The same reading once more, a minute later: a retry.
      {
        ...http,
        atMs: 61_000,
        value: 6,
        attributes,
        extra: { ...buckets([2, 3, 0, 1]), ReceivedAt: toClickhouseTime(T0 + 130_000) },
      },
      { ...http, metric: 'rpc.server.duration', atMs: 1_000, value: 9, extra: { MetricUnit: 'ms', ExplicitBounds: [5], BucketCounts: [4, 5] } }, // biome-ignore format: a row
      { ...http, metric: 'http.client.request.duration', atMs: 1_000, value: 9 },
    ]);
    const labels = { 'otel.span.sampling_result': 'DROP', 'otel.span.parent.origin': 'remote' };
    const started = { service: 'kept', metric: 'otel.sdk.span.started' };
    await sums([
      { ...started, atMs: 1_000, value: 7, attributes: labels },
      { ...started, atMs: 1_000, value: 3, temporality: 1, attributes: { other: 'x' } },
      { ...started, metric: 'otel.sdk.span.started.made.up', atMs: 1_000, value: 7 },
    ]);
    const found = (await seriesOf('kept')).map((one) => [
      one.metric,
      one.temporality,
      one.labels,
      one.boundsMs,
      one.points.map(({ timeMs, counts }) => [timeMs - T0, ...counts]),
    ]);
    expect(found.sort()).toEqual([
      ['http.server.request.duration', 'cumulative', { 'http.route': '/a', 'http.response.status_code': '500' }, [5, 75, 2_500], [[1_000, 4, 1, 2, 0, 1], [61_000, 6, 2, 3, 0, 1]]], // biome-ignore format: a row
      ['otel.sdk.span.started', 'cumulative', labels, [], [[1_000, 7]]],
      ['otel.sdk.span.started', 'delta', {}, [], [[1_000, 3]]],
      ['rpc.server.call.duration', 'cumulative', {}, [5], [[1_000, 9, 4, 5]]],
    ]);
  });

  it('says which counters were made from spans', async () => {
    const http = { service: 'derived', metric: 'http.server.request.duration', value: 4 };
    await histograms([
      { ...http, atMs: 1_000, extra: { ScopeName: 'spanmetricsconnector' } },
      { ...http, atMs: 2_000, extra: { ScopeName: 'github.com/x/connector/signaltometricsconnector' } },
      { ...http, atMs: 3_000, attributes: { 'sampling.method': 'counted' } },
      { ...http, atMs: 4_000, attributes: { 'span.kind': 'SPAN_KIND_SERVER' } },
      { ...http, atMs: 5_000, extra: { ScopeName: '@opentelemetry/instrumentation-http' } },
    ]);
    const found = (await seriesOf('derived')).map((one) => [
      (one.points[0]?.timeMs ?? 0) - T0,
      one.isDerived,
    ]);
    expect(found.sort()).toEqual([[1_000, true], [2_000, true], [3_000, true], [4_000, true], [5_000, false]]); // biome-ignore format: a table
  });
});

describe('readDeclaredCounters', () => {
  it('reads a counter of any name, and a histogram, of the service that was named', async () => {
    const counted = {
      service: 'lb',
      metric: 'requests_total',
      attributes: { backend: 'shop', 'error.type': '' },
    };
    await sums([
      { ...counted, atMs: 1_000, value: 5 },
      { ...counted, atMs: 61_000, value: 8 },
      { ...counted, service: 'other', atMs: 1_000, value: 5 },
      { ...counted, metric: 'level', atMs: 1_000, value: 5, extra: { IsMonotonic: false } },
    ]);
    await histograms([
      { ...counted, metric: 'took', atMs: 1_000, value: 2, extra: { MetricUnit: 's', ExplicitBounds: [0.1], BucketCounts: [2, 0] } }, // biome-ignore format: a row
    ]);
    const wanted = ['requests_total', 'level', 'took'].map((metric) => ({
      serviceName: 'lb',
      metric,
      labels: ['backend'],
    }));
    const found = await readDeclaredCounters(engine.client, wanted, RANGE);
    expect(
      found
        .map((one) => [
          one.metric,
          one.labels['backend'],
          one.boundsMs,
          one.points.map(({ counts }) => counts),
        ])
        .sort(),
    ).toEqual([
      ['requests_total', 'shop', [], [[5], [8]]],
      ['took', 'shop', [100], [[2, 2, 0]]],
    ]);
    expect(await readDeclaredCounters(engine.client, [], RANGE)).toEqual([]);
  });
});

describe('readTracedInstances', () => {
  it('names every process that sends spans of a service that counts', async () => {
    const span = (service: string, instance: string, n: number) =>
      spanRow({
        service,
        instance,
        traceId: traceIdOf(n),
        spanId: `t${n}`,
        startMs: T0,
        receivedMs: T0 + 100,
      });
    await sums([{ service: 'counts', metric: 'otel.sdk.span.started', atMs: 1_000, value: 1 }]);
    await writeRows(engine.client, 'otel_traces', [
      span('counts', 'a', 1),
      span('counts', 'a', 2),
      span('counts', 'b', 3),
      span('silent', 'c', 4),
    ]);
    const found = await readTracedInstances(engine.client, RANGE);
    expect(found.map(({ instance, spans }) => [instance.serviceInstanceId, spans]).sort()).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });
});

describe('tally_population', () => {
  it('is the same bits rebuilt, split over two replicas, and with a part inserted twice', async () => {
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    const at = (n: number): Point => ({
      service: 'both',
      metric: 'http.server.request.duration',
      atMs: (n % 50) * 2_000,
      value: n,
      attributes: { 'http.route': `/${n % 4}` },
      temporality: n % 2 === 0 ? 1 : 2,
      extra: { MetricUnit: 's', ExplicitBounds: [0.1], BucketCounts: [n, 0] },
    });
    await histograms(numbers.map(at));
    await sums(numbers.map((n) => ({ ...at(n), metric: 'otel.sdk.span.started', extra: {} })));
    const rowsOf = (table: string) =>
      readRows(engine.client, { sql: `SELECT * FROM ${table} FINAL ORDER BY ALL`, params: {}, about: table });
    const incremental = await rowsOf('tally_population');
    expect(incremental.length).toBeGreaterThan(200);
    const views = await readRows<{ query: string; source: string }>(engine.client, {
      sql: `SELECT as_select AS query, extract(as_select, 'FROM ([a-z_.]+)') AS source FROM system.tables
        WHERE startsWith(name, 'tally_population_') AND engine = 'MaterializedView'`,
      params: {},
      about: 'system.tables',
    });
    expect(views).toHaveLength(3);
    const parts = [['1'], ['0', '1'].map((r) => `cityHash64(TimeUnix, ServiceName) % 2 = ${r}`), ['1', '1']];
    for (const [index, filters] of parts.entries()) {
      const copy = `population_copy${index}`;
      await engine.client.command({ query: `CREATE TABLE ${copy} AS tally_population` });
      for (const { query, source } of views) {
        for (const filter of filters) {
          await engine.client.command({
            query: `INSERT INTO ${copy} ${query} SETTINGS additional_table_filters = {'${source}': '${filter}'}, insert_deduplicate = 0`,
          });
        }
      }
      expect(await rowsOf(copy)).toEqual(incremental);
    }
  });
});
