import type { EdgeTally } from '../../core/edge-tally.ts';
import { BUCKET_MS } from '../../validators/windows.ts';
import type { ExportRequest } from './telemetry.ts';

const EXAMPLES_MAX = 5;

/**
 * What settling writes in the store, from requests in memory and once all have arrived: thousands of runs are
 * affordable this way. A test holds it against the store's own settling. Of exports that arrive once.
 * @see store/tallies/settle-edge-windows.ts
 */
export function edgesOf(requests: readonly ExportRequest[]): EdgeTally[] {
  const parents = new Map<number, { request: ExportRequest; batch: string }>();
  requests.forEach((request, index) => {
    const parent = { request, batch: `${index}` };
    for (const span of request.spans) parents.set(span.spanId, parent);
  });
  const edges = new Map<
    string,
    { tally: EdgeTally; children: number; batches: Set<string>; examples: string[] }
  >();
  for (const { tenant, serviceName, arrivedMs, spans } of requests) {
    const windowMs = Math.floor(arrivedMs / BUCKET_MS) * BUCKET_MS;
    for (const { kind, isRemote, traceId, parentSpanId, startMs } of spans) {
      if (!isRemote || (kind !== 'Server' && kind !== 'Consumer')) continue;
      const parent = parents.get(parentSpanId);
      const bucketMs = Math.floor(startMs / 1_000) * 1_000;
      const key = `${windowMs} ${bucketMs} ${serviceName} ${parent?.request.serviceName ?? ''} ${tenant}`;
      let edge = edges.get(key);
      if (edge === undefined) {
        const of = (name: string) => ({ tenant, serviceNamespace: 'eval', serviceName: name });
        const tally = {
          windowMs,
          bucketMs,
          callee: of(serviceName),
          caller: parent === undefined ? null : of(parent.request.serviceName),
          children: 0,
          callerBatches: [],
          exampleTraceIds: [],
        };
        edge = { tally, children: 0, batches: new Set(), examples: [] };
        edges.set(key, edge);
      }
      edge.children++;
      if (parent !== undefined) edge.batches.add(parent.batch);
      else if (edge.examples.length < EXAMPLES_MAX) edge.examples.push(`${traceId}`);
    }
  }
  return [...edges.values()].map(({ tally, children, batches, examples }) => ({
    ...tally,
    children,
    callerBatches: [...batches],
    exampleTraceIds: examples,
  }));
}
