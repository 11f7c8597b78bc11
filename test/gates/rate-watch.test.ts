import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RateWatch } from '../../gates/rate-watch.ts';
import { sourceRate } from '../../gates/source-rate.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { gaugeRow } from '../store/metric-rows.ts';
import { spanRow, traceIdOf } from '../store/span-row.ts';
import { setOf } from './judged-world.ts';

const MINUTE = 60_000;
/** A settled minute of now, and fifty before it. */
const NOW_MS = Math.floor(Date.now() / MINUTE) * MINUTE + 1_000;
const SETTLED_MS = Math.floor((NOW_MS - 120_000) / MINUTE) * MINUTE;

const sets = ['busy', 'silent', 'quiet', 'unasked'].map((service) => {
  const set = setOf(
    `
sources:
  - {id: traces, signal: traces, expect: {sampling: {declared: none}}}
  - {id: lb, signal: metrics}
policies: [{id: p, require: '${service === 'unasked' ? 'data.traces.complete' : 'data.traces.rate > 1.0'}'}]`,
    { name: service },
  );
  return { ...set, scope: { service } };
});

let engine: TestEngine;
let watch: RateWatch;

const spans = (service: string, minuteMs: number, count: number) =>
  Array.from({ length: count }, (_, i) =>
    spanRow({
      service,
      traceId: traceIdOf(i + 1),
      spanId: i.toString(16).padStart(16, '0'),
      startMs: minuteMs + i,
      receivedMs: minuteMs + 5_000,
    }),
  );
const counted = (service: string, minuteMs: number, count: number) => {
  const timeMs = minuteMs + MINUTE - 1_000;
  const { Value, ...row } = gaugeRow({
    service,
    metric: 'http.server.request.duration',
    startMs: minuteMs - 1_000,
    timeMs,
    receivedMs: timeMs + 100,
    value: 0,
  });
  const histogram = {
    MetricUnit: 's',
    Count: count,
    Sum: 1,
    ExplicitBounds: [0.1],
    BucketCounts: [count, 0],
  };
  return { ...row, ...histogram, AggregationTemporality: 1 };
};

beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  await writeRows(engine.client, 'otel_traces', [
    ...spans('busy', SETTLED_MS, 120),
    ...spans('silent', SETTLED_MS - 50 * MINUTE, 600),
    ...spans('unasked', SETTLED_MS, 60),
  ]);
  await writeRows(engine.client, 'otel_metrics_histogram', [
    counted('busy', SETTLED_MS - MINUTE, 100),
    counted('busy', SETTLED_MS, 180),
  ]);
  watch = new RateWatch();
  await watch.refresh(engine.client, { sets, nowMs: NOW_MS });
});
afterAll(() => engine.close());

const rate = (serviceName: string, signal: 'traces' | 'metrics', nowMs = NOW_MS) =>
  sourceRate(watch.rates, { serviceName, signal, nowMs });

describe('the rates that rules ask for', () => {
  it('are those of the settled minute, by spans and by what the service counts itself', () => {
    expect(rate('busy', 'traces')).toMatchObject({ value: 2 });
    expect(rate('busy', 'metrics')).toMatchObject({ value: 3 });
  });

  it('are not zero for a service that was busy in the hour before', () => {
    expect(rate('silent', 'traces')).toMatchObject({
      unknown: expect.stringContaining('up to 10.0/s in the hour before'),
    });
  });

  it('are not known of what nobody counts, of what was not asked for, and of what was not renewed', () => {
    expect(rate('quiet', 'traces')).toHaveProperty('unknown');
    expect(rate('unasked', 'traces')).toHaveProperty('unknown');
    expect(rate('busy', 'traces', NOW_MS + 61_000)).toHaveProperty('unknown');
  });
});
