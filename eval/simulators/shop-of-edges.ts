import type { EdgeTally } from '../../core/edge-tally.ts';
import { randomFrom } from '../../core/random-from.ts';

export interface Call {
  readonly from: string;
  readonly to: string;
  readonly perSecond: number;
}

/** How a caller loses its spans: `ratio` of them, one by one or in whole export batches. */
export interface Loss {
  readonly ratio: number;
  readonly by: 'span' | 'batch';
}

export interface Shop {
  readonly calls: readonly Call[];
  readonly losses?: Readonly<Record<string, Loss>>;
  readonly seconds: number;
  readonly instances?: number;
  readonly batchSeconds?: number;
  readonly seed: number;
  readonly startMs?: number;
}

export const serviceOf = (serviceName: string) => ({ tenant: 't', serviceNamespace: 'shop', serviceName });

/**
 * Edges as settling would write them, from calls at exponential intervals; each instance of a caller exports every
 * `batchSeconds` at a phase of its own, so batches do not line up with the buckets.
 */
export function edgesOfShop(shop: Shop): { edges: EdgeTally[]; lostRatio: Record<string, number> } {
  const random = randomFrom(shop.seed);
  const startMs = shop.startMs ?? 1_700_000_000_000;
  const batchMs = (shop.batchSeconds ?? 5) * 1_000;
  const phases = new Map<string, number>();
  const lostBatches = new Map<string, boolean>();
  const counts = new Map<string, { lost: number; all: number }>();
  const edges = new Map<string, { edge: EdgeTally; children: number; batches: Set<string> }>();
  for (const call of shop.calls) {
    const loss = shop.losses?.[call.from] ?? { ratio: 0, by: 'span' };
    for (let at = 0; ; ) {
      at += (-Math.log(1 - random()) / call.perSecond) * 1_000;
      if (at >= shop.seconds * 1_000) break;
      const instance = `${call.from}#${Math.floor(random() * (shop.instances ?? 1))}`;
      const phase = phases.get(instance) ?? random() * batchMs;
      phases.set(instance, phase);
      const batch = `${instance}@${Math.floor((at + phase) / batchMs)}`;
      if (!lostBatches.has(batch)) lostBatches.set(batch, random() < loss.ratio);
      const lost = loss.by === 'batch' ? lostBatches.get(batch) === true : random() < loss.ratio;
      const count = counts.get(call.from) ?? { lost: 0, all: 0 };
      counts.set(call.from, { lost: count.lost + (lost ? 1 : 0), all: count.all + 1 });
      const bucketMs = startMs + Math.floor(at / 1_000) * 1_000;
      const windowMs = Math.floor(bucketMs / 5_000) * 5_000;
      const key = `${call.to} ${lost ? '' : call.from} ${bucketMs}`;
      const edge = edges.get(key) ?? {
        edge: {
          windowMs,
          bucketMs,
          callee: serviceOf(call.to),
          caller: lost ? null : serviceOf(call.from),
          children: 0,
          callerBatches: [],
          exampleTraceIds: lost ? [`trace-${at}`] : [],
        },
        children: 0,
        batches: new Set<string>(),
      };
      edge.children++;
      if (!lost) edge.batches.add(batch);
      edges.set(key, edge);
    }
  }
  return {
    edges: [...edges.values()].map(({ edge, children, batches }) => ({
      ...edge,
      children,
      callerBatches: [...batches],
    })),
    lostRatio: Object.fromEntries([...counts].map(([from, { lost, all }]) => [from, lost / all])),
  };
}
