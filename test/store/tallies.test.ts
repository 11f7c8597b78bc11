import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdjustedStep, adjustedStep } from '../../core/adjusted-step.ts';
import { randomFrom } from '../../core/random-from.ts';
import { adjustedCount } from '../../core/sampling/adjusted-count.ts';
import type { ServiceStep } from '../../core/service-step.ts';
import { readRows } from '../../store/read-rows.ts';
import { countServices } from '../../store/tallies/count-services.ts';
import { readEdgeTallies } from '../../store/tallies/read-edge-tallies.ts';
import { readLocalEdgeTallies } from '../../store/tallies/read-local-edge-tallies.ts';
import { readOpenParents } from '../../store/tallies/read-open-parents.ts';
import { readSamplingTallies } from '../../store/tallies/read-sampling-tallies.ts';
import { readServiceSeries } from '../../store/tallies/read-service-series.ts';
import { readSettledWindows } from '../../store/tallies/read-settled-windows.ts';
import { readSourceTallies } from '../../store/tallies/read-source-tallies.ts';
import { readSpanArrival } from '../../store/tallies/read-span-arrival.ts';
import { settleEdgeWindows } from '../../store/tallies/settle-edge-windows.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { LOCAL, type SpanRow, spanRow, traceIdOf } from './span-row.ts';

/** On a bucket of everything, and not long ago: the tables forget what is old. */
const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({
    migrate: true,
    tallies: ['tally_sampling', 'tally_service', 'tally_source', 'tally_span'],
  });
});
afterAll(() => engine.close());

const insert = (spans: readonly SpanRow[]) => writeRows(engine.client, 'otel_traces', spans.map(spanRow));
const span = (rest: Partial<SpanRow> & { service: string }): SpanRow => ({
  traceId: traceIdOf(1),
  spanId: '00000000000000aa',
  startMs: T0,
  receivedMs: T0 + 1_000,
  ...rest,
});

describe('readSourceTallies', () => {
  it('adds up what arrived, in two parts, with the event time clamped to the arrival', async () => {
    await insert([
      span({ service: 'src', startMs: T0, durationMs: 500, receivedMs: T0 + 1_000 }),
      span({ service: 'src', startMs: T0 + 900, durationMs: 0, receivedMs: T0 + 1_200 }),
      span({ service: 'src', startMs: T0 + 60_000, receivedMs: T0 + 2_000, instance: 'src-2' }),
      span({ service: 'src', startMs: T0 + 30_000, receivedMs: T0 + 40_000 }),
    ]);
    await writeRows(engine.client, 'otel_metrics_gauge', [
      {
        ServiceName: 'src',
        MetricName: 'm',
        TimeUnix: new Date(T0).toISOString().slice(0, -1),
        ReceivedAt: new Date(T0 + 10).toISOString().slice(0, -1),
      },
    ]);
    const all = await readSourceTallies(engine.client, { fromMs: T0, splitMs: T0 + 35_000 });
    const tallies = all.filter(
      (tally) => tally.source.serviceName === 'src' && tally.source.signal === 'traces',
    );
    expect(tallies).toHaveLength(3);
    const early = tallies.find(
      (tally) => tally.receiveStartMs === T0 && tally.source.serviceInstanceId === 'src-1',
    );
    expect(early).toMatchObject({
      source: { tenant: 'default', serviceNamespace: 'shop', signal: 'traces' },
      items: 2,
      eventTimeMsMax: T0 + 900,
      receivedMsMax: T0 + 1_200,
      latenessMsMin: 300,
      latenessMsMax: 500,
      rhythmBucketsMs: [T0],
    });
    expect([...(early?.latenessBins.values() ?? [])]).toEqual([1, 1]);
    const ahead = tallies.find((tally) => tally.source.serviceInstanceId === 'src-2');
    expect(ahead).toMatchObject({ eventTimeMsMax: T0 + 2_000, latenessMsMin: -58_000 });
    expect(ahead?.latenessBins).toEqual(new Map([[-1, 1]]));
    expect(tallies.find((tally) => tally.receiveStartMs === T0 + 40_000)?.items).toBe(1);
    expect(all.find((tally) => tally.source.signal === 'metrics')?.rhythmBucketsMs).toEqual([T0]);
  });
});

describe('more services and instances than can be told apart', () => {
  it('reads the largest services, and of one with thousands of instances the longest silent and the rest as one', async () => {
    const { client } = engine;
    const at = `toDateTime64(${(T0 + 120_000) / 1_000}, 3, 'UTC')`;
    // In a minute of its own, so that nothing of other tests is among the largest.
    await client.command({
      query: `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ServiceName, ServiceInstanceId, ReceivedAt)
        SELECT ${at}, toString(number), toString(number), if(number < 2000, 'restless', concat('crowd-', toString(number))),
          toString(number), ${at} FROM numbers(3000)`,
    });
    const range = { fromMs: T0 + 120_000, splitMs: T0 + 240_000 };
    expect(await countServices(client, range.fromMs)).toBe(1_001);
    const all = await readSourceTallies(client, range);
    const restless = all.filter(({ source }) => source.serviceName === 'restless');
    expect(restless).toHaveLength(51);
    expect(restless.reduce((sum, { items }) => sum + items, 0)).toBe(2_000);
    expect(restless.find(({ source }) => source.serviceInstanceId === '(others)')?.items).toBe(1_950);
    expect(all.length).toBe(1_051);
    const bounded = await readSourceTallies(client, range, 10);
    expect(new Set(bounded.map(({ source }) => source.serviceName)).size).toBe(10);
    expect(bounded.some(({ source }) => source.serviceName === 'restless')).toBe(true);
  });
});

describe('readSamplingTallies', () => {
  it('tells consistent, contradicting, malformed and absent marks apart', async () => {
    const marked = (traceState: string, randomness: string, receivedMs = T0 + 1_000) =>
      span({ service: 'marks', traceState, traceId: traceIdOf(7, randomness), receivedMs });
    await insert([
      marked('ot=th:8', '80000000000000'), // R = T: kept
      marked('ot=th:8', '7fffffffffffff'), // R < T
      marked('vendor=x, ot=rv:90000000000000;th:8', '00000000000000'), // rv goes before the trace id
      marked('ot=th:8;rv:10', '90000000000000'),
      marked('ot=th:XYZ', '90000000000000'),
      marked('', '90000000000000'),
      marked('', '90000000000000', T0 + 40_000),
    ]);
    const all = await readSamplingTallies(engine.client, { fromMs: T0, splitMs: T0 + 35_000 });
    const tallies = all.filter((tally) => tally.source.serviceName === 'marks');
    const early = tallies.filter((tally) => tally.receiveStartMs === T0);
    expect(tallies).toHaveLength(4);
    expect(early.find((tally) => tally.thresholdHex === '8')).toMatchObject({
      spans: 3,
      violations: 1,
      exampleTraceId: traceIdOf(7, '7fffffffffffff'),
    });
    expect(early.find((tally) => tally.thresholdHex === 'invalid')?.spans).toBe(2);
    expect(early.find((tally) => tally.thresholdHex === '')?.spans).toBe(1);
  });
});

describe('readServiceSeries', () => {
  const range = { fromMs: T0, untilMs: T0 + 60_000, stepMs: 10_000 };
  const seriesOf = async (serviceName: string, changes: { isUnsampled?: boolean; stepMs?: number } = {}) => {
    const { isUnsampled = false, stepMs = 10_000 } = changes;
    const unsampledNames = new Set(isUnsampled ? [serviceName] : []);
    const series = await readServiceSeries(engine.client, {
      ...range,
      serviceNames: [serviceName],
      unsampledNames,
      stepMs,
    });
    return series.get(serviceName) as ServiceStep[];
  };
  const fromT0 = ({ startMs, requests, errors }: AdjustedStep) => [startMs - T0, requests, errors];

  it('sums requests of a service into steps, by their end', async () => {
    const request = (atMs: number, status: 'Ok' | 'Error', durationMs: number) =>
      span({ service: 'series', startMs: T0 + atMs, durationMs, status, traceState: 'ot=th:0' });
    await insert([
      request(0, 'Ok', 10),
      request(9_995, 'Error', 10), // ends in the second ten seconds
      request(25_000, 'Ok', 100),
      span({ service: 'series', kind: 'Client' }),
      span({ service: 'another' }),
    ]);
    const serviceNames = ['series', 'unseen'];
    const both = await readServiceSeries(engine.client, {
      ...range,
      serviceNames,
      unsampledNames: new Set(),
    });
    expect([...both.keys()]).toEqual(serviceNames);
    expect(both.get('unseen')).toEqual([]);
    expect((await seriesOf('series')).map((step) => fromT0(adjustedStep(step)))).toEqual([
      [0, 1, 0],
      [10_000, 1, 1],
      [20_000, 1, 0],
    ]);
    const coarse = (await seriesOf('series', { stepMs: 20_000 })).map(adjustedStep);
    expect(coarse.map(fromT0)).toEqual([
      [0, 2, 1],
      [20_000, 1, 0],
    ]);
    expect(coarse[0]?.durationBins).toEqual(new Map([[106, 2]])); // 10,000 us
  });

  it('counts a span for as many requests as its mark says, and for none that nobody knows', async () => {
    const high = traceIdOf(1, 'ffffffffffffff');
    const marked = (traceState: string, status: 'Ok' | 'Error' = 'Ok', traceId = high) =>
      span({ service: 'weighed', traceState, status, traceId });
    await insert([
      marked('ot=th:8'),
      marked('ot=th:8', 'Error'),
      marked('ot=p:3;r:5'),
      marked('ot=p:63'), // kept, but not by probability
      marked('ot=th:8', 'Ok', traceIdOf(1, '00000000000001')), // R < T
      marked('ot=th:zz'),
      marked(''),
    ]);
    const [step] = await seriesOf('weighed');
    expect(step?.byWeight.map(({ weight, spans, errors }) => [weight, spans, errors])).toEqual([
      [0, 1, 0],
      [2, 2, 1],
      [8, 1, 0],
      [null, 3, 0],
    ]);
    // What nobody samples stands for itself; a mark that is wrong is no absence of marks.
    const [declared] = await seriesOf('weighed', { isUnsampled: true });
    expect(declared?.byWeight.map(({ weight, spans }) => [weight, spans])).toEqual([
      [0, 1],
      [1, 1],
      [2, 2],
      [8, 1],
      [null, 2],
    ]);
  });

  it('bounds what it tells apart, and is off by less than 0.02 %', async () => {
    const random = randomFrom(16);
    const thresholds = Array.from({ length: 400 }, () => {
      const kept = 2 ** (56 * random());
      return (2n ** 56n - BigInt(Math.ceil(kept))).toString(16).padStart(14, '0');
    });
    const weights = thresholds.map(adjustedCount);
    await insert(
      thresholds.map((th, i) =>
        span({
          service: 'bounded',
          traceId: traceIdOf(i, 'ffffffffffffff'),
          traceState: `ot=th:${th}`,
          durationMs: i,
        }),
      ),
    );
    const steps = await seriesOf('bounded');
    const found = steps.flatMap(({ byWeight }) =>
      byWeight.flatMap(({ weight, spans }) => Array(spans).fill(weight)),
    );
    expect(found).toHaveLength(400);
    const expected = weights.sort((a, b) => a - b);
    for (const [i, weight] of found.sort((a, b) => a - b).entries()) {
      expect(Math.abs(weight / (expected[i] as number) - 1), thresholds[i]).toBeLessThan(0.0002);
    }
    const keys = await readRows<{ Key: string }>(engine.client, {
      sql: `SELECT DISTINCT WeightKey AS Key FROM tally_service WHERE ServiceName = 'bounded'`,
      params: {},
      about: 'tally_service',
    });
    expect(keys.every(({ Key }) => /^f*([0-9a-e][0-9a-f]{0,3}8?)?$/.test(Key))).toBe(true);
  });

  it('is rebuilt bit for bit from the rows it was made of', async () => {
    const columns = 'ServiceName, Bucket, WeightKind, WeightKey, Requests, Errors, DurationBins';
    const rows = (table: string) =>
      readRows<{ N: number }>(engine.client, {
        sql: `SELECT ServiceName, Bucket, WeightKind, WeightKey, sum(Requests) AS Requests, sum(Errors) AS Errors, sumMap(DurationBins) AS DurationBins
FROM ${table} GROUP BY ALL ORDER BY ALL`,
        params: {},
        about: table,
      });
    await engine.client.command({ query: 'CREATE TABLE tally_service_rebuilt AS tally_service' });
    const [view] = await readRows<{ query: string }>(engine.client, {
      sql: `SELECT as_select AS query FROM system.tables WHERE name = 'tally_service_mv'`,
      params: {},
      about: 'system.tables',
    });
    await engine.client.command({
      query: `INSERT INTO tally_service_rebuilt (${columns}) SELECT ${columns} FROM (${view?.query})`,
    });
    const kept = await rows('tally_service');
    expect(kept.length).toBeGreaterThan(300);
    expect(await rows('tally_service_rebuilt')).toEqual(kept);
  });
});

describe('settleEdgeWindows', () => {
  const child = (n: number, rest: Partial<SpanRow> = {}): SpanRow => ({
    ...span({ service: 'callee' }),
    traceId: traceIdOf(n),
    spanId: `c${n}`,
    parentSpanId: `p${n}`,
    startMs: T0 + 100_000,
    receivedMs: T0 + 100_500,
    ...rest,
  });
  const parent = (n: number, rest: Partial<SpanRow> = {}): SpanRow => ({
    ...child(n, { kind: 'Client', parentSpanId: '', flags: LOCAL, service: 'caller' }),
    spanId: `p${n}`,
    receivedMs: T0 + 103_000,
    ...rest,
  });

  it('finds parents, names orphans, leaves out local children, roots and duplicates', async () => {
    await insert([
      ...[100, 101, 102].flatMap((n) => [
        child(n),
        parent(n, { receivedMs: T0 + (n === 102 ? 104_000 : 103_000) }),
      ]),
      child(103), // its parent never comes
      child(104, { flags: 0 }), // an SDK that knows no flags
      parent(104),
      child(105, { flags: LOCAL }), // local parent: no remote edge
      child(106, { parentSpanId: '' }), // root
      child(107),
      child(107), // delivered twice
      parent(107, { receivedMs: T0 - 600_000 }), // long before, yet within fifteen minutes
      parent(107, { receivedMs: T0 - 600_000 }),
      child(108, { tenant: 'other' }),
      parent(108), // of another tenant: not its parent
      child(109, { receivedMs: T0 + 105_000 }), // the next window
    ]);
    const range = { fromMs: T0 + 100_000, untilMs: T0 + 105_000 };
    await settleEdgeWindows(engine.client, { ...range, lagMs: 5_000, settledAtMs: T0 + 120_000 });
    const edges = await readEdgeTallies(engine.client, range);
    const of = (tenant: string, caller: string | null) =>
      edges.filter((edge) => edge.callee.tenant === tenant && (edge.caller?.serviceName ?? null) === caller);
    expect(edges).toHaveLength(3);
    expect(of('default', 'caller')).toMatchObject([
      {
        windowMs: range.fromMs,
        bucketMs: T0 + 100_000,
        children: 5,
        callee: { serviceName: 'callee', serviceNamespace: 'shop' },
      },
    ]);
    expect(of('default', 'caller')[0]?.callerBatches).toHaveLength(3);
    expect(of('default', null)).toMatchObject([
      { children: 1, callerBatches: [], exampleTraceIds: [traceIdOf(103)] },
    ]);
    expect(of('other', null)).toMatchObject([{ children: 1 }]);
    expect(await readSettledWindows(engine.client, range.fromMs)).toEqual([
      { startMs: range.fromMs, lagMs: 5_000, settledAtMs: T0 + 120_000 },
    ]);
  });

  it('replaces what it settled before, orphans that found their parents included', async () => {
    const range = { fromMs: T0 + 200_000, untilMs: T0 + 210_000 };
    const at = { startMs: T0 + 200_000, receivedMs: T0 + 201_000 };
    await insert([child(200, at), child(201, at), parent(200, at)]);
    await settleEdgeWindows(engine.client, { ...range, lagMs: 5_000, settledAtMs: T0 + 220_000 });
    expect((await readEdgeTallies(engine.client, range)).filter((edge) => edge.caller === null)).toHaveLength(
      1,
    );
    await insert([parent(201, { ...at, receivedMs: T0 + 230_000 })]);
    await settleEdgeWindows(engine.client, { ...range, lagMs: 30_000, settledAtMs: T0 + 240_000 });
    const edges = await readEdgeTallies(engine.client, range);
    expect(edges).toMatchObject([{ caller: { serviceName: 'caller' }, children: 2 }]);
    expect((await readSettledWindows(engine.client, range.fromMs)).map((window) => window.lagMs)).toEqual([
      30_000, 30_000,
    ]);
  });

  it('does not count rows of a settling that was cut off', async () => {
    const range = { fromMs: T0 + 100_000, untilMs: T0 + 105_000 };
    const before = await readEdgeTallies(engine.client, range);
    await engine.client.command({
      query: `INSERT INTO tally_edge (Window, SettledAt, ServiceName, ParentFound, Children) VALUES
        (fromUnixTimestamp(${range.fromMs / 1_000}), fromUnixTimestamp64Milli(${T0 + 500_000}), 'callee', 0, 99)`,
    });
    expect(before).toHaveLength(3);
    expect(await readEdgeTallies(engine.client, range)).toEqual(before);
  });
});

describe('settleEdgeWindows, local edges', () => {
  const range = { fromMs: T0 + 420_000, untilMs: T0 + 425_000 };
  const local = (n: number, rest: Partial<SpanRow>) =>
    span({ service: 'inner', traceId: traceIdOf(n), flags: LOCAL, startMs: range.fromMs, ...rest });

  it('counts children with their parent, without, and with one that came in another request, once each', async () => {
    const receivedMs = range.fromMs + 1_000;
    const child = (n: number) =>
      local(n, { kind: 'Client', spanId: `c${n}`, parentSpanId: `p${n}`, receivedMs });
    await insert([
      ...[901, 902, 903, 904].map(child),
      child(901),
      local(901, { spanId: 'p901', receivedMs }),
      local(902, { spanId: 'p902', receivedMs: receivedMs + 2_000 }),
      local(903, { spanId: 'p903', receivedMs, instance: 'inner-2' }),
    ]);
    await settleEdgeWindows(engine.client, { ...range, lagMs: 5_000, settledAtMs: T0 + 440_000 });
    const counts = { windowMs: range.fromMs, children: 4, orphans: 1, split: 2 };
    expect(await readLocalEdgeTallies(engine.client, range)).toMatchObject([
      { ...counts, service: { serviceName: 'inner' } },
    ]);
  });

  it('is counted as it was settled last', async () => {
    await insert([local(904, { spanId: 'p904', receivedMs: T0 + 450_000 })]);
    await settleEdgeWindows(engine.client, { ...range, lagMs: 30_000, settledAtMs: T0 + 460_000 });
    expect(await readLocalEdgeTallies(engine.client, range)).toMatchObject([
      { children: 4, orphans: 0, split: 3 },
    ]);
  });
});

describe('readOpenParents', () => {
  it('counts the calls that arrived later after their start than parents are waited for', async () => {
    const range = { fromMs: T0 + 470_000, untilMs: T0 + 480_000 };
    const call = (id: string, startMs: number, kind: 'Client' | 'Server' = 'Client') =>
      span({ service: 'opener', kind, spanId: id, startMs, receivedMs: range.fromMs + 1_000 });
    await insert([
      call('open1', range.fromMs - 60_000),
      call('open2', range.fromMs),
      call('open3', range.fromMs - 4_000),
      call('open4', range.fromMs - 60_000, 'Server'),
    ]);
    const open = await readOpenParents(engine.client, { ...range, waitMs: 5_000 });
    expect([...open.values()]).toEqual([{ spans: 3, late: 1 }]);
  });
});

describe('readSpanArrival', () => {
  it('reads how far spans are visible and how long the slowest service takes, from the start of its spans', async () => {
    const range = { fromMs: T0 + 300_000, untilMs: T0 + 400_000 };
    expect(await readSpanArrival(engine.client, range, 'caller')).toEqual({
      visibleUntilMs: null,
      arrivalMsP99: null,
    });
    const clients = (service: string, count: number, lateMs: number) =>
      Array.from({ length: count }, (_, i) =>
        span({
          service,
          kind: 'Client',
          spanId: `${service}${i}`,
          startMs: T0 + 300_000,
          receivedMs: T0 + 300_000 + lateMs,
        }),
      );
    await insert([
      ...clients('quick', 40, 500),
      ...clients('slow', 40, 7_000),
      ...clients('rare', 5, 50_000),
    ]);
    expect(await readSpanArrival(engine.client, range, 'caller')).toEqual({
      visibleUntilMs: T0 + 350_000,
      arrivalMsP99: 7_000,
    });
  });
});
