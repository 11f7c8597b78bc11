import type { Span, SpanProcessor } from '@opentelemetry/sdk-trace';

/** Numbers the sampled spans of this process: attributes `plumbline.boot_id` and `plumbline.seq`. */
export class OrdinalSpanProcessor implements SpanProcessor {
  onStart(span: Span): void;
  onEnding(span: Span): void;
  onEnd(): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}
