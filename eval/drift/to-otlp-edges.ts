import {
  EDGE_STEP_MINUTES,
  type EdgeHistory,
  type ServiceHistory,
  type SystemHistory,
} from '../../core/system-history.ts';
import { attributesOf, nano, resourceMetrics } from './otlp-json.ts';

const MINUTE_MS = 60_000;
const DELTA = 1;

/** What callers saw of those they call, as histograms of a client; every amount of ten minutes spread over them. */
export function edgesToOtlp(history: SystemHistory): (from: number, until: number) => unknown[] {
  const byCaller = [...Map.groupBy(history.edges, ({ from }) => from)];
  return (from, until) =>
    byCaller.flatMap(([caller, edges]) => {
      const service = history.services.get(caller);
      const dataPoints = edges.flatMap((edge) => pointsOf(edge, service, { history, from, until }));
      if (dataPoints.length === 0) return [];
      const histogram = { dataPoints, aggregationTemporality: DELTA };
      return [
        resourceMetrics({ 'service.name': caller, 'service.instance.id': '1' }, [
          { name: 'http.client.request.duration', unit: 's', histogram },
        ]),
      ];
    });
}

function pointsOf(
  edge: EdgeHistory,
  caller: ServiceHistory | undefined,
  { history, from, until }: { history: SystemHistory; from: number; until: number },
): unknown[] {
  const points: unknown[] = [];
  for (let minute = from; minute < until; minute++) {
    const share = (values: Float64Array) => shareOf(values, minute);
    const calls = share(edge.calls);
    if (!(calls > 0)) continue;
    const resends = Math.max(0, share(edge.attempts) - calls);
    const failed = Math.max(0, share(edge.failures)) + resends;
    const failedFirst = Math.min(calls, failed);
    const failedAgain = Math.min(resends, failed - failedFirst);
    const sumS = (calls * (edge.latencyMs[Math.floor(minute / EDGE_STEP_MINUTES)] as number)) / 1_000;
    const timeouts = timeoutShare(caller, minute);
    const attempts = [
      { resend: 0, error: '', count: calls - failedFirst },
      ...failedAs(0, failedFirst, timeouts),
      { resend: 1, error: '', count: resends - failedAgain },
      ...failedAs(1, failedAgain, timeouts),
    ].filter(({ count }) => count > 0);
    for (const { resend, error, count } of attempts) {
      points.push({
        startTimeUnixNano: nano(history.startMs + minute * MINUTE_MS),
        timeUnixNano: nano(history.startMs + (minute + 1) * MINUTE_MS),
        attributes: attributesOf({
          'service.peer.name': edge.to,
          'http.request.resend_count': resend,
          ...(error === '' ? {} : { 'error.type': error }),
        }),
        count: String(count),
        sum: (sumS * count) / (calls + resends),
        bucketCounts: [String(count)],
        explicitBounds: [],
      });
    }
  }
  return points;
}

function failedAs(resend: number, count: number, timeoutRatio: number) {
  const timedOut = Math.round(count * timeoutRatio);
  return [
    { resend, error: 'timeout', count: timedOut },
    { resend, error: '500', count: count - timedOut },
  ];
}

/** Of what its callees failed in this minute, the share that timed out. */
function timeoutShare(caller: ServiceHistory | undefined, minute: number): number {
  const timeouts = caller?.series.timeouts?.[minute] ?? 0;
  const retries = caller?.series.retries?.[minute] ?? 0;
  return timeouts > 0 ? Math.min(1, timeouts / Math.max(timeouts, retries)) : 0;
}

/** What of the amount of ten minutes falls into one of them, in whole numbers that add up. */
function shareOf(values: Float64Array, minute: number): number {
  const amount = Math.round(values[Math.floor(minute / EDGE_STEP_MINUTES)] as number);
  const k = minute % EDGE_STEP_MINUTES;
  return Math.floor((amount * (k + 1)) / EDGE_STEP_MINUTES) - Math.floor((amount * k) / EDGE_STEP_MINUTES);
}
