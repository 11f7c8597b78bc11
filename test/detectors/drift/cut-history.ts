import type { SystemHistory } from '../../../core/system-history.ts';
import { EDGE_STEP_MINUTES } from '../../../core/system-history.ts';

/** What was known of a system at the end of a minute: the rest of its history has not happened yet. */
export function cutHistory(history: SystemHistory, minutes: number): SystemHistory {
  const steps = Math.floor(minutes / EDGE_STEP_MINUTES);
  const cut = <T extends object>(of: T, length: number): T =>
    Object.fromEntries(
      Object.entries(of).map(([name, value]) => [
        name,
        value instanceof Float64Array ? value.slice(0, length) : value,
      ]),
    ) as T;
  const before = ({ minute }: { readonly minute: number }) => minute < minutes;
  return {
    ...history,
    minutes,
    services: new Map(
      [...history.services].map(([name, service]) => [name, { name, series: cut(service.series, minutes) }]),
    ),
    edges: history.edges.map((edge) => cut(edge, steps)),
    masks: history.masks?.map((mask) => ({ ...mask, series: cut(mask.series, minutes) })),
    pools: history.pools.map((pool) => cut(pool, minutes)),
    users: history.users === null ? null : cut(history.users, minutes),
    actions: history.actions.filter(before),
    decisions: history.decisions.filter(before),
    changes: history.changes.filter(before),
  };
}
