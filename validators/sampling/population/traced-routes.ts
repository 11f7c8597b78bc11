import type { ServerSpans } from '../../../core/counter-server-spans.ts';
import type { PopulationSeries } from '../../../core/sampling/population-series.ts';

/** That many spans expected and not one there: by chance at e^-21, one in 1e9. */
const EXPECTED_MIN = 21;

/**
 * Series without the routes that are counted and never traced (health checks, routes that are switched off): those
 * are no part of what is sampled. A route that is seldom asked for may have no span by chance and stays.
 * @param spans stored spans of the same service and about the same time
 */
export function tracedRoutes(
  series: readonly PopulationSeries[],
  spans: readonly ServerSpans[],
): { readonly series: readonly PopulationSeries[]; readonly routesNotTraced: readonly string[] } {
  const routeOf = ({ labels }: PopulationSeries) => labels['http.route'] ?? labels['rpc.method'] ?? '';
  const stored = new Map<string, number>();
  for (const { route, rpcMethod, bySecond } of spans) {
    const name = route === '' ? rpcMethod : route;
    for (const count of bySecond.values()) stored.set(name, (stored.get(name) ?? 0) + count);
  }
  const counted = new Map<string, number>();
  for (const one of series) counted.set(routeOf(one), (counted.get(routeOf(one)) ?? 0) + growth(one));
  const share = sum(stored) / Math.max(1, sum(counted));
  // Where the limit of series is reached, a route's requests are counted without it.
  const isBlurred = series.some(({ labels }) => labels['otel.metric.overflow'] === 'true');
  const routesNotTraced = [...counted]
    .filter(([route, count]) => !isBlurred && !stored.has(route) && count * share >= EXPECTED_MIN)
    .map(([route]) => route)
    .sort();
  return { series: series.filter((one) => !routesNotTraced.includes(routeOf(one))), routesNotTraced };
}

function growth({ points, temporality }: PopulationSeries): number {
  const at = (index: number) => points.at(index)?.counts[0] ?? 0;
  if (temporality === 'cumulative') return Math.max(0, at(-1) - at(0));
  return points.reduce((total, { counts }) => total + (counts[0] ?? 0), 0);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
