// @ts-check
import { Boot } from './boot.mjs';

const SAMPLED = 1;

/**
 * Numbers the sampled spans of this process, so that whoever stores them can count exactly what is missing:
 * attributes `plumbline.boot_id` and `plumbline.seq`. The number is given while a span ends (`onEnding`, the last
 * moment at which it may be written to), so numbers are in the order of every exporting processor's queue, before
 * anything is dropped. Its place in the list of processors does not matter.
 * @implements {import('@opentelemetry/sdk-trace').SpanProcessor}
 */
export class OrdinalSpanProcessor {
  #boot = new Boot();

  /** @param {import('@opentelemetry/sdk-trace').Span} span */
  onStart(span) {
    if (isSampled(span)) this.#boot.create();
  }

  /** @param {import('@opentelemetry/sdk-trace').Span} span */
  onEnding(span) {
    if (isSampled(span)) this.#boot.number(span);
  }

  onEnd() {}

  async forceFlush() {}

  async shutdown() {}
}

/** @param {import('@opentelemetry/sdk-trace').Span} span */
function isSampled(span) {
  return (span.spanContext().traceFlags & SAMPLED) === SAMPLED;
}
