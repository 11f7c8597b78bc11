import { DURATION_BOUNDS_MS, type PopulationWindow } from '../../core/sampling/sampling-window.ts';
import { populationOf } from './fold-stream.ts';
import type { SamplingStream, SpanHeaderLine } from './sampling-stream.ts';

/** One body for an OTLP/HTTP endpoint, as JSON, and how many records it holds. */
export interface StreamExport {
  readonly signal: 'traces' | 'metrics';
  readonly body: unknown;
  readonly count: number;
}

const MINUTE_MS = 60_000;
const SCOPE = { name: 'eval' };
const SPANS_MAX = 2_000;
const REMOTE_MASK = 0x300;
const KIND = { internal: 1, server: 2 };
const CUMULATIVE = 2;

/**
 * A stream as OTLP: its counters, then what the observer receives of its spans, copies included, each ending in the
 * minute it belongs to. The stream's name is the namespace of its services.
 * @param of.range as many whole minutes as `minutesOf` says
 * @param of.slowMs what the stream's counters call slow
 */
export function* streamExports(
  stream: SamplingStream,
  of: { readonly range: Minutes; readonly slowMs: (typeof DURATION_BOUNDS_MS)[number] },
): Generator<StreamExport> {
  const { name, counters } = stream;
  for (const [service, lines] of Map.groupBy(counters, (line) => line.service)) {
    const source = { tenant: '', serviceNamespace: name, serviceName: service, serviceInstanceId: '' };
    const windows = lines.map((line) => populationOf({ ...source, signal: 'traces' }, line, of.slowMs));
    yield* counterExports(resourceOf(name, service), windows, of.range);
  }
  yield* spanExports(stream, of.range.fromMs);
}

/** How many minutes a stream has. */
export function minutesOf({ spans, counters }: SamplingStream): number {
  const last = (most: number, { minute }: { readonly minute: number }) => Math.max(most, minute);
  return counters.reduce(last, spans.reduce(last, 0)) + 1;
}

interface Minutes {
  readonly fromMs: number;
  readonly untilMs: number;
}

function* spanExports({ name, spans }: SamplingStream, startMs: number): Generator<StreamExport> {
  const endOf = endTimes(spans, startMs);
  for (const [service, own] of Map.groupBy(spans, (line) => line.service)) {
    const resource = resourceOf(name, service);
    for (let from = 0; from < own.length; from += SPANS_MAX) {
      const some = own.slice(from, from + SPANS_MAX).map((line) => spanOf(line, endOf(line)));
      const scopeSpans = [{ scope: SCOPE, spans: some }];
      yield { signal: 'traces', count: some.length, body: { resourceSpans: [{ resource, scopeSpans }] } };
    }
  }
}

/**
 * What one service reported at the end of each minute: requests as the semantic conventions have them and, where the
 * stream knows what the SDK kept, the SDK's own count of spans. Nothing is under way at a minute's end.
 */
function* counterExports(
  resource: unknown,
  windows: readonly PopulationWindow[],
  { fromMs: startMs, untilMs }: Minutes,
): Generator<StreamExport> {
  const total = { ok: newCell(), error: newCell(), sampled: 0, dropped: 0 };
  const tells = {
    errors: windows.every(({ errors }) => errors !== null),
    durations: windows.every(({ byDuration }) => byDuration !== null),
    sampled: windows.every(({ sdkSampled }) => sdkSampled !== null),
  };
  for (let endMs = startMs + MINUTE_MS; endMs <= untilMs; endMs += MINUTE_MS) {
    for (const window of windows.filter((one) => startMs + one.endMs === endMs)) addWindow(total, window);
    const stamp = { startTimeUnixNano: unixNano(startMs), timeUnixNano: unixNano(endMs) };
    const points = [
      { cell: total.ok, attributes: tells.errors ? [attribute('http.response.status_code', 200)] : [] },
      {
        cell: total.error,
        attributes: [attribute('http.response.status_code', 500), attribute('error.type', '500')],
      },
    ].filter(({ cell }) => cell.count > 0);
    const started = [
      { value: total.sampled, result: 'RECORD_AND_SAMPLE' },
      { value: total.dropped, result: 'DROP' },
    ].filter(({ value }) => value > 0);
    const metrics = [
      {
        name: 'http.server.request.duration',
        unit: 's',
        histogram: {
          aggregationTemporality: CUMULATIVE,
          dataPoints: points.map(({ cell, attributes }) => ({
            ...stamp,
            attributes,
            count: String(cell.count),
            ...(tells.durations
              ? { explicitBounds: BOUNDS_S, bucketCounts: cell.buckets.map(String) }
              : { explicitBounds: [], bucketCounts: [String(cell.count)] }),
          })),
        },
      },
      {
        name: 'otel.sdk.span.started',
        sum: {
          aggregationTemporality: CUMULATIVE,
          isMonotonic: true,
          dataPoints: started.map(({ value, result }) => ({
            ...stamp,
            asInt: String(value),
            attributes: [
              attribute('otel.span.parent.origin', 'none'),
              attribute('otel.span.sampling_result', result),
            ],
          })),
        },
      },
      {
        name: 'otel.sdk.span.live',
        sum: {
          aggregationTemporality: CUMULATIVE,
          isMonotonic: false,
          dataPoints: [{ ...stamp, asInt: '0', attributes: [] }],
        },
      },
    ].slice(0, tells.sampled ? 3 : 1);
    yield {
      signal: 'metrics',
      count: points.length + (tells.sampled ? started.length + 1 : 0),
      body: { resourceMetrics: [{ resource, scopeMetrics: [{ scope: SCOPE, metrics }] }] },
    };
  }
}

const BOUNDS_S = DURATION_BOUNDS_MS.map((bound) => bound / 1_000);

interface Cell {
  count: number;
  readonly buckets: number[];
}

function newCell(): Cell {
  return { count: 0, buckets: DURATION_BOUNDS_MS.map(() => 0).concat(0) };
}

/** Which of the slow are the errors no stream says, and nothing asks: the fastest are taken for them. */
function addWindow(
  total: { ok: Cell; error: Cell; sampled: number; dropped: number },
  { requests, errors, byDuration, sdkSampled }: PopulationWindow,
): void {
  let left = errors ?? 0;
  total.error.count += left;
  total.ok.count += requests - left;
  byDuration?.forEach((count, bucket) => {
    const failed = Math.min(left, count);
    left -= failed;
    total.error.buckets[bucket] = (total.error.buckets[bucket] ?? 0) + failed;
    total.ok.buckets[bucket] = (total.ok.buckets[bucket] ?? 0) + count - failed;
  });
  total.sampled += sdkSampled ?? 0;
  total.dropped += requests - (sdkSampled ?? 0);
}

/** Traces of a minute end one after the other, all spans of one at once. */
function endTimes(spans: readonly SpanHeaderLine[], startMs: number): (line: SpanHeaderLine) => bigint {
  const places = new Map<string, number>();
  const tracesOf = new Map<number, number>();
  const keyOf = ({ minute, traceId }: SpanHeaderLine) => `${minute}/${traceId}`;
  for (const line of spans) {
    if (places.has(keyOf(line))) continue;
    const place = tracesOf.get(line.minute) ?? 0;
    places.set(keyOf(line), place);
    tracesOf.set(line.minute, place + 1);
  }
  return (line) => {
    const share = ((places.get(keyOf(line)) ?? 0) + 0.5) / (tracesOf.get(line.minute) ?? 1);
    return BigInt(startMs + line.minute * MINUTE_MS + Math.floor(share * MINUTE_MS)) * 1_000_000n;
  };
}

function spanOf(line: SpanHeaderLine, endUnixNano: bigint): unknown {
  const isEntry = line.parentSpanId === '' || (line.flags & REMOTE_MASK) === REMOTE_MASK;
  return {
    traceId: line.traceId,
    spanId: line.spanId,
    parentSpanId: line.parentSpanId,
    traceState: line.traceState,
    flags: line.flags,
    name: 'request',
    kind: line.kind ?? (isEntry ? KIND.server : KIND.internal),
    startTimeUnixNano: String(endUnixNano - BigInt(Math.round(line.durationNs))),
    endTimeUnixNano: String(endUnixNano),
    attributes: Object.entries(line.attributes).map(([key, value]) => attribute(key, value)),
    status: line.isError ? { code: 2 } : {},
  };
}

function resourceOf(namespace: string, service: string): unknown {
  return {
    attributes: [
      attribute('service.namespace', namespace),
      attribute('service.name', service),
      attribute('service.instance.id', `${service}-1`),
    ],
  };
}

function attribute(key: string, value: string | number) {
  return { key, value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) } };
}

function unixNano(timeMs: number): string {
  return `${timeMs}000000`;
}
