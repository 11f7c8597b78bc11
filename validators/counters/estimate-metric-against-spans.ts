import { type CounterSeries, instanceKey, type ServiceInstance } from '../../core/counter-series.ts';
import type { ServerSpans } from '../../core/counter-server-spans.ts';
import { sourceKey } from '../../core/source.ts';
import { rfc3339 } from '../../core/time.ts';
import type { Reason } from '../../core/verdict.ts';
import type { Blame, LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { FAST_MS, SLOW_MS } from '../windows.ts';
import { countBetween } from './count-between.ts';
import { poolCounted } from './counted-loss.ts';
import { isIdentityShared } from './identity-shared.ts';
import { measureRequests, probabilityOf, type RequestSeries, type Requests } from './measure-requests.ts';
import { readingTimes, readingWindows } from './reading-times.ts';
import { sdkSeries } from './sdk-series.ts';

interface Measured {
  readonly instance: ServiceInstance;
  readonly fast: Requests | null;
  readonly recent: Requests | null;
  readonly slow: Requests;
  readonly veto: Reason | null;
}

/** Which metric counts which spans, and by what both call a route. */
const KINDS = [
  { metric: 'http.server.request.duration', kind: 'Server', label: 'http.route', route: 'route' },
  { metric: 'rpc.server.call.duration', kind: 'Server', label: 'rpc.method', route: 'rpcMethod' },
  { metric: 'messaging.process.duration', kind: 'Consumer', label: '', route: 'route' },
] as const;

/** Spans are waited for: an export every 5 s, its retries, its timeout. */
const SPANS_SETTLE_MS = 30_000;
/** More spans than requests by that share: the metric does not count them all. */
const EXCESS_MAX = 0.05;

/**
 * C4: of the requests that a process counted in a metric, how many have no span? The metric is cumulative, so it
 * speaks even for a time in which nothing arrived. Windows as for the SDK funnel, up to the newest report that is
 * half a minute old. Routes that are counted and never traced (health checks) are left out, and named.
 * Where spans are sampled they are weighed by `ot=th:`; without that mark it must be known that nothing is sampled
 * (the SDK counts no dropped span), else what was sampled would look lost: veto.
 * @param series as `readCounterSeries` gives them, of the last twelve minutes
 * @param spans as `readCounterServerSpans` gives them, of the same stretch
 * @returns of the traces of services that count their requests
 * @see quality.md 3.1 C4; facts of sampling: a missing mark is unknown, never 1
 */
export function estimateMetricAgainstSpans(
  series: readonly CounterSeries[],
  spans: readonly ServerSpans[],
  nowMs: number,
): LossEstimates {
  const spansOf = Map.groupBy(spans, ({ instance }) => instanceKey(instance));
  const measured = [...Map.groupBy(series, ({ instance }) => instanceKey(instance))].flatMap(([key, own]) =>
    KINDS.flatMap((kind) => measure(own, { spans: spansOf.get(key) ?? [], kind, nowMs })),
  );
  const bySource = Map.groupBy(measured, ({ instance }) =>
    sourceKey({ ...instance, serviceInstanceId: '', signal: 'traces' }),
  );
  return new Map([...bySource].map(([key, group]) => [key, estimate(group, nowMs)]));
}

function measure(
  own: readonly CounterSeries[],
  of: {
    readonly spans: readonly ServerSpans[];
    readonly kind: (typeof KINDS)[number];
    readonly nowMs: number;
  },
): Measured[] {
  const { metric, kind, label, route } = of.kind;
  const counted = own.filter((one) => one.metric === metric);
  const spans = of.spans.filter((one) => one.kind === kind);
  const settledMs = of.nowMs - SPANS_SETTLE_MS;
  const times = readingTimes([counted], of.nowMs - SLOW_MS).filter((timeMs) => timeMs <= settledMs);
  const windows = readingWindows(times, settledMs);
  if (windows.slow === null) return [];
  const requests: RequestSeries = {
    counted,
    spans,
    operations: sdkSeries(own, 'traces').operations,
    routeOfSeries: (one) => (label === '' ? '' : (one.labels[label] ?? '')),
    routeOfSpans: (one) => (label === '' ? '' : one[route]),
  };
  const traced = new Set(spans.map(requests.routeOfSpans));
  const slow = measureRequests(requests, windows.slow, traced);
  const fast = windows.fast === null ? null : measureRequests(requests, windows.fast, traced);
  const newest = times.filter((timeMs) => timeMs >= of.nowMs - FAST_MS);
  const recent = newest.length < 2 ? null : measureRequests(requests, newest, traced);
  const instance = (counted[0] as CounterSeries).instance;
  return [
    { instance, fast, recent, slow, veto: vetoOf({ own, counted, spans, slow, readings: windows.slow }) },
  ];
}

function vetoOf(of: {
  readonly own: readonly CounterSeries[];
  readonly counted: readonly CounterSeries[];
  readonly spans: readonly ServerSpans[];
  readonly slow: Requests;
  readonly readings: readonly number[];
}): Reason | null {
  const { slow } = of;
  if (of.spans.length === 0) {
    const text = `The process counts requests and not one of them has a span: it is not traced, or its spans go elsewhere; see whether they carry its service.instance.id.`;
    return { code: 'NOT_TRACED', text };
  }
  if (of.counted.some(({ labels }) => labels['otel.metric.overflow'] === 'true')) {
    const text =
      'The request metric overflowed its cardinality limit, so routes can no longer be told apart; drop attributes by a view.';
    return { code: 'METRIC_OVERFLOW', text };
  }
  if (isIdentityShared(of.own.filter(({ metric }) => metric.startsWith('otel.sdk.')))) {
    const text = 'Several processes report under one identity; give each a service.instance.id of its own.';
    return { code: 'IDENTITY_SHARED', text };
  }
  if (slow.spans - slow.counted > Math.max(slow.worst, EXCESS_MAX * slow.counted)) {
    const text = `There are ${Math.round(slow.spans)} spans of ${slow.counted} counted requests: the metric does not count them all, or spans are stored twice.`;
    return { code: 'SPANS_EXCEED_METRIC', text };
  }
  const isMarked = of.spans.every(({ thresholdHex }) => probabilityOf(thresholdHex) !== null);
  return isMarked || keepsAll(of.own, of.readings) ? null : SAMPLING_UNKNOWN;
}

const SAMPLING_UNKNOWN: Reason = {
  code: 'SAMPLING_UNKNOWN',
  text: 'Spans carry no sampling threshold (ot=th) and the SDK does not say that it keeps all, so a request without a span may have been sampled out; use consistent probability sampling, or switch the SDK metrics on.',
};

/** The SDK counts its spans, and dropped none by sampling. */
function keepsAll(own: readonly CounterSeries[], readings: readonly number[]): boolean {
  const started = own.filter(({ metric }) => metric === 'otel.sdk.span.started');
  const dropped = started.filter(({ labels }) => labels['otel.span.sampling_result'] === 'DROP');
  const range = { fromMs: readings[0] as number, untilMs: readings.at(-1) as number };
  return started.length > 0 && countBetween(dropped, range) === 0;
}

function estimate(group: readonly Measured[], nowMs: number): LossEstimate {
  const fast = group.flatMap((one) => one.fast ?? []);
  const slow = group.map((one) => one.slow);
  const recent = group.flatMap((one) => one.recent ?? []);
  const window = { startMs: nowMs - SLOW_MS, endMs: nowMs, mayPass: true };
  const { serviceName } = (group[0] as Measured).instance;
  return {
    id: 'metric-against-spans',
    kind: 'counter',
    fast: poolCounted(fast, window),
    slow: poolCounted(slow, window),
    // Of some processes alone it would say nothing of the others.
    recent: poolCounted(recent.length === group.length ? recent : [], window),
    veto: group.find(({ veto }) => veto !== null)?.veto ?? null,
    blame: blameOf(serviceName, sum(fast.map(({ lostMin }) => lostMin)) > 0 ? fast : slow),
    exampleTraceIds: [],
    evidence: {
      processes: group.length,
      fast: describe(fast),
      slow: describe(slow),
      routesNotTraced: [...new Set(slow.flatMap(({ untraced }) => [...untraced.keys()]))].sort().slice(0, 10),
    },
  };
}

function describe(requests: readonly Requests[]): Record<string, number> {
  return {
    requests: sum(requests.map(({ counted }) => counted)),
    spans: sum(requests.map(({ spans }) => spans)),
    openAtTheEdges: sum(requests.map(({ worst }) => worst)),
    leftOut: sum(requests.flatMap(({ untraced }) => [...untraced.values()])),
  };
}

function blameOf(serviceName: string, requests: readonly Requests[]): Blame | null {
  const lost = sum(requests.map(({ lostMin }) => lostMin));
  if (lost <= 0) return null;
  const sinceMs = Math.min(...requests.map(({ startMs }) => startMs));
  const text = `At least ${Math.ceil(lost)} requests that ${serviceName} counted since ${rfc3339(sinceMs)} have no span here; they were lost in it or on the way: look at its SDK's counters, its exporter, and the Collectors between.`;
  return { at: 'source', name: serviceName, text };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
