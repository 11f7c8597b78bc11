import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { readRows } from '../../store/read-rows.ts';
import { readCounterRejections } from '../../store/tallies/read-counter-rejections.ts';
import { readCounterSeries } from '../../store/tallies/read-counter-series.ts';
import { readCounterServerSpans } from '../../store/tallies/read-counter-server-spans.ts';
import { readCounterStored } from '../../store/tallies/read-counter-stored.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { spanRow, traceIdOf } from './span-row.ts';

const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
const RANGE = { fromMs: T0, untilMs: T0 + 600_000 };
const CUMULATIVE = 2;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({
    migrate: true,
    tallies: ['tally_counter', 'tally_server_span', 'tally_source'],
  });
});
afterAll(() => engine.close());

interface Point {
  readonly service: string;
  readonly name?: string;
  readonly atMs: number;
  readonly startMs?: number;
  readonly value: number;
  readonly exact?: boolean;
  readonly temporality?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A point arrives 100 ms after its time. */
const common = (point: Point) => ({
  ServiceName: point.service,
  ServiceInstanceId: `${point.service}-1`,
  Tenant: 'default',
  MetricName: point.name ?? 'otel.sdk.exporter.span.exported',
  Attributes: point.attributes ?? {},
  StartTimeUnix: toClickhouseTime(T0 + (point.startMs ?? 0)),
  TimeUnix: toClickhouseTime(T0 + point.atMs),
  ReceivedAt: toClickhouseTime(T0 + point.atMs + 100),
});
const sums = (points: readonly Point[]) =>
  writeRows(
    engine.client,
    'otel_metrics_sum',
    points.map((point) => ({
      ...common(point),
      Value: point.value,
      ValueInt: point.exact === false ? null : String(point.value),
      AggregationTemporality: point.temporality ?? CUMULATIVE,
      IsMonotonic: true,
    })),
  );
const histograms = (points: readonly Point[]) =>
  writeRows(
    engine.client,
    'otel_metrics_histogram',
    points.map((point) => ({
      ...common(point),
      Count: point.value,
      AggregationTemporality: point.temporality ?? CUMULATIVE,
    })),
  );
const seriesOf = async (service: string) =>
  (await readCounterSeries(engine.client, RANGE)).filter((one) => one.instance.serviceName === service);

describe('readCounterSeries', () => {
  it('keeps what estimators read, in one spelling, exact, with the labels that matter', async () => {
    await sums([
      {
        service: 'kept',
        atMs: 1_000,
        value: 2 ** 53 - 1,
        attributes: { 'error.type': 'timeout', 'server.port': '4318' },
      },
      { service: 'kept', name: 'otel.sdk.span.ended.count', atMs: 1_000, value: 7 },
      { service: 'kept', name: 'otelcol_exporter_sent_spans_total', atMs: 1_000, value: 8, exact: false },
      { service: 'kept', name: 'otelcol_exporter_sent_spans_made_up', atMs: 1_000, value: 9 },
      { service: 'kept', name: 'otel.sdk.span.ended.sometimes', atMs: 1_000, value: 9 },
      { service: 'kept', name: 'orders', atMs: 1_000, value: 9 },
    ]);
    await histograms([
      {
        service: 'kept',
        name: 'http.server.request.duration',
        atMs: 1_000,
        value: 5,
        attributes: { 'http.route': '/a' },
      },
      { service: 'kept', name: 'db.client.operation.duration', atMs: 1_000, value: 5 },
    ]);
    const found = (await seriesOf('kept')).map(({ metric, labels, points }) => [
      metric,
      labels,
      points[0]?.value,
    ]);
    expect(found.sort()).toEqual([
      ['http.server.request.duration', { 'http.route': '/a' }, 5],
      ['otel.sdk.exporter.span.exported', { 'error.type': 'timeout' }, 2 ** 53 - 1],
      ['otel.sdk.span.ended', {}, 7],
      ['otelcol_exporter_sent_spans', {}, 8],
    ]);
  });

  it('takes no value that is none', async () => {
    await writeRows(engine.client, 'otel_metrics_sum', [
      { ...common({ service: 'none', atMs: 0, value: 0 }), Value: 'nan', AggregationTemporality: CUMULATIVE },
    ]);
    expect(await seriesOf('none')).toEqual([]);
  });

  it('tells restarts, hidden falls and deltas apart', async () => {
    await sums([
      { service: 'epochs', atMs: 1_000, value: 10 },
      { service: 'epochs', atMs: 61_000, value: 20 },
      { service: 'epochs', atMs: 121_000, startMs: 90_000, value: 3 },
      { service: 'fell', atMs: 1_000, value: 10 },
      { service: 'fell', atMs: 2_000, value: 30 },
      { service: 'fell', atMs: 3_000, value: 4 },
      { service: 'delta', atMs: 1_000, value: 5, temporality: 1 },
      { service: 'delta', atMs: 2_000, startMs: 1_000, value: 6, temporality: 1 },
      { service: 'delta', atMs: 61_000, startMs: 2_000, value: 7, temporality: 1 },
    ]);
    const shape = async (service: string) =>
      (await seriesOf(service)).map(({ temporality, epochMs, points }) => [
        temporality,
        epochMs === null ? null : epochMs - T0,
        points.map(({ timeMs, startMs, value }) => [startMs - T0, timeMs - T0, value]),
      ]);
    const epochs = await shape('epochs');
    expect(epochs).toHaveLength(2);
    expect(epochs).toContainEqual(['cumulative', 0, [[0, 1_000, 10], [0, 61_000, 20]]]); // biome-ignore format: a table
    expect(epochs).toContainEqual(['cumulative', 90_000, [[90_000, 121_000, 3]]]);
    expect(await shape('fell')).toEqual([
      ['cumulative', 0, [[0, 1_000, 10], [0, 3_000, 30], [0, 3_000, 4]]], // biome-ignore format: a table
    ]);
    expect(await shape('delta')).toEqual([
      ['delta', null, [[0, 2_000, 11], [2_000, 61_000, 7]]], // biome-ignore format: a table
    ]);
  });
});

describe('the tallies', () => {
  /** What the views of a tally would make of the raw rows, read in the parts that the filters say. */
  async function rebuild(tally: string, filters: readonly string[]): Promise<unknown> {
    const copy = `${tally}_copy${filters.length}`;
    await engine.client.command({ query: `CREATE TABLE ${copy} AS ${tally}` });
    const views = await readRows<{ query: string; source: string }>(engine.client, {
      sql: `SELECT as_select AS query, extract(as_select, 'FROM ([a-z_.]+)') AS source FROM system.tables
        WHERE startsWith(name, {tally:String}) AND engine = 'MaterializedView'`,
      params: { tally: `${tally}_` },
      about: 'system.tables',
    });
    expect(views.length).toBeGreaterThan(0);
    for (const { query, source } of views) {
      for (const filter of filters) {
        await engine.client.command({
          query: `INSERT INTO ${copy} ${query} SETTINGS additional_table_filters = {'${source}': '${filter}'}`,
        });
      }
    }
    return await rowsOf(copy);
  }
  const rowsOf = (table: string) =>
    readRows(engine.client, { sql: `SELECT * FROM ${table} FINAL ORDER BY ALL`, params: {}, about: table });

  it.each(['tally_counter', 'tally_server_span'])(
    'of %s are the same bits rebuilt, and split over two replicas',
    async (tally) => {
      const at = (n: number) => ({ service: 'both', atMs: (n % 50) * 200, value: n * n });
      const numbers = Array.from({ length: 200 }, (_, n) => n);
      await sums(numbers.map(at));
      await sums(numbers.map((n) => ({ ...at(n), temporality: 1 })));
      await histograms(numbers.map((n) => ({ ...at(n), name: 'rpc.server.duration' })));
      await writeRows(
        engine.client,
        'otel_traces',
        numbers.map((n) => ({
          ...spanRow({
            service: 'both',
            traceId: traceIdOf(n),
            spanId: `s${n}`,
            startMs: T0 + (n % 50) * 200,
            receivedMs: T0 + 20_000,
          }),
          SpanAttributes: { 'http.route': `/${n % 3}` },
        })),
      );
      const incremental = await rowsOf(tally);
      expect(incremental).not.toEqual([]);
      expect(await rebuild(tally, ['1'])).toEqual(incremental);
      const half = (remainder: number) => `cityHash64(ReceivedAt, ServiceName) % 2 = ${remainder}`;
      const byRow =
        tally === 'tally_counter' ? (r: number) => `cityHash64(TimeUnix, ServiceName) % 2 = ${r}` : half;
      expect(await rebuild(tally, [byRow(0), byRow(1)])).toEqual(incremental);
    },
  );
});

describe('readCounterStored, readCounterServerSpans, readCounterRejections', () => {
  it('read what stands on the other side, only of who counts', async () => {
    const span = (service: string, n: number, atMs: number) => ({
      ...spanRow({
        service,
        traceId: traceIdOf(n),
        spanId: `r${n}`,
        startMs: T0 + atMs,
        durationMs: 500,
        receivedMs: T0 + atMs + 700,
        traceState: n === 1 ? 'vendor=1,ot=rv:00000000000001;th:8' : '',
      }),
      ServiceNamespace: '',
      SpanAttributes: { 'http.route': '/a' },
    });
    await sums([{ service: 'counts', atMs: 1_000, value: 3 }]);
    await histograms([{ service: 'counts', name: 'http.server.request.duration', atMs: 1_000, value: 3 }]);
    await writeRows(engine.client, 'otel_traces', [
      span('counts', 1, 0),
      span('counts', 2, 100),
      span('counts', 3, 6_000),
      span('silent', 4, 0),
    ]);
    const stored = await readCounterStored(engine.client, RANGE);
    expect(stored.some((one) => one.instance.serviceName === 'silent')).toBe(false);
    const traces = stored.find((one) => one.instance.serviceName === 'counts' && one.signal === 'traces');
    expect(traces?.byBucket).toEqual(new Map([[T0, 2], [T0 + 5_000, 1]])); // biome-ignore format: a table
    const spans = await readCounterServerSpans(engine.client, RANGE);
    const own = spans.filter((one) => one.instance.serviceName === 'counts');
    expect(spans.some((one) => one.instance.serviceName === 'silent')).toBe(false);
    expect(own.find((one) => one.thresholdHex === '8')?.bySecond).toEqual(new Map([[T0, 1]]));
    expect(own.find((one) => one.thresholdHex === '')).toMatchObject({
      route: '/a',
      kind: 'Server',
      bySecond: new Map([[T0, 1], [T0 + 6_000, 1]]), // biome-ignore format: a table
    });

    const refused = { Tenant: 'default', ServiceName: 'counts', Signal: 'traces', Reason: 'span_id_invalid' };
    await writeRows(engine.client, 'tally_rejection', [
      { ...refused, ReceivedAt: toClickhouseTime(T0 + 1_000), Items: 4 },
      { ...refused, ServiceInstanceId: 'other', ReceivedAt: toClickhouseTime(T0 + 9_000), Items: 5 },
    ]);
    expect(await readCounterRejections(engine.client, { fromMs: T0, splitMs: T0 + 5_000 })).toMatchObject([
      { source: { serviceName: 'counts', signal: 'traces' }, reason: 'span_id_invalid', slow: 9, fast: 5 },
    ]);
  });
});
