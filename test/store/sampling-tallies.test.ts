import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../core/random-from.ts';
import { samplingColumns } from '../../core/sampling/sampling-columns.ts';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { readRows } from '../../store/read-rows.ts';
import { readMentionWindows } from '../../store/tallies/read-mention-windows.ts';
import { readSamplingEdgeWindows } from '../../store/tallies/read-sampling-edge-windows.ts';
import { readSamplingWindows } from '../../store/tallies/read-sampling-windows.ts';
import { readTraceIdWindows } from '../../store/tallies/read-trace-id-windows.ts';
import { settleSamplingWindows } from '../../store/tallies/settle-sampling-windows.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { foldSampling } from './fold-sampling.ts';
import { LOCAL, REMOTE, type SpanRow, spanRow } from './span-row.ts';

/** On a minute of everything, and not long ago: the tables forget what is old. */
const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const MINUTE = 60_000;
const MARKS = [
  '',
  '',
  'ot=th:0',
  'ot=th:8',
  'ot=th:e666',
  'ot=th:80',
  'ot=p:3;r:5',
  'ot=th:X',
  'ot=rv:1;th:8',
  'ot=rv:',
  'x=1,,',
];
const SERVICES = ['gateway', 'orders', 'payments', 'catalog'];
const KINDS = ['Server', 'Server', 'Client', 'Internal'] as const;
const FLAGS = [LOCAL, LOCAL, REMOTE, REMOTE, 0, 0x300];

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_mention', 'tally_span'] });
});
afterAll(() => engine.close());

const insert = (spans: readonly SpanRow[]) => writeRows(engine.client, 'otel_traces', spans.map(spanRow));
const settle = (minuteMs: number, settledAtMs: number, spansMax?: number) =>
  settleSamplingWindows(
    engine.client,
    { fromMs: minuteMs, untilMs: minuteMs + MINUTE, lagMs: 60_000, settledAtMs },
    spansMax === undefined ? {} : { spansMax },
  );

async function readAll(minuteMs: number) {
  const range = { fromMs: minuteMs, untilMs: minuteMs + MINUTE };
  return {
    windows: await readSamplingWindows(engine.client, range),
    traceIds: await readTraceIdWindows(engine.client, range),
    edges: await readSamplingEdgeWindows(engine.client, range),
  };
}

/** Traces whose spans agree on nothing: marks, kinds, flags, parents that never come, copies. */
function randomSpans(seed: number, startMs: number, traces: number): SpanRow[] {
  const random = randomFrom(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  return Array.from({ length: traces }, () => {
    const traceId = hex(32);
    const spanIds = Array.from({ length: 1 + Math.floor(random() * 5) }, () => hex(16));
    const rv = random() < 0.3 ? `;rv:${random() < 0.3 ? hashSeedRandomness(random) : hex(14)}` : '';
    const th = pick(MARKS);
    return spanIds.flatMap((spanId, i) => {
      const marks = random() < 0.7 ? th : pick(MARKS);
      const span: SpanRow = {
        service: pick(SERVICES),
        traceId,
        spanId,
        parentSpanId: i === 0 ? '' : random() < 0.1 ? hex(16) : (spanIds[Math.floor(random() * i)] as string),
        kind: pick(KINDS),
        flags: pick(FLAGS),
        traceState: /th:[0-9a-f]+$/.test(marks) ? marks + (random() < 0.9 ? rv : `;rv:${hex(14)}`) : marks,
        status: random() < 0.2 ? 'Error' : 'Unset',
        startMs: startMs + Math.floor(random() * 66_000) - 5_000,
        durationMs: pick([1, 5, 6, 50, 51, 1_000, 12_000]),
        receivedMs: startMs + 70_000 + Math.floor(random() * 1_000),
      };
      const copy = { ...span, receivedMs: span.receivedMs + 2_000 };
      const relabelled = { ...copy, traceState: span.traceState?.replace(/th:[0-9a-f]+/, 'th:c') ?? '' };
      return random() < 0.1 ? [span, random() < 0.5 ? copy : relabelled] : [span];
    });
  }).flat();
}

/** As the Collector makes it of a hash of 32 bits. */
function hashSeedRandomness(random: () => number): string {
  const [hashed, unused] = [14, 18].map((bits) => BigInt(Math.floor(random() * 2 ** bits))) as [
    bigint,
    bigint,
  ];
  const mixed = unused ^ (unused << 10n);
  return (((0x3fffn - hashed) << 42n) | (mixed << 14n) | hashed).toString(16).padStart(14, '0');
}

const sorted = (rows: readonly object[]) =>
  rows
    .map((row) => JSON.stringify(row))
    .sort()
    .map((row) => JSON.parse(row));

describe('settled windows of sampling', () => {
  it('are what plain code finds in the same spans', async () => {
    const spans = randomSpans(1, T0, 400);
    await insert(spans);
    await settle(T0, T0 + 120_000);
    const found = await readAll(T0);
    const expected = foldSampling(spans, T0);
    // The spans are what they have to be for this to mean anything.
    expect(expected.windows.length).toBeGreaterThan(20);
    for (const key of ['copies', 'violations', 'errors', 'onLattice', 'relabelled'] as const) {
      expect(
        expected.windows.some((window) => window[key] > 0),
        key,
      ).toBe(true);
    }
    for (const key of ['gained', 'lost', 'randomnessConflicts'] as const) {
      expect(
        expected.edges.some((edge) => edge[key] > 0),
        key,
      ).toBe(true);
    }
    expect(expected.traceIds.every(({ timed, traces }) => timed < traces)).toBe(true);
    expect(sorted(found.windows)).toEqual(sorted(expected.windows));
    expect(sorted(found.traceIds)).toEqual(sorted(expected.traceIds));
    expect(sorted(found.edges)).toEqual(sorted(expected.edges));
  });

  it('come out the same bit for bit when they are settled again, and the later settling counts', async () => {
    const before = await readAll(T0);
    await settle(T0, T0 + 130_000);
    expect(await readAll(T0)).toEqual(before);
    const late = randomSpans(2, T0, 20).map((span) => ({ ...span, receivedMs: T0 + 135_000 }));
    await insert(late);
    await settle(T0, T0 + 134_000);
    expect(await readAll(T0)).toEqual(before);
    await settle(T0, T0 + 140_000);
    const after = await readAll(T0);
    expect(sorted(after.windows)).toEqual(
      sorted(foldSampling([...randomSpans(1, T0, 400), ...late], T0).windows),
    );
  });

  it('see many spans through a subset of whole traces', async () => {
    const minuteMs = T0 + 10 * MINUTE;
    const spans = randomSpans(3, minuteMs, 2_000);
    await insert(spans);
    await settle(minuteMs, minuteMs + 120_000, 1_000);
    const { windows } = await readAll(minuteMs);
    const whole = foldSampling(spans, minuteMs).windows;
    const [oneIn] = new Set(windows.map((window) => window.oneIn));
    expect(oneIn).toBeGreaterThan(3);
    const roots = (of: readonly { roots: number }[]) => of.reduce((sum, window) => sum + window.roots, 0);
    // Whole traces of about three roots: a design effect of about three, and four standard deviations.
    const expected = roots(whole) / (oneIn as number);
    expect(Math.abs(roots(windows) - expected)).toBeLessThan(4 * Math.sqrt(3 * expected));
  });

  it('keep 64 thresholds apart, and the rest by their top 16 bits', async () => {
    const minuteMs = T0 + 20 * MINUTE;
    const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');
    const spans = Array.from(
      { length: 300 },
      (_, n): SpanRow => ({
        service: 'limited',
        traceId: `${hex(n + 1, 18)}ffffffffffffff`,
        spanId: hex(n + 1, 16),
        traceState: `ot=th:8${hex(n % 2, 3)}${hex(n, 4)}1`,
        startMs: minuteMs,
        receivedMs: minuteMs + 1_000,
      }),
    );
    await insert(spans);
    await settle(minuteMs, minuteMs + 120_000);
    const { windows } = await readAll(minuteMs);
    expect(windows).toHaveLength(66);
    const rest = windows.filter(({ weightKey }) => weightKey.endsWith('8000000000'));
    expect(rest.map(({ weightKey }) => weightKey).sort()).toEqual(['80008000000000', '80018000000000']);
    expect(rest.reduce((sum, { roots }) => sum + roots, 0)).toBe(236);
  });

  it('of a minute without spans are none, and the minute is settled', async () => {
    const minuteMs = T0 + 30 * MINUTE;
    await settle(minuteMs, minuteMs + 120_000);
    expect(await readAll(minuteMs)).toEqual({ windows: [], traceIds: [], edges: [] });
    const marked = await readRows<{ N: string }>(engine.client, {
      sql: `SELECT count() AS N FROM tally_sampling_settled WHERE Window = toDateTime(${minuteMs / 1_000})`,
      params: {},
      about: 'tally_sampling_settled',
    });
    expect(marked).toEqual([{ N: '1' }]);
  });
});

describe('settled windows of log records', () => {
  it('tell their weights, their severity, and which traces they and exemplars name', async () => {
    const minuteMs = T0 + 50 * MINUTE;
    const time = (ms: number) => toClickhouseTime(minuteMs + ms);
    const id = (n: number, r: string) => `${n.toString(16).padStart(18, '0')}${r}`;
    // Of two traces above th:8 one has a span here.
    const [here, gone, below] = [id(1, 'c0000000000000'), id(2, 'f0000000000000'), id(3, '10000000000000')];
    await insert([
      {
        service: 'logging',
        traceId: here,
        spanId: 'a'.repeat(16),
        traceState: 'ot=th:8',
        startMs: minuteMs,
        receivedMs: minuteMs + 1_000,
      },
    ]);
    const log = (traceId: string, of: { flags?: number; th?: string; rv?: string; severity?: number }) => ({
      Timestamp: time(5_000),
      ReceivedAt: time(6_000),
      TraceId: traceId,
      TraceFlags: of.flags ?? 1,
      SeverityNumber: of.severity ?? 9,
      ServiceName: 'logging',
      ServiceNamespace: 'shop',
      Tenant: 'default',
      ...samplingColumns({
        traceState: '',
        traceId,
        flags: 0,
        attributes: {
          ...(of.th === undefined ? {} : { 'sampling.threshold': of.th }),
          ...(of.rv === undefined ? {} : { 'sampling.randomness': of.rv }),
        },
      }),
    });
    await writeRows(engine.client, 'otel_logs', [
      log(here, { th: '8' }),
      log(here, { th: '8', severity: 17 }),
      log(gone, { th: '8' }),
      log(below, { th: '8', flags: 0 }),
      log('', { th: '8', rv: 'e0000000000000' }),
      log('', { th: '8', rv: 'a0000000000000' }),
      log('', {}),
    ]);
    await writeRows(engine.client, 'tally_mention', [
      {
        ReceivedAt: time(6_000),
        Tenant: 'default',
        ServiceNamespace: 'shop',
        ServiceName: 'logging',
        MentionedBy: 'exemplar',
        TraceId: here,
        EventTime: time(5_000),
      },
    ]);
    await settle(minuteMs, minuteMs + 120_000);
    const range = { fromMs: minuteMs, untilMs: minuteMs + MINUTE, serviceNames: ['logging'] };
    const windows = (await readSamplingWindows(engine.client, range)).filter(
      ({ source }) => source.signal === 'logs',
    );
    expect(windows.map(({ weightKind, roots, errors }) => [weightKind, roots, errors]).sort()).toEqual([
      ['none', 1, 0],
      ['threshold', 6, 1],
    ]);
    // The two records of one trace have one U; one record lies below its threshold.
    expect(windows.find(({ weightKind }) => weightKind === 'threshold')).toMatchObject({
      rootPairs: 8,
      violations: 1,
      thresholdSpans: 6,
      exampleTraceId: below,
      offsetMin: 0.25,
    });
    expect(windows.flatMap(({ offsetBins }) => offsetBins).reduce((sum, count) => sum + count, 0)).toBe(4);
    const mentions = await readMentionWindows(engine.client, range);
    const total = (bins: readonly number[]) => bins.reduce((sum, count) => sum + count, 0);
    expect(
      mentions.map(({ mentionedBy, unsampled, found, missing, exampleTraceId }) => [
        mentionedBy,
        unsampled,
        total(found),
        total(missing),
        exampleTraceId,
      ]),
    ).toEqual([
      ['exemplar', 0, 1, 0, ''],
      ['log', 1, 1, 1, gone],
    ]);
    // Twice sampled above 3/4: rarity from 2^-2 on, the eighth quarter octave.
    expect(mentions[1]?.found.findIndex((count) => count > 0)).toBe(8);
    await settle(minuteMs, minuteMs + 121_000);
    expect(await readMentionWindows(engine.client, range)).toEqual(mentions);
  });
});
