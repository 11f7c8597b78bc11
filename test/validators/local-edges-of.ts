import type { LocalEdgeTally } from '../../core/local-edge-tally.ts';
import type { ExportRequest } from '../../eval/traffic/telemetry.ts';
import { BUCKET_MS } from '../../validators/windows.ts';

/** What settling writes of local edges, from requests in memory; one tally a child. test/eval/settling.test.ts holds it against the store. */
export function localEdgesOf(requests: readonly ExportRequest[]): LocalEdgeTally[] {
  const requestOf = new Map(
    requests.flatMap((request) => request.spans.map(({ spanId }) => [spanId, request] as const)),
  );
  return requests.flatMap((request) => {
    const { tenant, serviceName, arrivedMs, spans } = request;
    const local = spans.filter(({ isRemote, parentSpanId }) => !isRemote && parentSpanId !== 0);
    return local.map(({ parentSpanId }) => {
      const parent = requestOf.get(parentSpanId);
      return {
        windowMs: Math.floor(arrivedMs / BUCKET_MS) * BUCKET_MS,
        service: { tenant, serviceNamespace: 'eval', serviceName },
        children: 1,
        orphans: parent === undefined ? 1 : 0,
        split: parent !== undefined && parent !== request ? 1 : 0,
      };
    });
  });
}
