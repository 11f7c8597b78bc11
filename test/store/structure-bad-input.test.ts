import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULT } from '../../core/structure-tally.ts';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { readSpanRepeats } from '../../store/tallies/read-span-repeats.ts';
import { readStreamTallies } from '../../store/tallies/read-stream-tallies.ts';
import { readStructureTallies } from '../../store/tallies/read-structure-tallies.ts';
import { writeRows } from '../../store/write-rows.ts';
import { checkStructure } from '../../validators/structure/check-structure.ts';
import { estimateMissedIntervals } from '../../validators/structure/estimate-missed-intervals.ts';
import { SLOW_MS, windowsUntil } from '../../validators/windows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { residentBytes } from '../ingest/resident-bytes.ts';
import { sumRow } from './metric-rows.ts';
import { spanRow, traceIdOf } from './span-row.ts';

const NOW_MS = Date.now();
const AT_MS = NOW_MS - 20_000;
const SOURCES = 100_000;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
});
afterAll(() => engine.close());

async function judge(serviceName: string, signal: 'traces' | 'metrics') {
  const { slowStartMs, fastStartMs } = windowsUntil(NOW_MS);
  const range = { fromMs: slowStartMs, splitMs: fastStartMs };
  const [structure, streams, repeats] = await Promise.all([
    readStructureTallies(engine.client, range),
    readStreamTallies(engine.client, range),
    readSpanRepeats(engine.client, { fromMs: slowStartMs, untilMs: NOW_MS }),
  ]);
  const isOwn = ({ source }: { source: { serviceName: string; signal: string } }) =>
    source.serviceName === serviceName && source.signal === signal;
  const tallies = structure.tallies.filter(isOwn);
  return checkStructure(
    {
      source: { tenant: 'default', serviceNamespace: 'shop', serviceName, serviceInstanceId: '', signal },
      tallies,
      refusals: structure.refusals.filter(isOwn),
      repeats: repeats.filter(isOwn),
      streams: streams.services.find(({ service }) => service.serviceName === serviceName) ?? null,
    },
    null,
    NOW_MS,
  );
}
const codesOf = async (serviceName: string, signal: 'traces' | 'metrics') =>
  (await judge(serviceName, signal))?.reasons.map((reason) => reason.code);

describe('bad input', () => {
  it('finds sources without a name', async () => {
    const rows = Array.from({ length: 200 }, (_, n) =>
      spanRow({
        service: 'unknown_service:node',
        instance: '',
        traceId: traceIdOf(n),
        spanId: `n${n}`,
        startMs: AT_MS,
        receivedMs: AT_MS + n * 100,
      }),
    );
    await writeRows(engine.client, 'otel_traces', rows);
    const verdict = await judge('unknown_service:node', 'traces');
    expect(verdict).toMatchObject({ outcome: 'fail', evidence: { withoutInstance: 200 } });
    expect(verdict?.reasons[0]?.code).toBe('SERVICE_UNNAMED');
  });

  it('finds points without temporality, be they stored or refused', async () => {
    const point = { service: 'untyped', timeMs: AT_MS, value: 1, temporality: 0 as const };
    const rows = Array.from({ length: 100 }, (_, n) => sumRow({ ...point, receivedMs: AT_MS + n * 200 }));
    await writeRows(engine.client, 'otel_metrics_sum', rows);
    expect((await codesOf('untyped', 'metrics'))?.[0]).toBe('POINTS_INVALID');
    await writeRows(engine.client, 'tally_rejection', [
      {
        ReceivedAt: toClickhouseTime(AT_MS),
        Tenant: 'default',
        ServiceNamespace: 'shop',
        ServiceName: 'refused',
        Signal: 'metrics',
        Reason: 'temporality_unset',
        Items: 500,
      },
    ]);
    expect((await codesOf('refused', 'metrics'))?.[0]).toBe('POINTS_INVALID');
  });

  it('finds spans of a day and more; old ones alone are timeliness’s business', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => {
      const old = {
        traceId: traceIdOf(n),
        spanId: `d${n}`,
        startMs: AT_MS - 86_500_000,
        receivedMs: AT_MS + n * 100,
      };
      return [
        spanRow({ ...old, service: 'day-long', durationMs: 86_400_000 }),
        spanRow({ ...old, service: 'day-old', traceId: traceIdOf(n + 1_000), durationMs: 5 }),
      ];
    }).flat();
    await writeRows(engine.client, 'otel_traces', rows);
    expect((await codesOf('day-long', 'traces'))?.[0]).toBe('SPAN_TIMES_IMPOSSIBLE');
    expect(await judge('day-old', 'traces')).toMatchObject({
      outcome: 'unknown',
      estimate: 0,
      reasons: [{ code: 'TOO_FEW' }],
    });
  });

  it('bears 100,000 sources and 100,000 series at once: bounded answers that say what they leave out', async () => {
    const before = await residentBytes(engine.pid);
    const from = `FROM numbers(${SOURCES})`;
    const at = `toDateTime64(${AT_MS / 1_000}, 3, 'UTC')`;
    for (const query of [
      `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, ServiceName, ServiceInstanceId, ReceivedAt)
         SELECT ${at}, leftPad(hex(number), 32, '0'), leftPad(hex(number), 16, '0'), leftPad(hex(number), 16, '0'),
           concat('many-', toString(number)), 'i', ${at} ${from}`,
      // One service whose instance id and attributes are new at every request.
      `INSERT INTO otel_metrics_sum (TimeUnix, StartTimeUnix, ServiceName, ServiceInstanceId, MetricName, Attributes, Value,
           AggregationTemporality, IsMonotonic, ReceivedAt)
         SELECT ${at}, ${at}, 'restless', toString(number), 'm', map('id', toString(number)), 1, 2, true, ${at} ${from}`,
      `INSERT INTO otel_metrics_gauge (TimeUnix, ServiceName, ServiceInstanceId, MetricName, Value, ReceivedAt)
         SELECT ${at}, concat('many-', toString(number)), 'i', 'm', 1, ${at} ${from}`,
    ]) {
      await engine.client.command({ query });
    }
    const { slowStartMs, fastStartMs } = windowsUntil(NOW_MS);
    const range = { fromMs: slowStartMs, splitMs: fastStartMs };
    const structure = await readStructureTallies(engine.client, range);
    expect(structure.sourcesLeftOut).toBeGreaterThan(170_000);
    expect(structure.tallies.length).toBeLessThan(50_000);
    expect(structure.tallies.some((tally) => tally.faults.has(FAULT.selfParent))).toBe(true);

    const streams = await readStreamTallies(engine.client, range);
    expect(streams.servicesLeftOut).toBeGreaterThan(80_000);
    const restless = streams.services.find(({ service }) => service.serviceName === 'restless');
    expect(restless?.seriesCount).toBe(SOURCES);
    expect(restless?.seriesRead).toBeLessThan(256);
    const estimates = estimateMissedIntervals(restless === undefined ? [] : [restless], NOW_MS);
    expect([...estimates.values()].map((one) => one.veto?.code)).toEqual(['INTERVAL_LEARNING']);

    const repeats = await readSpanRepeats(engine.client, { fromMs: NOW_MS - SLOW_MS, untilMs: NOW_MS });
    expect(repeats.length).toBeLessThanOrEqual(100_000);
    const after = await residentBytes(engine.pid);
    expect(after.anonymous - before.anonymous).toBeLessThan(1.5e9);
  }, 120_000);
});
