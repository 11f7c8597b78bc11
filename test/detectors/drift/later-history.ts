import { EDGE_STEP_MINUTES, type SystemHistory } from '../../../core/system-history.ts';

/** The same system read from a minute on, a multiple of ten: what was recorded before lies at negative minutes. */
export function laterHistory(history: SystemHistory, fromMinute: number): SystemHistory {
  const cut = <T extends object>(of: T, from: number): T =>
    Object.fromEntries(
      Object.entries(of).map(([name, value]) => [
        name,
        value instanceof Float64Array ? value.slice(from) : value,
      ]),
    ) as T;
  const move = <T extends { readonly minute: number }>(of: T): T => ({
    ...of,
    minute: of.minute - fromMinute,
  });
  return {
    ...history,
    startMs: history.startMs + fromMinute * 60_000,
    minutes: history.minutes - fromMinute,
    services: new Map(
      [...history.services].map(([name, { series }]) => [name, { name, series: cut(series, fromMinute) }]),
    ),
    // Of an edge that nobody took since nobody knows.
    edges: history.edges
      .map((edge) => cut(edge, fromMinute / EDGE_STEP_MINUTES))
      .filter(({ calls }) => calls.some((n) => n > 0)),
    masks: history.masks?.map((mask) => ({ ...mask, series: cut(mask.series, fromMinute) })),
    pools: history.pools.map((pool) => cut(pool, fromMinute)),
    users: history.users === null ? null : cut(history.users, fromMinute),
    actions: history.actions.map(move),
    decisions: history.decisions.map(move),
    changes: history.changes.map(move),
  };
}
