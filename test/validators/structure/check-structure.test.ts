import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import type { Signal } from '../../../core/signal.ts';
import type { StreamsOfService } from '../../../core/stream-tally.ts';
import { FAULT, type SpanRepeatTally, type StructureTally } from '../../../core/structure-tally.ts';
import { pointsAt, serviceOf, simulateStreams, stream } from '../../../eval/simulators/simulated-streams.ts';
import { checkStructure, type StructureInput } from '../../../validators/structure/check-structure.ts';
import { NOW_MS, sourceOf } from '../tallies.ts';

const BUCKETS = Array.from({ length: 119 }, (_, i) => Math.floor(NOW_MS / 5_000) * 5_000 - i * 5_000);

function tallies(signal: Signal, of: { records?: number; faults?: (i: number) => [number, number][] } = {}) {
  return BUCKETS.map(
    (receiveStartMs, i): StructureTally => ({
      source: sourceOf(signal),
      receiveStartMs,
      records: of.records ?? 100,
      faults: new Map(of.faults?.(i) ?? []),
      roots: 10,
      dropped: { attributes: 0, events: 0, links: 0 },
      withoutInstance: 0,
      batchCount: 1,
      faultyInstance: of.faults === undefined ? '' : 'pod-1',
    }),
  );
}

function repeats(of: Partial<SpanRepeatTally> = {}) {
  return BUCKETS.map(
    (receiveStartMs): SpanRepeatTally => ({
      source: sourceOf('traces'),
      receiveStartMs,
      spans: 100,
      repeats: 0,
      reuses: 0,
      roots: 10,
      extraRoots: 0,
      exampleTraceId: '',
      ...of,
    }),
  );
}

const check = (input: Partial<StructureInput>, signal: Signal = 'traces') =>
  checkStructure(
    {
      source: sourceOf(signal),
      tallies: tallies(signal),
      refusals: [],
      repeats: signal === 'traces' ? repeats() : [],
      streams: null,
      ...input,
    },
    null,
    NOW_MS,
  );
const codesOf = (verdict: ReturnType<typeof check>) => verdict?.reasons.map((reason) => reason.code);

describe('checkStructure', () => {
  it('passes records without a fault', () => {
    const verdict = check({});
    expect(verdict).toMatchObject({ outcome: 'pass', estimate: 0, reasons: [], dimension: 'structure' });
    expect(verdict?.estimators.map((one) => one.id)).toContain('duplicates');
    expect(check({}, 'logs')?.outcome).toBe('pass');
  });

  it.each([
    ['ids', FAULT.selfParent, 'IDS_INVALID'],
    ['ids', FAULT.parentIdInvalid, 'IDS_INVALID'],
    ['span-times', FAULT.endBeforeStart, 'SPAN_TIMES_IMPOSSIBLE'],
    ['span-times', FAULT.longerThanDay | FAULT.timeMissing, 'SPAN_TIMES_IMPOSSIBLE'],
    ['attributes', FAULT.duplicateKeys, 'ATTRIBUTES_BROKEN'],
    ['truncation', FAULT.truncated, 'RECORDS_TRUNCATED'],
  ])('fails %s when a tenth of the spans, all the time, has bits %d', (id, bits, code) => {
    const verdict = check({ tallies: tallies('traces', { faults: () => [[bits, 10]] }) });
    expect(verdict?.outcome).toBe('fail');
    expect(codesOf(verdict)?.[0]).toBe(code);
    expect(verdict?.estimators[0]?.id).toBe(id);
    expect(verdict?.reasons[0]?.text).toContain('pod-1');
  });

  it('does not take 128 attributes for a fault', () => {
    const full = tallies('traces', { faults: () => [[FAULT.atAttributeLimit, 50]] });
    expect(check({ tallies: full })).toMatchObject({
      outcome: 'pass',
      evidence: { atAttributeLimit: 50 * BUCKETS.length },
    });
  });

  it('does not fail for one batch of one client', () => {
    const burst = tallies('traces', { faults: (i) => (i === 2 ? [[FAULT.selfParent, 90]] : []) });
    const verdict = check({ tallies: burst });
    expect(verdict?.outcome).toBe('unknown');
    expect(verdict?.estimate).toBeGreaterThan(0.05);
    expect(codesOf(verdict)).toEqual(['IDS_INVALID']);
  });

  it.each([
    ['repeats', { repeats: 2 }, 'DUPLICATES'],
    ['reuses', { reuses: 2 }, 'SPAN_IDS_REUSED'],
    ['extraRoots', { extraRoots: 2 }, 'SEVERAL_ROOTS'],
  ])('fails %s at their own limits, with an example', (_name, some, code) => {
    const verdict = check({ repeats: repeats({ ...some, exampleTraceId: 'abc' }) });
    expect(verdict?.outcome).toBe('fail');
    expect(codesOf(verdict)).toEqual([code]);
    expect(verdict?.reasons[0]?.text).toContain('trace abc');
  });

  it('counts what was refused', () => {
    const refusals = BUCKETS.map((receiveStartMs) => ({
      source: sourceOf('metrics'),
      receiveStartMs,
      reason: 'temporality_unset',
      items: 20,
    }));
    expect(codesOf(check({ refusals }, 'metrics'))?.[0]).toBe('POINTS_INVALID');
    expect(codesOf(check({ refusals, tallies: [] }, 'metrics'))?.[0]).toBe('POINTS_INVALID');
  });

  it.each(['', 'unknown_service', 'unknown_service:node'])('fails a service named %j', (serviceName) => {
    expect(codesOf(check({ source: { ...sourceOf('logs'), serviceName } }, 'logs'))).toEqual([
      'SERVICE_UNNAMED',
    ]);
  });

  it('is unknown under 30 records, and says how many it takes', () => {
    const few = tallies('logs', { records: 1 }).slice(0, 20);
    const verdict = check({ tallies: few }, 'logs');
    expect(verdict).toMatchObject({ outcome: 'unknown', estimate: null });
    expect(codesOf(verdict)).toEqual(['TOO_FEW']);
    expect(verdict?.reasons[0]?.text).toContain('20 of 381');
  });

  it('says nothing about a source of which nothing came', () => {
    expect(check({ tallies: [], repeats: [] })).toBeNull();
  });

  it('keeps a burst of faults exactly at the limit from failing in more than 5 % of windows', () => {
    let failed = 0;
    const runs = 300;
    for (let run = 0; run < runs; run++) {
      const random = randomFrom(run * 7_919 + 1);
      // A twentieth of the buckets is bad as a whole.
      const bad = tallies('logs', { faults: () => (random() < 0.05 ? [[FAULT.timeMissing, 100]] : []) });
      if (check({ tallies: bad }, 'logs')?.outcome === 'fail') failed++;
    }
    expect(failed / runs).toBeLessThanOrEqual(0.05);
  });
});

describe('checkStructure of metric streams', () => {
  const streamsOf = (streams: StreamsOfService) => check({ streams }, 'metrics');
  const times = (count: number, phaseMs = 0) =>
    Array.from({ length: count }, (_, i) => NOW_MS - 590_000 + phaseMs + i * 10_000);

  it('passes steady streams, delta ones too', () => {
    const delta = simulateStreams({ seed: 2, endMs: NOW_MS, temporality: 'delta' });
    const { streams } = simulateStreams({ seed: 1, endMs: NOW_MS });
    const verdict = streamsOf(
      serviceOf([...streams, ...delta.streams.map((one) => ({ ...one, metricName: 'd' }))]),
    );
    expect(verdict).toMatchObject({ outcome: 'unknown' });
    expect(codesOf(verdict)).toEqual(['TOO_FEW']); // duplicates take 3,838 points
    const many = simulateStreams({ seed: 3, endMs: NOW_MS, series: 120 });
    expect(streamsOf(many)?.outcome).toBe('pass');
  });

  it('fails counters that fall without a new start', () => {
    const fallen = Array.from({ length: 20 }, (_, i) =>
      stream({ series: `${i}`, points: pointsAt(times(59)), peak: 9, fastPeak: 9, last: 3 }),
    );
    expect(codesOf(streamsOf(serviceOf(fallen)))?.[0]).toBe('COUNTERS_FELL');
  });

  it('does not hold a fall against a series without a start', () => {
    const fallen = stream({ epochStartMs: 0, points: pointsAt(times(59)), peak: 9, fastPeak: 9, last: 3 });
    const verdict = streamsOf(serviceOf([fallen]));
    expect(verdict?.outcome).toBe('unknown');
    expect(verdict?.evidence).toMatchObject({ streams: { withoutStart: 1, epochs: 0 } });
  });

  it('fails two processes under one identity: epochs side by side', () => {
    const forked = Array.from({ length: 10 }, (_, i) => [
      stream({ series: `${i}`, points: pointsAt(times(59)) }),
      stream({ series: `${i}`, epochStartMs: 1_600_000_000_500, points: pointsAt(times(59, 3_000)) }),
    ]).flat();
    const verdict = streamsOf(serviceOf(forked));
    expect(verdict?.outcome).toBe('fail');
    expect(codesOf(verdict)?.[0]).toBe('SEVERAL_WRITERS');
  });

  it('fails two values at one time', () => {
    const both = Array.from({ length: 10 }, (_, i) => {
      const points = times(59).flatMap((timeMs) =>
        pointsAt([timeMs, timeMs]).map((point, valueHash) => ({ ...point, valueHash })),
      );
      return stream({ series: `${i}`, points });
    });
    expect(codesOf(streamsOf(serviceOf(both)))?.[0]).toBe('SEVERAL_WRITERS');
  });

  it('takes a rolling restart with a short overlap for what it is', () => {
    const restarted = Array.from({ length: 80 }, (_, i) => [
      stream({ series: `${i}`, points: pointsAt(times(30)) }),
      stream({ series: `${i}`, epochStartMs: NOW_MS - 320_000, points: pointsAt(times(31, 280_500)) }),
    ]).flat();
    const verdict = streamsOf(serviceOf(restarted));
    expect(verdict).toMatchObject({
      outcome: 'pass',
      evidence: { streams: { resets: 80, unknownResets: 0 } },
    });
  });

  it('fails delta points that overlap, not those with gaps', () => {
    const delta = (durationMs: number) =>
      serviceOf(
        Array.from({ length: 10 }, (_, i) =>
          stream({
            series: `${i}`,
            temporality: 'delta',
            epochStartMs: 0,
            points: pointsAt(times(59), { durationMs }),
          }),
        ),
      );
    const overlapping = streamsOf(delta(15_000));
    expect(codesOf(overlapping)?.[0]).toBe('DELTAS_OVERLAP');
    const gaps = streamsOf(delta(5_000));
    expect(gaps?.outcome).toBe('unknown');
    expect(gaps?.evidence).toMatchObject({ streams: { deltaCoverage: expect.closeTo(0.505, 2) } });
  });

  it('fails points delivered twice', () => {
    const twice = Array.from({ length: 20 }, (_, i) =>
      stream({ series: `${i}`, points: pointsAt(times(59)), repeats: 59, fastRepeats: 18 }),
    );
    expect(codesOf(streamsOf(serviceOf(twice)))?.[0]).toBe('DUPLICATES');
  });

  it('cannot pass what overflowed its cardinality limit', () => {
    const many = simulateStreams({ seed: 3, endMs: NOW_MS, series: 120 });
    const streams = [...many.streams, stream({ series: 'o', overflow: 3, metricName: 'http.requests' })];
    const verdict = streamsOf(serviceOf(streams));
    expect(verdict?.outcome).toBe('unknown');
    expect(codesOf(verdict)).toEqual(['METRIC_OVERFLOW']);
    expect(verdict?.reasons[0]?.text).toContain('http.requests');
  });
});
