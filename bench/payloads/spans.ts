import { context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Payload, PayloadMix } from './payload.ts';
import { queryText, resourceOf, SERVICES_PER_PAYLOAD, spanAttributes } from './vocabulary.ts';

const SPANS = 512;
/** Spans of one request through the shop. */
const SPANS_PER_TRACE = 8;

/** 512 spans: 12 attributes each, an event on one in ten, a link on one in fifty. */
export function spanPayloads(mix: PayloadMix): Payload[] {
  return Array.from({ length: mix.payloads }, (_, index) => spanPayload(mix, index));
}

function spanPayload({ sources, nowMs, random }: PayloadMix, index: number): Payload {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const tracers = Array.from({ length: SERVICES_PER_PAYLOAD }, (_, service) => {
    const source = (index * SERVICES_PER_PAYLOAD + service) % sources;
    const provider = new TracerProvider({ resource: resourceOf(service, source), spanProcessors });
    return provider.getTracer('@opentelemetry/instrumentation-http', '0.301.0');
  });
  for (let made = 0; made < SPANS; made += SPANS_PER_TRACE) makeTrace(tracers, nowMs, random);
  return {
    signal: 'traces',
    itemCount: SPANS,
    protobuf: ProtobufTraceSerializer.serializeRequest(exporter.getFinishedSpans()) as Uint8Array,
  };
}

/** A chain through the services, each span inside the one before it. */
function makeTrace(tracers: readonly Tracer[], nowMs: number, random: () => number): void {
  const spans: Span[] = [];
  const startMs = nowMs - 1_000 + random() * 500;
  for (let depth = 0; depth < SPANS_PER_TRACE; depth++) {
    const kind = [SpanKind.SERVER, SpanKind.INTERNAL, SpanKind.CLIENT][depth % 3] as SpanKind;
    const parent = spans.at(-1);
    const within = parent === undefined ? context.active() : trace.setSpan(context.active(), parent);
    const tracer = tracers[Math.floor((depth * tracers.length) / SPANS_PER_TRACE)] as Tracer;
    const links = random() < 0.02 && parent !== undefined ? [{ context: parent.spanContext() }] : [];
    const attributes = spanAttributes(random);
    const name = kind === SpanKind.SERVER ? `GET ${attributes['http.route']}` : queryText(random);
    const span = tracer.startSpan(name, { kind, attributes, links, startTime: startMs + depth }, within);
    if (random() < 0.1) span.addEvent('retry', { attempt: 1, reason: 'timeout' }, startMs + depth + 0.5);
    if (random() < 0.02) span.setStatus({ code: SpanStatusCode.ERROR, message: 'upstream timed out' });
    spans.push(span);
  }
  const endMs = startMs + 20 + random() * 200;
  for (const [depth, span] of spans.entries()) span.end(endMs - depth);
}
