import { describe, expect, it } from 'vitest';
import type { StreamsOfService } from '../../../core/stream-tally.ts';
import {
  type Fleet,
  pointsAt,
  serviceOf,
  simulateStreams,
  stream,
} from '../../../eval/simulators/simulated-streams.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';
import { estimateMissedIntervals } from '../../../validators/structure/estimate-missed-intervals.ts';
import { NOW_MS } from '../tallies.ts';

const estimate = (of: StreamsOfService) =>
  [...estimateMissedIntervals([of], NOW_MS).values()][0] as LossEstimate;
const simulate = (fleet: Partial<Fleet>) => estimate(simulateStreams({ seed: 1, endMs: NOW_MS, ...fleet }));
const times = (count: number, intervalMs: number, endAgoMs = 15_000) =>
  Array.from({ length: count }, (_, i) => NOW_MS - endAgoMs - (count - 1 - i) * intervalMs);

describe('estimateMissedIntervals', () => {
  it('sees nothing missing in steady streams, and says of how many', () => {
    const { slow, fast, veto, blame, evidence } = simulate({});
    expect(veto).toBeNull();
    expect(blame).toBeNull();
    expect(slow.interval).toMatchObject({ estimate: 0, lower: 0 });
    expect(fast.interval?.estimate).toBe(0);
    expect(evidence['intervalMs']).toBeGreaterThan(9_500);
    expect(evidence['intervalMs']).toBeLessThan(10_500);
    expect(evidence['missedRatio']).toBe(0);
  });

  it('counts a gap of m intervals as m - 1 missing points, at the times they were due', () => {
    const all = times(50, 10_000);
    const points = pointsAt(all.filter((_, i) => i !== 44 && i !== 45));
    const streams = Array.from({ length: 4 }, (_, i) => stream({ series: `${i}`, points }));
    const { slow, fast, evidence, blame } = estimate(serviceOf(streams));
    expect(evidence['missedPoints']).toBe(8);
    expect(slow.n).toBe(4 * 48); // the first and the last are given
    expect(fast.n).toBe(4 * 7);
    expect(fast.interval).toBeNull(); // under 30 points
    expect(blame).toMatchObject({ at: 'source', name: 'pod-1' });
  });

  it('does not count what came before a first or after a last point: scale-out, scale-in', () => {
    const early = stream({ points: pointsAt(times(20, 10_000, 300_000)) });
    const whole = Array.from({ length: 3 }, (_, i) =>
      stream({ serviceInstanceId: `pod-${i + 2}`, points: pointsAt(times(50, 10_000)) }),
    );
    const { slow, veto } = estimate(serviceOf([early, ...whole]));
    expect(veto).toBeNull();
    expect(slow.interval?.estimate).toBe(0);
  });

  it('does not count the time between two epochs', () => {
    const before = pointsAt(times(20, 10_000, 300_000));
    const after = pointsAt(times(20, 10_000));
    const streams = Array.from({ length: 5 }, (_, i) => [
      stream({ series: `${i}`, points: before }),
      stream({ series: `${i}`, points: after, epochStartMs: NOW_MS - 220_000 }),
    ]).flat();
    expect(estimate(serviceOf(streams)).slow.interval?.estimate).toBe(0);
  });

  it('sees only whole exports of delta series, which rest by themselves', () => {
    const all = times(50, 10_000).filter((_, i) => i !== 30);
    const sparse = Array.from({ length: 10 }, (_, i) =>
      stream({
        series: `${i}`,
        temporality: 'delta',
        epochStartMs: 0,
        points: pointsAt(all.filter((__, slot) => slot % 10 === i || slot % 7 === i)),
      }),
    );
    const { evidence } = estimate(serviceOf(sparse));
    expect(evidence).toMatchObject({ wholeExportsOnly: true, missedPoints: 1, expectedPoints: 48 });
  });

  it('leaves out a series that rests among steady ones', () => {
    const all = times(50, 10_000);
    const steady = Array.from({ length: 9 }, (_, i) => stream({ series: `${i}`, points: pointsAt(all) }));
    const resting = stream({
      series: 'r',
      points: pointsAt(all.filter((_, i) => i % 20 < 9)),
    });
    const { evidence } = estimate(serviceOf([...steady, resting]));
    expect(evidence).toMatchObject({ missedPoints: 0, intermittentSeries: 1 });
  });

  it.each([
    ['INTERVAL_LEARNING', [stream({ points: pointsAt(times(3, 10_000)) })]],
    [
      'NO_CADENCE',
      [
        stream({
          points: pointsAt(
            [1, 2, 4, 5.5, 9, 10.4, 13, 16.6, 17, 18.4, 22].map((s) => NOW_MS - 90_000 + s * 3_000),
          ),
        }),
      ],
    ],
    [
      'INTERVAL_CHANGED',
      [stream({ points: pointsAt([...times(20, 10_000, 240_000), ...times(4, 60_000)]) })],
    ],
    [
      'WRITERS_MIXED',
      [
        stream({ points: pointsAt(times(50, 10_000)) }),
        stream({ points: pointsAt(times(50, 10_000, 18_000)), epochStartMs: 1_600_000_000_500 }),
      ],
    ],
  ])('vetoes itself: %s', (code, streams) => {
    expect(estimate(serviceOf(streams)).veto?.code).toBe(code);
  });

  it('blames the process that misses exports, and nobody when all do', () => {
    const healthy = simulateStreams({ seed: 1, endMs: NOW_MS, writers: 3 });
    const lossy = simulateStreams({ seed: 2, endMs: NOW_MS, loss: { ratio: 0.3, by: 'export' } });
    const bad = lossy.streams.map((one) => ({ ...one, serviceInstanceId: 'pod-9' }));
    expect(estimate(serviceOf([...healthy.streams, ...bad])).blame).toMatchObject({
      at: 'source',
      name: 'pod-9',
    });
    const all = simulate({ writers: 3, loss: { ratio: 0.3, by: 'export' } });
    expect(all.blame).toMatchObject({ at: 'unattributed', name: 'checkout' });
  });

  it('cannot pass what overflowed', () => {
    const { streams } = simulateStreams({ seed: 1, endMs: NOW_MS });
    const [first, ...rest] = streams;
    const { slow, evidence } = estimate(
      serviceOf([{ ...(first as (typeof streams)[number]), overflow: 1 }, ...rest]),
    );
    expect(slow.mayPass).toBe(false);
    expect(evidence['overflow']).toBe(true);
  });

  it('says nothing below zero points', () => {
    expect(estimateMissedIntervals([], NOW_MS).size).toBe(0);
    expect(estimate(serviceOf([])).slow.interval).toBeNull();
  });
});
