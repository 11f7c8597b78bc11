import type { EdgeTally } from '../core/edge-tally.ts';
import { type ServiceId, serviceKey } from '../core/service-key.ts';

/** What one caller's found parents brought to one callee. */
export interface FoundFold {
  readonly caller: ServiceId;
  readonly bySecond: Map<number, number>;
  readonly batches: Set<string>;
  count: number;
}

/** The remote children of one callee: whose parents were found, and how many were not. */
export interface CalleeFold {
  readonly callee: ServiceId;
  readonly found: Map<string, FoundFold>;
  readonly orphansBySecond: Map<number, number>;
  orphanCount: number;
  /** Of orphans, at most five, in order of the id so that any split of the tallies names the same. */
  exampleTraceIds: string[];
}

/** By `serviceKey` of the callee. */
export type EdgeFold = ReadonlyMap<string, CalleeFold>;

/** Settled edges of a stretch of arrival, [startMs, endMs), added up; any split or order gives the same. */
export function foldEdges(
  edges: readonly EdgeTally[],
  range: { readonly startMs: number; readonly endMs: number },
): EdgeFold {
  const callees = new Map<string, CalleeFold>();
  for (const edge of edges) {
    if (edge.windowMs < range.startMs || edge.windowMs >= range.endMs) continue;
    const key = serviceKey(edge.callee);
    let fold = callees.get(key);
    if (fold === undefined) {
      fold = {
        callee: edge.callee,
        found: new Map(),
        orphansBySecond: new Map(),
        orphanCount: 0,
        exampleTraceIds: [],
      };
      callees.set(key, fold);
    }
    if (edge.caller === null) foldOrphans(fold, edge);
    else foldFound(fold, edge, edge.caller);
  }
  return callees;
}

function foldOrphans(into: CalleeFold, edge: EdgeTally): void {
  into.orphanCount += edge.children;
  add(into.orphansBySecond, edge.bucketMs, edge.children);
  into.exampleTraceIds = [...new Set([...into.exampleTraceIds, ...edge.exampleTraceIds])].sort().slice(0, 5);
}

function foldFound(into: CalleeFold, edge: EdgeTally, caller: ServiceId): void {
  const key = serviceKey(caller);
  let found = into.found.get(key);
  if (found === undefined) {
    found = { caller, bySecond: new Map(), batches: new Set(), count: 0 };
    into.found.set(key, found);
  }
  found.count += edge.children;
  add(found.bySecond, edge.bucketMs, edge.children);
  for (const batch of edge.callerBatches) found.batches.add(batch);
}

function add(into: Map<number, number>, key: number, count: number): void {
  into.set(key, (into.get(key) ?? 0) + count);
}
