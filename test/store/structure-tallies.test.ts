import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ANOMALY } from '../../core/anomaly.ts';
import { FAULT } from '../../core/structure-tally.ts';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { readRows } from '../../store/read-rows.ts';
import { readSpanRepeats } from '../../store/tallies/read-span-repeats.ts';
import { readStreamTallies } from '../../store/tallies/read-stream-tallies.ts';
import { readStructureTallies } from '../../store/tallies/read-structure-tallies.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { gaugeRow, histogramRow, type PointRow, sumRow } from './metric-rows.ts';
import { type SpanRow, spanRow, traceIdOf } from './span-row.ts';

/** On a bucket of everything, and not long ago: the tables forget what is old. */
const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
const RANGE = { fromMs: T0, splitMs: T0 + 60_000 };

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({
    migrate: true,
    tallies: ['tally_metric_stream', 'tally_span', 'tally_structure'],
  });
});
afterAll(() => engine.close());
beforeEach(async () => {
  for (const table of ['tally_structure', 'tally_metric_stream', 'tally_span', 'tally_rejection']) {
    await engine.client.command({ query: `TRUNCATE TABLE ${table}` });
  }
  for (const table of ['traces', 'logs', 'metrics_gauge', 'metrics_sum', 'metrics_histogram']) {
    await engine.client.command({ query: `TRUNCATE TABLE otel_${table}` });
  }
});

const span = (n: number, rest: Partial<SpanRow> = {}): SpanRow => ({
  service: 's',
  traceId: traceIdOf(n),
  spanId: n.toString(16).padStart(16, '0'),
  startMs: T0,
  receivedMs: T0 + 1_000,
  ...rest,
});
const insertSpans = (spans: readonly SpanRow[], extra: Record<string, unknown> = {}) =>
  writeRows(
    engine.client,
    'otel_traces',
    spans.map((one) => ({ ...spanRow(one), ...extra })),
  );

describe('readStructureTallies', () => {
  it('counts records by their set of faults, by bucket where there are any', async () => {
    await insertSpans([span(1), span(2), span(3, { parentSpanId: '00000000000000ff' })]);
    await insertSpans([span(4, { parentSpanId: span(4).spanId, receivedMs: T0 + 7_000, instance: 'bad' })]);
    await insertSpans([span(5, { durationMs: 86_400_000, receivedMs: T0 + 8_000 })], {
      Anomalies: ANOMALY.duplicateKeys,
      DroppedLinksCount: 3,
      SpanAttributes: Object.fromEntries(Array.from({ length: 128 }, (_, i) => [`k${i}`, 'v'])),
    });
    const { tallies, sourcesLeftOut } = await readStructureTallies(engine.client, RANGE);
    expect(sourcesLeftOut).toBe(0);
    expect(tallies.map((tally) => tally.receiveStartMs - T0).sort()).toEqual([0, 5_000]);
    const [clean, faulty] = [...tallies].sort((a, b) => a.receiveStartMs - b.receiveStartMs);
    expect(clean).toMatchObject({
      records: 3,
      roots: 2,
      batchCount: 1,
      withoutInstance: 0,
      faultyInstance: '',
    });
    expect(clean?.faults).toEqual(new Map());
    expect(faulty).toMatchObject({
      source: { serviceName: 's', serviceInstanceId: '', signal: 'traces' },
      records: 2,
      batchCount: 2,
      dropped: { attributes: 0, events: 0, links: 3 },
      faultyInstance: 's-1',
    });
    expect(faulty?.faults).toEqual(
      new Map([
        [FAULT.selfParent, 1],
        [FAULT.duplicateKeys | FAULT.longerThanDay | FAULT.truncated | FAULT.atAttributeLimit, 1],
      ]),
    );
  });

  it('reads logs, metrics and what was refused', async () => {
    const point = { service: 'm', instance: '', timeMs: T0, receivedMs: T0 + 1_000, value: 1 };
    await writeRows(engine.client, 'otel_metrics_sum', [sumRow(point), sumRow({ ...point, temporality: 0 })]);
    await writeRows(engine.client, 'otel_metrics_gauge', [
      gaugeRow({ ...point, anomalies: FAULT.timeMissing }),
    ]);
    await writeRows(engine.client, 'otel_logs', [
      { ServiceName: 'm', ReceivedAt: toClickhouseTime(T0 + 1_000), DroppedAttributesCount: 2 },
    ]);
    await writeRows(engine.client, 'tally_rejection', [
      {
        ReceivedAt: toClickhouseTime(T0 + 9_000),
        ServiceName: 'm',
        Signal: 'metrics',
        Reason: 'temporality_unset',
        Items: 4,
      },
    ]);
    const { tallies, refusals } = await readStructureTallies(engine.client, RANGE);
    const of = (signal: string) => tallies.filter((tally) => tally.source.signal === signal);
    expect(of('metrics')).toMatchObject([{ records: 3, withoutInstance: 3 }]);
    expect(of('metrics')[0]?.faults).toEqual(
      new Map([
        [FAULT.timeMissing, 1],
        [FAULT.temporalityUnset, 1],
      ]),
    );
    expect(of('logs')).toMatchObject([{ records: 1, dropped: { attributes: 2 } }]);
    expect(refusals).toMatchObject([
      {
        source: { serviceName: 'm', signal: 'metrics' },
        receiveStartMs: T0 + 5_000,
        reason: 'temporality_unset',
        items: 4,
      },
    ]);
  });
});

describe('readSpanRepeats', () => {
  const range = { fromMs: T0, untilMs: T0 + 10_000 };

  it('tells a span delivered again from a reused id, a shared id and a second root', async () => {
    const child = { parentSpanId: '00000000000000ff' };
    await insertSpans([
      span(1),
      span(1, { receivedMs: T0 + 6_000 }), // again
      span(2, child),
      span(2, { ...child, startMs: T0 + 50, receivedMs: T0 + 2_000 }), // another span under its ids
      span(3, { ...child, kind: 'Client' }),
      span(3, { ...child, kind: 'Server' }), // Zipkin's way
      span(4, { receivedMs: T0 - 60_000 }),
      span(4, { spanId: 'b'.repeat(16) }), // a second root of its trace
      span(5, { tenant: 'other' }),
      span(5), // of another tenant: its own
    ]);
    const tallies = await readSpanRepeats(engine.client, range);
    const sum = (pick: (tally: (typeof tallies)[number]) => number) =>
      tallies.reduce((total, tally) => total + pick(tally), 0);
    expect([sum((t) => t.spans), sum((t) => t.repeats), sum((t) => t.reuses)]).toEqual([9, 1, 1]);
    expect([sum((t) => t.roots), sum((t) => t.extraRoots)]).toEqual([4, 1]);
    expect(tallies.find((tally) => tally.repeats === 1)).toMatchObject({
      receiveStartMs: T0 + 5_000,
      exampleTraceId: traceIdOf(1),
    });
  });

  it('looks at a subset of traces when there are too many, whole ones', async () => {
    await insertSpans(Array.from({ length: 400 }, (_, n) => span(n)));
    await insertSpans(Array.from({ length: 400 }, (_, n) => span(n, { receivedMs: T0 + 2_000 })));
    const [tally] = await readSpanRepeats(engine.client, range, 100);
    expect(tally?.spans).toBeGreaterThan(20);
    expect(tally?.spans).toBeLessThan(300);
    expect(tally?.repeats).toBe((tally?.spans ?? 0) / 2);
  });
});

describe('readStreamTallies', () => {
  const point = (rest: Partial<PointRow> = {}): PointRow => ({
    service: 'm',
    timeMs: T0,
    receivedMs: T0 + 500,
    startMs: T0 - 60_000,
    value: 1,
    ...rest,
  });

  it('gives the distinct points of an epoch, repeated and unrecorded ones counted', async () => {
    await writeRows(engine.client, 'otel_metrics_sum', [
      sumRow(point({ value: 5 })),
      sumRow(point({ value: 5 })), // delivered twice
      sumRow(point({ value: 9, timeMs: T0 + 70_000, receivedMs: T0 + 70_500 })),
      sumRow(point({ value: 7, timeMs: T0 + 80_000, receivedMs: T0 + 80_500 })), // it fell
      sumRow(point({ value: 0, timeMs: T0 + 90_000, receivedMs: T0 + 90_500, flags: 1 })),
    ]);
    const { services, servicesLeftOut } = await readStreamTallies(engine.client, RANGE);
    expect(servicesLeftOut).toBe(0);
    expect(services).toMatchObject([{ service: { serviceName: 'm' }, seriesCount: 1, seriesRead: 1 }]);
    const [stream] = services[0]?.streams ?? [];
    expect(stream).toMatchObject({
      kind: 'sum',
      temporality: 'cumulative',
      isMonotonic: true,
      epochStartMs: T0 - 60_000,
      repeats: 1,
      fastRepeats: 0,
      unrecorded: 1,
      overflow: 0,
      peak: 9,
      fastPeak: 9,
      last: 7,
    });
    expect(stream?.points.map(({ timeMs }) => timeMs - T0)).toEqual([0, 70_000, 80_000]);
  });

  it('keeps delta points of a series together, with their durations; histograms count', async () => {
    const delta = { temporality: 1, attributes: { 'otel.metric.overflow': 'true' } } as const;
    await writeRows(engine.client, 'otel_metrics_histogram', [
      histogramRow(point({ ...delta, startMs: T0 - 10_000 })),
      histogramRow(point({ ...delta, startMs: T0, timeMs: T0 + 10_000, receivedMs: T0 + 10_500 })),
    ]);
    const { services } = await readStreamTallies(engine.client, RANGE);
    expect(services[0]?.streams).toMatchObject([
      {
        temporality: 'delta',
        epochStartMs: 0,
        overflow: 2,
        peak: null,
        points: [{ durationMs: 10_000 }, { durationMs: 10_000 }],
      },
    ]);
  });

  it('tells writers without an instance id apart by their resource', async () => {
    const rows = ['a', 'b'].map((host) => sumRow(point({ instance: '', resource: { 'host.name': host } })));
    await writeRows(engine.client, 'otel_metrics_sum', rows);
    const { services } = await readStreamTallies(engine.client, RANGE);
    expect(new Set(services[0]?.streams.map((stream) => stream.resource)).size).toBe(2);
  });

  it('reads a subset of series that stays the same, and says how many there are', async () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => sumRow(point({ attributes: { id: `${i}` } })));
    await writeRows(engine.client, 'otel_metrics_sum', rows);
    const limits = { seriesMax: 64, servicesMax: 10, rowsMax: 1_000 };
    const read = async () => (await readStreamTallies(engine.client, RANGE, limits)).services[0];
    const before = await read();
    expect(before?.seriesCount).toBe(1_000);
    expect(before?.seriesRead).toBeGreaterThan(30);
    expect(before?.seriesRead).toBeLessThan(128);
    await writeRows(engine.client, 'otel_metrics_sum', [sumRow(point({ attributes: { id: 'x' } }))]);
    const seriesOf = (one: typeof before) => new Set(one?.streams.map((stream) => stream.series));
    const after = seriesOf(await read());
    expect([...seriesOf(before)].filter((series) => !after.has(series))).toEqual([]);
  });
});

describe('the tallies', () => {
  it.each(['tally_structure', 'tally_metric_stream'])(
    '%s has the same bits when rebuilt from the rows',
    async (table) => {
      const times = Array.from({ length: 4 }, (_, i) => T0 + i * 35_919);
      for (const timeMs of times) {
        const rest = { service: 'm', timeMs, receivedMs: timeMs + 300, startMs: T0, value: Math.sin(timeMs) };
        await writeRows(engine.client, 'otel_metrics_sum', [
          sumRow(rest),
          sumRow({ ...rest, temporality: 1 }),
        ]);
        await writeRows(engine.client, 'otel_metrics_gauge', [
          gaugeRow({ ...rest, value: -0 }),
          gaugeRow(rest),
        ]);
        await insertSpans([span(timeMs, { receivedMs: timeMs, parentSpanId: span(timeMs).spanId }), span(1)]);
      }
      const grown = await contentsOf(table);
      expect(grown.length).toBeGreaterThan(5);
      await engine.client.command({ query: `TRUNCATE TABLE ${table}` });
      const views = await readRows<{ name: string; as_select: string }>(engine.client, {
        sql: `SELECT name, as_select FROM system.tables WHERE name LIKE '${table}_%_mv'`,
        params: {},
        about: 'system.tables',
      });
      expect(views.length).toBeGreaterThanOrEqual(5);
      for (const view of views) {
        const columns = await readRows<{ name: string }>(engine.client, {
          sql: `SELECT name FROM system.columns WHERE table = '${view.name}' ORDER BY position`,
          params: {},
          about: 'system.columns',
        });
        const names = columns.map(({ name }) => name).join(', ');
        await engine.client.command({
          query: `INSERT INTO ${table} (${names}) SELECT ${names} FROM (${view.as_select})`,
        });
      }
      expect(await contentsOf(table)).toEqual(grown);
    },
  );
});

async function contentsOf(table: string) {
  await engine.client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
  return readRows<object>(engine.client, {
    sql: `SELECT * FROM ${table} ORDER BY ALL`,
    params: {},
    about: table,
  });
}
