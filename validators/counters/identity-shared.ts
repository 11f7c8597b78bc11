import type { CounterSeries } from '../../core/counter-series.ts';
import type { Readings } from './reading-times.ts';

/**
 * Whether two processes report under one identity (a fork, or no instance id): their epochs then run side by side,
 * and what one adds the other takes away. A restart is one after the other.
 * @param series of one metric and instance
 */
export function isIdentityShared(
  series: readonly (Pick<CounterSeries, 'metric' | 'labels'> & Readings)[],
): boolean {
  const alike = Map.groupBy(
    series.filter((one) => one.epochMs !== null && one.points.length > 0),
    (one) => `${one.metric}\u001f${Object.entries(one.labels).sort().join()}`,
  );
  return [...alike.values()].some((group) => {
    const spans = group
      .map(({ epochMs, points }) => ({
        epochMs,
        from: points[0]?.timeMs ?? 0,
        until: points.at(-1)?.timeMs ?? 0,
      }))
      .sort((a, b) => a.from - b.from);
    return spans.some((span, i) => {
      const next = spans[i + 1];
      return next !== undefined && next.epochMs !== span.epochMs && next.from < span.until;
    });
  });
}
