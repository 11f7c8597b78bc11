import { EDGE_STEP_MINUTES, type EdgeHistory } from '../../../core/system-history.ts';

/** Who called whom before a minute. */
export interface CallGraph {
  callees(service: string): readonly EdgeHistory[];
  callers(service: string): readonly EdgeHistory[];
  /** Reached from `from` by calls, itself included. */
  reaches(from: string, to: string): boolean;
  /** All that `from` reaches, itself included. */
  below(from: string): ReadonlySet<string>;
}

export function callGraph(edges: readonly EdgeHistory[], untilMinute: number): CallGraph {
  const steps = Math.floor(untilMinute / EDGE_STEP_MINUTES);
  const used = edges.filter(({ calls }) => calls.subarray(0, steps).some((count) => count > 0));
  const byCaller = Map.groupBy(used, ({ from }) => from);
  const byCallee = Map.groupBy(used, ({ to }) => to);
  const callees = (service: string) => byCaller.get(service) ?? [];
  const below = (from: string) => {
    const seen = new Set([from]);
    for (const service of seen) for (const { to } of callees(service)) seen.add(to);
    return seen;
  };
  return {
    callees,
    callers: (service) => byCallee.get(service) ?? [],
    below,
    reaches: (from, to) => below(from).has(to),
  };
}
