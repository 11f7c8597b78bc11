import { EDGE_STEP_MINUTES, type EdgeHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';

/**
 * The part of a latency's change that is only another mix of what users ask for: sum of dp_k g_k over sum of p_k g_k,
 * with p_k the calls a request makes to a callee and g_k what such a call took in the accepted period. What is left
 * after it is the same work being slower (Simpson's paradox otherwise).
 * @param entry the service users come in by
 * @returns a share of the latency; 0 where nothing is known of its calls
 */
export function mixShift(
  view: SystemView,
  entry: string,
  window: { readonly from: number; readonly until: number },
): number {
  const { edges, services } = view.history;
  const requests = services.get(entry)?.series.requests;
  if (requests === undefined) return 0;
  let [shift, whole] = [0, 0];
  for (const edge of edges) {
    if (edge.from !== entry) continue;
    const before = acceptedCallsOf(view, edge, requests);
    const now = callsOf(edge, requests, window.from, window.until);
    if (before === null || now === null) continue;
    shift += (now.perRequest - before.perRequest) * before.latencyMs;
    whole += before.perRequest * before.latencyMs;
  }
  return whole > 0 ? shift / whole : 0;
}

export interface CallsOfEdge {
  readonly perRequest: number;
  /** Of a call, weighted by calls. */
  readonly latencyMs: number;
}

/** The same of the accepted period. */
export function acceptedCallsOf(
  view: SystemView,
  edge: EdgeHistory,
  requests: Float64Array,
): CallsOfEdge | null {
  return view.frozen(`calls and their time from ${edge.from} to ${edge.to}`, ({ fromMinute, untilMinute }) =>
    callsOf(edge, requests, fromMinute, untilMinute),
  );
}

/** @returns null where nothing was called, or is known */
export function callsOf(
  edge: EdgeHistory,
  requests: Float64Array,
  fromMinute: number,
  untilMinute: number,
): CallsOfEdge | null {
  let [calls, waited, asked] = [0, 0, 0];
  for (
    let step = Math.ceil(fromMinute / EDGE_STEP_MINUTES);
    (step + 1) * EDGE_STEP_MINUTES <= untilMinute;
    step++
  ) {
    const [n, ms] = [edge.calls[step] as number, edge.latencyMs[step] as number];
    let [sum, known] = [0, 0];
    for (let minute = step * EDGE_STEP_MINUTES; minute < (step + 1) * EDGE_STEP_MINUTES; minute++) {
      const value = requests[minute] as number;
      if (Number.isNaN(value)) continue;
      sum += value;
      known++;
    }
    if (known === 0 || Number.isNaN(n + ms)) continue;
    calls += n;
    waited += n * ms;
    asked += (sum * EDGE_STEP_MINUTES) / known;
  }
  return calls > 0 && asked > 0 ? { perRequest: calls / asked, latencyMs: waited / calls } : null;
}
