import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settlePairs } from '../../jobs/settle-pairs.ts';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { readOrdinalTallies } from '../../store/tallies/read-ordinal-tallies.ts';
import { readPairBaselines } from '../../store/tallies/read-pair-baselines.ts';
import { readPairTallies } from '../../store/tallies/read-pair-tallies.ts';
import { readReferenceTallies } from '../../store/tallies/read-reference-tallies.ts';
import { readSettledWindows } from '../../store/tallies/read-settled-windows.ts';
import { readMinuteCounts, readVolumeWeeks } from '../../store/tallies/read-volume.ts';
import { settleGraphWindows } from '../../store/tallies/settle-graph-windows.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { LOCAL, type SpanRow, spanRow, traceIdOf } from './span-row.ts';

/** On a bucket of everything, and not long ago: the tables forget what is old. */
const T0 = Math.floor(Date.now() / 600_000) * 600_000 - 1_200_000;
const WINDOW = { fromMs: T0, untilMs: T0 + 5_000 };
const SETTLED = { lagMs: 5_000, settledAtMs: T0 + 20_000 };

/** What it reads, and no more: each costs every insert. */
const TALLIES = [
  'tally_call',
  'tally_mention',
  'tally_ordinal',
  'tally_source',
  'tally_span',
  'tally_volume',
];

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: TALLIES });
});
afterAll(() => engine.close());

type Span = Partial<SpanRow> & { readonly attributes?: Record<string, string> };
const insert = (spans: readonly Record<string, unknown>[]) => writeRows(engine.client, 'otel_traces', spans);

function call(n: number, { attributes = {}, ...rest }: Span = {}): Record<string, unknown> {
  const span: SpanRow = {
    service: 'caller',
    kind: 'Client',
    flags: LOCAL,
    traceId: traceIdOf(n),
    spanId: `p${n}`,
    startMs: T0 + 100,
    receivedMs: T0 + 1_000,
    ...rest,
  };
  return { ...spanRow(span), SpanAttributes: attributes };
}

function answer(n: number, rest: Span = {}): Record<string, unknown> {
  return call(n, {
    service: 'callee',
    kind: 'Server',
    flags: 0x300,
    spanId: `c${n}`,
    parentSpanId: `p${n}`,
    receivedMs: T0 + 2_000,
    ...rest,
  });
}

function log(n: number, rest: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    Timestamp: toClickhouseTime(T0 + 200),
    TraceId: traceIdOf(n),
    SpanId: `p${n}`,
    TraceFlags: 1,
    ServiceName: 'caller',
    ServiceNamespace: 'shop',
    Tenant: 'default',
    ReceivedAt: toClickhouseTime(T0 + 1_000),
    ...rest,
  };
}

describe('settleGraphWindows', () => {
  it('tells answered calls from unanswered ones, failed ones and those of other tenants', async () => {
    const to = (peer: string) => ({ attributes: { 'server.address': peer, 'server.port': '80' } });
    await insert([
      call(1, to('callee')),
      answer(1),
      call(2, to('callee')),
      answer(2, { receivedMs: T0 + 3_000 }),
      call(3, to('callee')), // nobody answers
      call(4, { ...to('callee'), status: 'Error' }),
      call(5, { attributes: { 'peer.service': 'named', 'server.address': 'x' } }),
      call(6, to('callee')),
      call(6, to('callee')), // delivered twice
      answer(6),
      answer(6),
      call(7, { ...to('callee'), tenant: 'other' }),
      answer(7), // of another tenant: no answer
      call(8, { ...to('callee'), receivedMs: T0 + 5_000 }), // the next window
      call(9, { kind: 'Internal' }),
    ]);
    await settleGraphWindows(engine.client, { ...WINDOW, ...SETTLED });
    const pairs = await readPairTallies(engine.client, WINDOW);
    const of = (peer: string, isFound: boolean, tenant = 'default') =>
      pairs.filter(
        (pair) => pair.peer === peer && (pair.callee !== null) === isFound && pair.caller.tenant === tenant,
      );
    expect(pairs).toHaveLength(4);
    expect(of('callee:80', true)).toMatchObject([
      {
        windowMs: T0,
        bucketMs: T0,
        calls: 3,
        failedCalls: 0,
        callee: { serviceName: 'callee', serviceNamespace: 'shop' },
      },
    ]);
    expect(of('callee:80', true)[0]?.calleeBatches).toHaveLength(2);
    expect(of('callee:80', false)).toMatchObject([
      { calls: 1, failedCalls: 1, calleeBatches: [], exampleTraceIds: [traceIdOf(3)] },
    ]);
    expect(of('named', false)).toMatchObject([{ calls: 1 }]);
    expect(of('callee:80', false, 'other')).toMatchObject([{ calls: 1 }]);
  });

  it('tells mentioned spans that are here from missing ones, and those from missing traces', async () => {
    const range = { fromMs: T0 + 60_000, untilMs: T0 + 65_000 };
    const at = { receivedMs: T0 + 61_000, startMs: T0 + 60_500 };
    const mention = (n: number, rest: Record<string, unknown> = {}) =>
      log(n, {
        Timestamp: toClickhouseTime(T0 + 60_700),
        ReceivedAt: toClickhouseTime(T0 + 61_000),
        ...rest,
      });
    await insert([call(100, at), call(101, at), answer(102, at)]);
    await writeRows(engine.client, 'otel_logs', [
      mention(100),
      mention(100), // of the same span
      mention(101),
      mention(102), // its span is missing, its child is here
      mention(103), // the whole trace is missing
      mention(104, { TraceFlags: 0 }), // not sampled
      mention(105, { SpanId: '', TraceId: '' }),
    ]);
    await writeRows(engine.client, 'otel_metrics_histogram', [
      {
        ServiceName: 'caller',
        ServiceNamespace: 'shop',
        Tenant: 'default',
        MetricName: 'm',
        TimeUnix: toClickhouseTime(T0 + 60_800),
        ReceivedAt: toClickhouseTime(T0 + 61_000),
        'Exemplars.FilteredAttributes': [{}, {}, {}],
        'Exemplars.TimeUnix': [0, 1, 2].map((i) => toClickhouseTime(T0 + 60_700 + i)),
        'Exemplars.Value': [1, 2, 3],
        'Exemplars.SpanId': ['p100', '', ''],
        'Exemplars.TraceId': [traceIdOf(100), traceIdOf(101), traceIdOf(106)],
      },
    ]);
    await settleGraphWindows(engine.client, { ...range, lagMs: 5_000, settledAtMs: T0 + 80_000 });
    const references = await readReferenceTallies(engine.client, range);
    const by = (who: string) => references.filter(({ mentionedBy }) => mentionedBy === who);
    expect(by('log')).toMatchObject([
      {
        service: { serviceName: 'caller' },
        found: 2,
        spansMissing: 1,
        tracesMissing: 1,
        bucketMs: T0 + 60_000,
      },
    ]);
    expect(by('log')[0]?.exampleTraceIds.toSorted()).toEqual([traceIdOf(102), traceIdOf(103)]);
    expect(by('log')[0]?.spanBatches).toHaveLength(1);
    expect(by('exemplar')).toMatchObject([{ found: 2, spansMissing: 0, tracesMissing: 1 }]);
  });

  it('replaces what it settled before, and a settling that was cut off does not count', async () => {
    const range = { fromMs: T0 + 120_000, untilMs: T0 + 125_000 };
    const at = { receivedMs: T0 + 121_000, startMs: T0 + 120_500 };
    await insert([call(200, at)]);
    await settleGraphWindows(engine.client, { ...range, lagMs: 5_000, settledAtMs: T0 + 140_000 });
    expect(await readPairTallies(engine.client, range)).toMatchObject([{ callee: null, calls: 1 }]);
    await insert([answer(200, { ...at, receivedMs: T0 + 150_000 })]);
    await settleGraphWindows(engine.client, { ...range, lagMs: 30_000, settledAtMs: T0 + 160_000 });
    await engine.client.command({
      query: `INSERT INTO tally_pair (Window, SettledAt, CallerService, Calls) VALUES
        (fromUnixTimestamp(${range.fromMs / 1_000}), fromUnixTimestamp64Milli(${T0 + 500_000}), 'caller', 99)`,
    });
    expect(await readPairTallies(engine.client, range)).toMatchObject([
      { callee: { serviceName: 'callee' }, calls: 1 },
    ]);
    expect(await readSettledWindows(engine.client, range.fromMs, 'tally_graph_settled')).toMatchObject([
      { startMs: range.fromMs, lagMs: 30_000 },
    ]);
  });
});

describe('settlePairs', () => {
  it('waits for what answers, on marks of its own', async () => {
    const outcome = await settlePairs({ client: engine.client }, T0 + 400_000);
    expect(outcome.settledUntilMs).toBe(T0 + 335_000);
    expect((await settlePairs({ client: engine.client }, T0 + 400_000)).settledWindows).toBe(0);
    expect(await readSettledWindows(engine.client, T0, 'tally_edge_settled')).toEqual([]);
  });
});

describe('an insert that is repeated under its token', () => {
  it('counts once, also where a tally is fed by another', async () => {
    const service = 'repeated';
    const rows = [call(300, { service, attributes: { 'plumbline.boot_id': 'r', 'plumbline.seq': '1' } })];
    for (let i = 0; i < 3; i++) {
      await engine.client.insert({
        table: 'otel_traces',
        values: rows,
        format: 'JSONEachRow',
        clickhouse_settings: {
          insert_deduplication_token: 'repeated',
          deduplicate_blocks_in_dependent_materialized_views: 1,
        },
      });
    }
    const counts = await engine.client.query({
      query: `SELECT (SELECT count() FROM tally_call WHERE ServiceName = '${service}') AS calls,
        (SELECT sum(Items) FROM tally_ordinal WHERE ServiceName = '${service}') AS numbered,
        (SELECT sum(Items) FROM tally_volume WHERE ServiceName = '${service}') AS volume`,
      format: 'JSONEachRow',
    });
    expect(await counts.json()).toEqual([{ calls: '1', numbered: '1', volume: '1' }]);
  });
});

describe('readPairBaselines', () => {
  it('gives the usual answered share of each caller and peer, from settled windows', async () => {
    const stretches = [1, 1, 0.9, 0.8, 0]; // the last is a fault
    const fromMs = T0 - 86_000_000 + 86_000_000 - 7_200_000;
    for (const [i, share] of stretches.entries()) {
      const windowMs = Math.floor(fromMs / 120_000) * 120_000 + i * 120_000;
      const row = (isFound: boolean, calls: number) => ({
        Window: toClickhouseTime(windowMs).slice(0, 19),
        SettledAt: toClickhouseTime(windowMs + 10_000),
        Tenant: 'base',
        CallerService: 'a',
        Peer: 'b:80',
        CalleeFound: isFound ? 1 : 0,
        CalleeService: isFound ? 'b' : '',
        Bucket: toClickhouseTime(windowMs).slice(0, 19),
        Calls: calls,
        FailedCalls: 7,
        CalleeBatches: [],
        ExampleTraceIds: [],
      });
      await writeRows(engine.client, 'tally_pair', [row(true, 100 * share), row(false, 100 - 100 * share)]);
      await writeRows(engine.client, 'tally_graph_settled', [
        {
          Window: toClickhouseTime(windowMs).slice(0, 19),
          SettledAt: toClickhouseTime(windowMs + 10_000),
          LagMs: 5_000,
        },
      ]);
    }
    const baselines = await readPairBaselines(engine.client, T0);
    expect(baselines.filter(({ caller }) => caller.tenant === 'base')).toEqual([
      {
        caller: { tenant: 'base', serviceNamespace: '', serviceName: 'a' },
        peer: 'b:80',
        callee: { tenant: 'base', serviceNamespace: '', serviceName: 'b' },
        calleeRatio: 1,
        stretches: 5,
        answeredRatio: 0.9,
        answeredRatioMad: expect.closeTo(0.1, 12),
      },
    ]);
  });
});

/** Spans with numbers, as plumbline/beacon writes them. */
function numbered(boot: string, receivedMs: number, seqs: readonly number[]): Record<string, unknown>[] {
  return seqs.map((seq) =>
    call(10_000 + seq, {
      service: 'numbers',
      kind: 'Internal',
      receivedMs,
      attributes: { 'plumbline.boot_id': boot, 'plumbline.seq': String(seq) },
    }),
  );
}
const range = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => from + i);

describe('readOrdinalTallies', () => {
  const at = (ms: number) => T0 + 600_000 + ms;
  const read = async (fromMs: number, untilMs: number) =>
    (await readOrdinalTallies(engine.client, { fromMs: at(fromMs), untilMs: at(untilMs) })).filter(
      ({ service }) => service.serviceName === 'numbers',
    );

  it('counts what is missing between the numbers that came, whenever they came', async () => {
    await insert([
      ...numbered('a', at(100), range(40, 50)), // the first that was ever heard
      ...numbered('a', at(5_100), range(60, 70).toReversed()), // 50 to 59 are missing
      ...numbered('a', at(5_100), range(60, 70)), // delivered twice
      ...numbered('a', at(5_200), [72, 73, 75]), // 70, 71 and 74 too
      ...numbered('a', at(10_100), range(76, 80)),
      ...numbered('a', at(12_100), range(50, 55)), // late: fills half of the gap
      ...numbered('b', at(10_100), [0, 1, 2]), // another process, nothing missing
      call(1, { attributes: { 'plumbline.seq': 'x', 'plumbline.boot_id': 'a' } }),
    ]);
    await writeRows(engine.client, 'otel_logs', [
      log(1, {
        ServiceName: 'numbers',
        ReceivedAt: toClickhouseTime(at(100)),
        LogAttributes: { 'plumbline.boot_id': 'a', 'plumbline.seq': '7', 'plumbline.unnumbered': '3' },
      }),
    ]);
    const tallies = await read(0, 15_000);
    const traces = tallies.filter(({ signal }) => signal === 'traces');
    expect(traces).toMatchObject([
      { receiveStartMs: at(0), numbered: 10, found: 10, gaps: 0, arrivals: 1, worstProcess: '' },
      {
        receiveStartMs: at(5_000),
        numbered: 26,
        found: 18,
        gaps: 3,
        arrivals: 2,
        worstProcess: 'numbers-1 (boot a)',
      },
      { receiveStartMs: at(10_000), numbered: 7, found: 7, gaps: 0 },
    ]);
    expect(tallies.filter(({ signal }) => signal === 'logs')).toMatchObject([
      { numbered: 1, found: 1, unnumbered: 3 },
    ]);
  });

  it('begins after what came before: a late number is no gap, a gap across the border is', async () => {
    const tallies = (await read(10_000, 15_000)).filter(({ signal }) => signal === 'traces');
    expect(tallies).toMatchObject([{ receiveStartMs: at(10_000), numbered: 7, found: 7 }]);
    expect((await read(5_000, 10_000)).map(({ numbered, found }) => [numbered, found])).toEqual([[26, 18]]);
  });
});

describe('readVolume', () => {
  it('counts minutes of now, and the same hour of the weeks before', async () => {
    const hourMs = Math.floor(T0 / 3_600_000) * 3_600_000;
    const weekMs = 7 * 86_400_000;
    const items = (atMs: number, count: number) => ({
      Tenant: 'vol',
      ServiceName: 'v',
      Signal: 'traces',
      ReceiveBucket: toClickhouseTime(atMs).slice(0, 19),
      EventBucket: toClickhouseTime(atMs).slice(0, 19),
      Items: count,
    });
    await writeRows(engine.client, 'tally_source', [
      items(hourMs - weekMs, 10),
      items(hourMs - weekMs + 5_000, 20),
      items(hourMs - weekMs + 60_000, 5),
      items(hourMs - weekMs - 5_000, 99), // the hour before
      items(hourMs - 2 * weekMs + 60_000, 7),
    ]);
    const weeks = (await readVolumeWeeks(engine.client, T0)).filter(
      ({ service }) => service.tenant === 'vol',
    );
    expect(weeks.toSorted((a, b) => a.weeksAgo - b.weeksAgo)).toMatchObject([
      { weeksAgo: 1, items: 35, squares: 925 },
      { weeksAgo: 2, items: 7, squares: 49 },
    ]);
    const minutes = await readMinuteCounts(engine.client, { fromMs: T0, untilMs: T0 + 60_000 });
    const raw = await engine.client.query({
      query: `SELECT count() AS n FROM otel_traces
        WHERE ServiceName = 'callee' AND toStartOfMinute(ReceivedAt) = fromUnixTimestamp(${T0 / 1_000})`,
      format: 'JSONEachRow',
    });
    const [{ n }] = (await raw.json()) as [{ n: string }];
    expect(minutes.filter(({ service }) => service.serviceName === 'callee')).toMatchObject([
      { minuteMs: T0, items: Number(n) },
    ]);
  });
});

describe('every tally', () => {
  const SELECTS: Readonly<Record<string, string>> = {
    tally_call: '* FROM tally_call',
    tally_mention: '* FROM tally_mention',
    tally_ordinal:
      '* EXCEPT (Seqs, Arrivals), arraySort(bitmapToArray(Seqs)), arraySort(bitmapToArray(Arrivals)) FROM tally_ordinal FINAL',
    tally_volume: '* FROM tally_volume FINAL WHERE Minute > now() - INTERVAL 13 DAY', // its source keeps 14
  };
  const rowsOf = async (select: string) =>
    (
      await engine.client.query({ query: `SELECT ${select} ORDER BY ALL`, format: 'JSONCompactEachRow' })
    ).text();

  it.each(Object.entries(SELECTS))(
    '%s is the same when it is made again from the rows, in two halves',
    async (table, select) => {
      const views = await engine.client.query({
        query: `SELECT as_select AS sql FROM system.tables WHERE name LIKE '${table}_%mv'`,
        format: 'JSONEachRow',
      });
      await engine.client.command({ query: `CREATE TABLE ${table}_again AS ${table}` });
      for (const { sql } of await views.json<{ sql: string }>()) {
        for (const half of [0, 1]) {
          const part = sql.replace(
            /FROM (\S+\.(otel|tally)\w+)/,
            `FROM (SELECT * FROM $1 WHERE cityHash64(toString(tuple(*))) % 2 = ${half})`,
          );
          expect(part).not.toBe(sql);
          await engine.client.command({ query: `INSERT INTO ${table}_again ${part}` });
        }
      }
      const rows = await rowsOf(select);
      expect(rows.length).toBeGreaterThan(100);
      expect(await rowsOf(select.replace(`FROM ${table}`, `FROM ${table}_again`))).toBe(rows);
    },
  );
});
