import { describe, expect, it } from 'vitest';
import type { CounterSeries } from '../../../core/counter-series.ts';
import { sourceKey } from '../../../core/source.ts';
import { runSdk } from '../../../eval/simulators/sdk-run.ts';
import { countBetween, levelChange } from '../../../validators/counters/count-between.ts';
import { estimateSdkFunnel } from '../../../validators/counters/estimate-sdk-funnel.ts';
import { readingTimes, readingWindows } from '../../../validators/counters/reading-times.ts';

const INSTANCE = { tenant: 't', serviceNamespace: '', serviceName: 's', serviceInstanceId: 'i' };

function series(
  temporality: CounterSeries['temporality'],
  points: readonly (readonly [number, number])[],
): CounterSeries {
  return {
    instance: INSTANCE,
    metric: 'm',
    labels: {},
    temporality,
    epochMs: temporality === 'cumulative' ? 0 : null,
    points: points.map(([timeMs, value]) => ({ timeMs, receiveBucketMs: 0, startMs: 0, value })),
  };
}

describe('countBetween', () => {
  const range = { fromMs: 10, untilMs: 30 };
  it.each([
    ['a counter', 'cumulative', [[10, 5], [20, 7], [30, 9], [40, 99]], 4], // biome-ignore format: a table
    ['one that appears with its first event', 'cumulative', [[20, 7], [30, 9]], 9], // biome-ignore format: a table
    ['one that fell and began again', 'cumulative', [[10, 5], [20, 7], [30, 3]], 5], // biome-ignore format: a table
    ['deltas', 'delta', [[10, 5], [20, 7], [30, 9]], 16], // biome-ignore format: a table
    ['nothing', 'cumulative', [], 0],
  ] as const)('counts %s', (_name, temporality, points, count) => {
    expect(countBetween([series(temporality, points)], range)).toBe(count);
  });

  it('tells how a level moved, up or down', () => {
    expect(levelChange([series('level', [[10, 5], [30, 2]])], range)).toBe(-3); // biome-ignore format: a table
    expect(levelChange([series('delta', [[20, -4], [30, 1]])], range)).toBe(-3); // biome-ignore format: a table
  });
});

describe('readingTimes and readingWindows', () => {
  it('leave out half a report, and take two intervals and ten minutes', () => {
    const whole = series(
      'delta',
      Array.from({ length: 15 }, (_, i) => [i * 60_000, 1] as const),
    );
    const late = series(
      'delta',
      whole.points.slice(0, 14).map(({ timeMs }) => [timeMs + 300, 1] as const),
    );
    const times = readingTimes([[whole], [late], []], 0);
    expect(times).toEqual(late.points.map(({ timeMs }) => timeMs));
    const last = times.at(-1) as number;
    const { fast, slow } = readingWindows(times, last + 10_000);
    expect(fast?.map((timeMs) => last - timeMs)).toEqual([120_000, 60_000, 0]);
    expect(slow).toHaveLength(11);
    expect(readingWindows(times, last + 200_000).fast).toBe(null);
    expect(readingWindows(times, last + 700_000).slow).toBe(null);
  });

  it('take 40 s of what is reported every second', () => {
    const times = Array.from({ length: 100 }, (_, i) => i * 1_000);
    expect(readingWindows(times, 99_000).fast?.[0]).toBe(59_000);
  });
});

describe('estimateSdkFunnel of other signals and temporalities', () => {
  const { series: spans, nowMs } = runSdk({ seed: 1, durationMs: 660_000, failRatio: 0.2 });
  const keyOf = (signal: 'traces' | 'logs' | 'metrics') =>
    sourceKey({ ...(spans[0] as CounterSeries).instance, serviceInstanceId: '', signal });
  const renamed = (from: RegExp, to: string) =>
    spans.map((one) => ({ ...one, metric: one.metric.replace(from, to) }));

  it('reads logs and metric data points by their own counters', () => {
    const logs = renamed(/\.span\./, '.log.').map((one) =>
      one.metric === 'otel.sdk.log.started' ? { ...one, metric: 'otel.sdk.log.created' } : one,
    );
    const ofLogs = estimateSdkFunnel(logs, [], nowMs);
    expect([...ofLogs.keys()]).toEqual([keyOf('logs')]);
    expect(ofLogs.get(keyOf('logs'))?.fast.interval?.lower).toBeGreaterThan(0.05);
    const points = renamed(/exporter\.span\./, 'exporter.metric_data_point.').filter(
      ({ metric }) => metric.includes('metric_data_point') || metric.includes('operation'),
    );
    expect(estimateSdkFunnel(points, [], nowMs).get(keyOf('metrics'))?.fast.interval?.lower).toBeGreaterThan(
      0.05,
    );
  });

  it('reads deltas as it reads cumulative counters', () => {
    const deltas = spans.map((one): CounterSeries => {
      if (one.metric.endsWith('.size') || one.metric.endsWith('.live')) return one;
      const points = one.points.map((point, i) => ({
        ...point,
        value: point.value - (one.points[i - 1]?.value ?? 0),
      }));
      return { ...one, temporality: 'delta', epochMs: null, points };
    });
    const cumulative = estimateSdkFunnel(spans, [], nowMs).get(keyOf('traces'));
    const delta = estimateSdkFunnel(deltas, [], nowMs).get(keyOf('traces'));
    expect(delta?.fast.interval).toEqual(cumulative?.fast.interval);
  });
});
