import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

/** One span of a service of its own, to see how long a row takes to show. */
export function probe(serviceName: string): Uint8Array {
  const exporter = new InMemorySpanExporter();
  const resource = resourceFromAttributes({ 'service.name': serviceName });
  const provider = new TracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  provider.getTracer('bench').startSpan('probe').end();
  return ProtobufTraceSerializer.serializeRequest(exporter.getFinishedSpans()) as Uint8Array;
}
