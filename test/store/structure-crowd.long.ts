import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULT } from '../../core/structure-tally.ts';
import { readSpanRepeats } from '../../store/tallies/read-span-repeats.ts';
import { readStreamTallies } from '../../store/tallies/read-stream-tallies.ts';
import { readStructureTallies } from '../../store/tallies/read-structure-tallies.ts';
import { estimateMissedIntervals } from '../../validators/structure/estimate-missed-intervals.ts';
import { SLOW_MS, windowsUntil } from '../../validators/windows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { residentBytes } from '../ingest/resident-bytes.ts';

const NOW_MS = Date.now();
const AT_MS = NOW_MS - 20_000;
const SOURCES = 100_000;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
});
afterAll(() => engine.close());

describe('a crowd', () => {
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
