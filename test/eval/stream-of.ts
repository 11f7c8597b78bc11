import type { CounterLine, SamplingStream, SpanHeaderLine } from '../../eval/sampling/sampling-stream.ts';
import type { Draw } from '../../eval/traffic/draw.ts';

interface DrawnSpan {
  readonly service: string;
  readonly spanId: string;
  readonly parent: DrawnSpan | null;
  readonly isError: boolean;
  readonly durationNs: number;
}
export interface DrawnTrace {
  readonly traceId: string;
  readonly minute: number;
  readonly spans: readonly DrawnSpan[];
}

/** What arrives of a trace: each span with what it says of itself. */
export interface Kept {
  readonly span: DrawnSpan;
  readonly traceState: string;
}

export interface StreamShape {
  readonly traces: number;
  readonly minutes: number;
  readonly traceId: (draw: Draw, index: number, minute: number) => string;
  readonly keep: (trace: DrawnTrace, draw: Draw) => Kept[];
}

const SLOW_NS = 500e6;

export function hex(draw: Draw, digits: number): string {
  let text = '';
  while (text.length < digits) text += Math.floor(draw.uniform() * 16).toString(16);
  return text;
}

export function randomnessOf(traceId: string): string {
  return traceId.slice(18);
}

/** R >= T, both in hex. */
export function keeps(randomness: string, threshold: string): boolean {
  return randomness >= threshold.padEnd(14, '0');
}

/** front -> stock -> disk, and front -> mail: each request a chain of its own length. */
export function streamOf(name: string, shape: StreamShape, draw: Draw): SamplingStream {
  const spans: SpanHeaderLine[] = [];
  const counters = new Map<string, CounterLine>();
  for (let index = 0; index < shape.traces; index++) {
    const minute = Math.floor((index * shape.minutes) / shape.traces);
    const trace = { traceId: shape.traceId(draw, index, minute), minute, spans: drawSpans(draw) };
    for (const { service, isError, durationNs } of trace.spans) {
      const key = `${service}/${minute}`;
      const line = counters.get(key) ?? {
        service,
        minute,
        requests: 0,
        errors: 0,
        slow: 0,
        sdkSampled: null,
      };
      counters.set(key, {
        ...line,
        requests: line.requests + 1,
        errors: (line.errors ?? 0) + Number(isError),
        slow: (line.slow ?? 0) + Number(durationNs > SLOW_NS),
      });
    }
    for (const { span, traceState } of shape.keep(trace, draw)) {
      spans.push({
        traceId: trace.traceId,
        spanId: span.spanId,
        parentSpanId: span.parent?.spanId ?? '',
        service: span.service,
        traceState,
        flags: span.parent === null ? 0x101 : 0x301,
        isError: span.isError,
        durationNs: span.durationNs,
        minute,
        attributes: {},
      });
    }
  }
  return { name, spans, counters: [...counters.values()] };
}

function drawSpans(draw: Draw): DrawnSpan[] {
  const spans: DrawnSpan[] = [];
  const begin = (service: string, parent: DrawnSpan | null): DrawnSpan => {
    const span = {
      service,
      spanId: hex(draw, 16),
      parent,
      isError: draw.happens(0.04),
      durationNs: draw.exponential(200e6),
    };
    spans.push(span);
    return span;
  };
  const front = begin('front', null);
  if (draw.happens(0.7)) {
    const stock = begin('stock', front);
    if (draw.happens(0.6)) begin('disk', stock);
  }
  if (draw.happens(0.5)) begin('mail', front);
  return spans;
}
