import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clockBin } from '../../core/clock-bin.ts';
import type { Retraction } from '../../core/retraction.ts';
import { settleClocks } from '../../jobs/settle-clocks.ts';
import { settleEdges } from '../../jobs/settle-edges.ts';
import { insertRetractions, readRetractions } from '../../store/retractions.ts';
import { readClockTallies } from '../../store/tallies/read-clock-tallies.ts';
import { readCohorts } from '../../store/tallies/read-cohorts.ts';
import { readHostPairs } from '../../store/tallies/read-host-pairs.ts';
import { settleHostPairs } from '../../store/tallies/settle-host-pairs.ts';
import { writeRows } from '../../store/write-rows.ts';
import { closingRange } from '../../validators/time/find-retractions.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { LOCAL, type SpanRow, spanRow, traceIdOf } from './span-row.ts';

const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_host', 'tally_source', 'tally_span'] });
});
afterAll(() => engine.close());

interface HostedSpan extends SpanRow {
  readonly host?: string;
}
const rowOf = ({ host, ...span }: HostedSpan) => ({
  ...spanRow(span),
  ...(host === undefined ? {} : { ResourceAttributes: { 'host.name': host } }),
});
const insert = (spans: readonly HostedSpan[]) => writeRows(engine.client, 'otel_traces', spans.map(rowOf));
/** A span of no duration that ended at `eventMs` and arrived `lateMs` later. */
const event = (
  service: string,
  eventMs: number,
  lateMs: number,
  rest: Partial<HostedSpan> = {},
): HostedSpan => ({
  service,
  traceId: traceIdOf(1),
  spanId: '00000000000000aa',
  startMs: T0 + eventMs,
  receivedMs: T0 + eventMs + lateMs,
  ...rest,
});

/** The host of one in eight spans is looked at: enough of them, before everything else. */
const announce = (service: string, host: string | undefined, instance = `${service}-1`) =>
  insert(
    Array.from({ length: 100 }, (_, i) =>
      event(service, -120_000, 1_000, {
        spanId: `host${i}`,
        instance,
        ...(host === undefined ? {} : { host }),
      }),
    ),
  );

describe('readCohorts', () => {
  it('asks again at earlier moments: what was here then, what is here now, and in how many batches it came', async () => {
    await insert([
      event('cohort', 1_000, 500),
      event('cohort', 2_000, 500),
      event('cohort', 2_000, 500, { instance: 'cohort-2' }),
      event('cohort', 24_999, 90_000),
      event('cohort', 30_000, 100),
      event('cohort', 60_000, 100), // beyond
    ]);
    const all = await readCohorts(engine.client, {
      youngestMs: 0,
      oldestMs: 30_000,
      fromMs: T0 + 15_000,
      untilMs: T0 + 45_000,
      stepMs: 15_000,
    });
    const cohorts = all
      .filter(({ source }) => source.serviceName === 'cohort')
      .map(({ askedMs, source, ...rest }) => ({ askedS: (askedMs - T0) / 1_000, ...rest }));
    const rest = { latenessMsMax: 90_000 };
    expect(cohorts).toEqual([
      {
        askedS: 15,
        startMs: T0 - 15_000,
        endMs: T0 + 15_000,
        items: 3,
        hereItems: 3,
        latenessMsMax: 500,
        batchItemsSquared: 5,
      },
      { ...rest, askedS: 30, startMs: T0, endMs: T0 + 30_000, items: 4, hereItems: 3, batchItemsSquared: 6 },
      {
        ...rest,
        askedS: 45,
        startMs: T0 + 15_000,
        endMs: T0 + 45_000,
        items: 2,
        hereItems: 1,
        batchItemsSquared: 2,
      },
    ]);
  });

  it('leaves out what was younger than asked', async () => {
    const ages = { youngestMs: 60_000, oldestMs: 80_000 };
    const all = await readCohorts(engine.client, {
      ...ages,
      fromMs: T0 + 90_000,
      untilMs: T0 + 110_000,
      stepMs: 5_000,
    });
    const cohorts = all.filter(({ source }) => source.serviceName === 'cohort');
    // The event of 24.999 s was 60 to 80 s old until 104.999 s, and came at 114.999 s.
    const counts = cohorts.map(({ askedMs, items, hereItems }) => [(askedMs - T0) / 1_000, items, hereItems]);
    expect(counts).toEqual([
      [90, 1, 0],
      [95, 2, 1],
      [100, 2, 1],
      [105, 1, 1],
      [110, 1, 1],
    ]);
  });

  it('counts cells in which the moment falls by their share', async () => {
    const every100Ms = Array.from({ length: 50 }, (_, i) => event('partial', i * 100, 5_000 - i * 100));
    await insert(every100Ms); // one batch, at 5 s
    const slow = Array.from({ length: 50 }, (_, i) => event('partial', 5_000 + i * 100, 100)); // one by one
    await insert(slow);
    const ages = { youngestMs: 0, oldestMs: 10_000, fromMs: T0 + 1, untilMs: T0 + 12_500, stepMs: 2_500 };
    const all = await readCohorts(engine.client, ages);
    const cohorts = all.filter(({ source }) => source.serviceName === 'partial');
    expect(cohorts.map(({ askedMs, items, hereItems }) => [askedMs - T0, items, hereItems])).toEqual([
      [2_500, 25, 0],
      [5_000, 50, 0], // arrives at that very moment
      [7_500, 75, 74],
      [10_000, 100, 99],
      [12_500, 74, 74], // thousandths are rounded down
    ]);
  });
});

describe('closingRange', () => {
  it('reads every record into exactly one window, to the record', async () => {
    const eventsMs = Array.from({ length: 137 }, (_, i) => i * 211);
    await insert(eventsMs.map((ms, i) => event('windows', ms, 300 + i * 17)));
    const all = await readCohorts(engine.client, closingRange(T0 + 60_000));
    const windows = all.filter(({ source }) => source.serviceName === 'windows');
    const expected = [0, 10_000, 20_000].map((fromMs) => [
      T0 + fromMs,
      eventsMs.filter((ms) => ms >= fromMs && ms < fromMs + 10_000).length,
    ]);
    expect(
      await readCohorts(engine.client, { ...closingRange(T0 + 60_000), serviceNames: ['windows'] }),
    ).toEqual(windows);
    expect(windows.map(({ startMs, items }) => [startMs, items])).toEqual(expected);
  });
});

describe('readClockTallies', () => {
  const read = async (service: string) =>
    (await readClockTallies(engine.client, T0)).filter(({ source }) => source.serviceName === service);

  it('knows rhythm, lateness and clock of an instance, however its rows were split over inserts', async () => {
    const rows = [
      event('clock', 0, 1_000, { host: 'node-a' }),
      event('clock', 500, 600, { host: 'node-a' }),
      event('clock', 7_000, 2_000, { host: 'node-a' }),
      event('clock', 40_000, 1_500, { host: 'node-a' }),
    ];
    await announce('clock', 'node-a');
    await insert(rows.slice(0, 1));
    await insert(rows.slice(1));
    expect(await read('clock')).toMatchObject([
      {
        clock: 'node-a',
        items: 4,
        eventTimeMsMax: T0 + 40_000,
        receivedMsMax: T0 + 41_500,
        latenessMsLow: 600,
        latenessMsMax: 2_000,
        gapCount: 2,
        gapMsP99: 32_500,
        ahead: { lower: 0, upper: 0 },
      },
    ]);
  });

  it('counts stamps from the future, and keeps those beyond five minutes out of the newest event', async () => {
    await insert([
      event('future', 0, 100),
      event('future', 30_000, -20_000),
      event('future', 30_000, -20_000),
      event('future', 30_000 + 400_000, -400_000),
      event('future', 61_000, -10_500), // shares its cell with the next one
      event('future', 61_000, -9_500),
    ]);
    expect(await read('future')).toMatchObject([
      {
        items: 6,
        eventTimeMsMax: T0 + 51_500,
        latenessMsLow: -20_000,
        ahead: { lower: 3, upper: 5 },
        quarantined: { lower: 1, upper: 1 },
      },
    ]);
    await insert([event('only-future', 400_000, -400_000)]);
    expect(await read('only-future')).toMatchObject([{ eventTimeMsMax: null, latenessMsLow: null }]);
  });

  it('names no clock where one identity is seen on two hosts, and the instance where no host is known', async () => {
    await announce('twofold', 'node-a');
    await announce('twofold', 'node-b');
    await announce('hostless', undefined);
    await announce('nameless', undefined, '');
    await insert([
      event('twofold', 0, 1, { host: 'node-a' }),
      event('twofold', 1_000, 1, { host: 'node-b' }),
      event('hostless', 0, 1),
      event('nameless', 0, 1, { instance: '' }),
    ]);
    expect((await read('twofold'))[0]?.clock).toBeNull();
    expect((await read('hostless'))[0]?.clock).toBe('hostless-1');
    expect((await read('nameless'))[0]?.clock).toBeNull();
  });
});

describe('settleHostPairs', () => {
  /** A call at `atMs`: the callee's clock is 300 ms ahead, 2 ms there, `childMs` of work, 3 ms back. */
  const call = (
    n: number,
    atMs: number,
    rest: Partial<{ childMs: number; callee: Partial<HostedSpan> }> = {},
  ) => {
    const { childMs = 10 } = rest;
    const ids = { traceId: traceIdOf(n) };
    const parent: HostedSpan = {
      ...ids,
      service: 'caller',
      spanId: `p${n}`,
      kind: 'Client',
      flags: LOCAL,
      host: 'node-a',
      startMs: T0 + atMs,
      durationMs: 15,
      receivedMs: T0 + atMs + 1_500,
    };
    const child: HostedSpan = {
      ...ids,
      service: 'callee',
      spanId: `c${n}`,
      parentSpanId: `p${n}`,
      host: 'node-b',
      startMs: T0 + atMs + 302,
      durationMs: childMs,
      receivedMs: T0 + atMs + 1_000,
      ...rest.callee,
    };
    return [parent, child];
  };
  const range = { fromMs: T0 + 100_000, untilMs: T0 + 105_000 };
  const pairs = () => readHostPairs(engine.client, { fromMs: T0 + 100_000, untilMs: T0 + 110_000 });

  it('bounds the skew by calls between hosts, without children that outlived, messages and the same host', async () => {
    await announce('caller', 'node-a');
    await announce('callee', 'node-b');
    await announce('neighbour', 'node-a');
    await insert([
      ...call(100, 100_000),
      ...call(101, 100_100, { childMs: 8 }),
      ...call(102, 100_200, { childMs: 900 }), // outlived its caller
      ...call(103, 100_300, { callee: { kind: 'Consumer' } }),
      ...call(104, 100_400, { callee: { host: 'node-a', service: 'neighbour' } }),
      ...call(105, 100_500, { callee: { flags: LOCAL } }),
      ...call(101, 100_100, { childMs: 8 }), // delivered twice
    ]);
    await settleHostPairs(engine.client, { ...range, settledAtMs: T0 + 120_000 });
    expect(await pairs()).toEqual([
      {
        tenant: 'default',
        parentClock: 'node-a',
        childClock: 'node-b',
        pairs: 2,
        outlived: 1,
        endDiffMsMax: 297,
        startDiffMsMin: 302,
        endDiffBins: new Map([
          [clockBin(295), 1],
          [clockBin(297), 1],
        ]),
        startDiffBins: new Map([[clockBin(302), 2]]),
        exampleTraceId: traceIdOf(100),
      },
    ]);
  });

  it('settled again, the later settling counts and nothing twice', async () => {
    const before = await pairs();
    await settleHostPairs(engine.client, { ...range, settledAtMs: T0 + 130_000 });
    expect(await pairs()).toEqual(before);
    expect(before).toHaveLength(1);
  });

  it('bins differences of either sign as core/clock-bin.ts does', async () => {
    await announce('signs', 'node-c');
    const starts = [-5_000, -300, -20, -1, 0, 3, 80, 4_000];
    await insert(
      starts.flatMap((ms, i) =>
        call(200 + i, 100_000, {
          callee: {
            service: 'signs',
            host: 'node-c',
            startMs: T0 + 100_000 + ms,
            receivedMs: T0 + 106_000,
          },
        }),
      ),
    );
    await settleHostPairs(engine.client, {
      fromMs: T0 + 105_000,
      untilMs: T0 + 110_000,
      settledAtMs: T0 + 130_000,
    });
    const signs = (await pairs()).find(({ childClock }) => childClock === 'node-c');
    expect(signs?.startDiffBins).toEqual(new Map(starts.map((ms) => [clockBin(ms), 1])));
    expect(signs?.endDiffBins).toEqual(new Map(starts.map((ms) => [clockBin(ms - 5), 1])));
  });

  it('is run by a tick for what edges have settled, once', async () => {
    await insert([...call(300, 300_000), ...call(301, 310_000)]);
    const nowMs = T0 + 420_000;
    expect(await settleClocks(engine, T0 - 3_600_000)).toBe(0); // no edge is settled
    await settleEdges(engine, nowMs);
    expect(await settleClocks(engine, nowMs)).toBeGreaterThan(20);
    const read = await readHostPairs(engine.client, { fromMs: T0 + 300_000, untilMs: T0 + 320_000 });
    expect(read).toMatchObject([{ pairs: 2, startDiffMsMin: 302, endDiffMsMax: 297 }]);
    expect(await settleClocks(engine, nowMs)).toBe(0);
  });
});

describe('tally_host', () => {
  it('is rebuilt from spans by one INSERT SELECT, to the bit', async () => {
    const columns = 'Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, ReceiveHour';
    const dump = async (table: string) => {
      const rows = await engine.client.query({
        query: `SELECT ${columns}, min(HostMin) AS Low, max(HostMax) AS High FROM ${table} GROUP BY ${columns} ORDER BY ${columns}`,
        format: 'JSONEachRow',
      });
      return rows.json();
    };
    const view = await engine.client.query({
      query:
        "SELECT as_select AS Query FROM system.tables WHERE name = 'tally_host_mv' AND database = currentDatabase()",
      format: 'JSONEachRow',
    });
    const [{ Query }] = (await view.json<{ Query: string }>()) as [{ Query: string }];
    await engine.client.command({ query: 'CREATE TABLE rebuilt AS tally_host' });
    await engine.client.command({ query: `INSERT INTO rebuilt ${Query}` });
    const kept = await dump('tally_host');
    expect(kept.length).toBeGreaterThan(5);
    expect(await dump('rebuilt')).toEqual(kept);
  });
});

describe('retractions', () => {
  const retraction: Retraction = {
    id: 'r1',
    source: {
      tenant: 't',
      serviceNamespace: 'shop',
      serviceName: 'checkout',
      serviceInstanceId: '',
      signal: 'traces',
    },
    startMs: T0,
    endMs: T0 + 10_000,
    closedAtMs: T0 + 20_000,
    promisedRatio: 0.99,
    heldItems: 50,
    items: 100,
  };

  it('are one row per window, with the newest counts, whoever wrote them', async () => {
    await insertRetractions(
      engine.client,
      [retraction, { ...retraction, id: 'r2', startMs: T0 + 10_000 }],
      T0,
    );
    await insertRetractions(engine.client, [{ ...retraction, items: 120 }], T0 + 5_000);
    await insertRetractions(engine.client, [retraction], T0 + 1_000); // a judge that lags behind
    expect(await readRetractions(engine.client, T0)).toEqual([
      { ...retraction, items: 120 },
      { ...retraction, id: 'r2', startMs: T0 + 10_000 },
    ]);
    expect(await readRetractions(engine.client, T0 + 2_000)).toMatchObject([{ id: 'r1', items: 120 }]);
  });
});
