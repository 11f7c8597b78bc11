import { PipelineError } from '../core/errors.ts';
import { ITEM_NOUN, type Signal } from '../core/signal.ts';
import type { BodyBudget } from './body-budget.ts';
import { decodeBody } from './decode-body.ts';
import type { ExportRequest, ExportResult } from './export-request.ts';
import type { Inflater } from './inflate.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import type { Lane } from './lane.ts';
import type { SpoolRecord } from './spool-record.ts';
import type { Judged } from './transcode/judgement.ts';
import type { WarningLimiter } from './warning-limiter.ts';

export interface AdmissionParts {
  readonly lanes: Readonly<Record<Signal, Lane>>;
  readonly inflater: Inflater;
  readonly budget: BodyBudget;
  readonly warnings: WarningLimiter;
  readonly metrics: IngestMetrics;
  readonly tenant: string;
  readonly now: () => number;
}

/** What both transports do with a request once its body is there, and the door that closes on draining. */
export class Admission {
  readonly budget: BodyBudget;
  readonly #parts: AdmissionParts;
  #draining = false;
  #inFlight = 0;
  #idle: (() => void) | null = null;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.budget = parts.budget;
  }

  /** Counts the request as in flight until it is answered. @throws PipelineError draining, retryable */
  async during<T>(serve: () => Promise<T>): Promise<T> {
    if (this.#draining) {
      throw new PipelineError('draining', 'Plumbline is shutting down; send again in a moment.');
    }
    this.#inFlight++;
    try {
      return await serve();
    } finally {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#idle?.();
    }
  }

  /** From now on requests are refused; resolves when those in flight are answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  /**
   * Inflates, judges and spools a request. Resolves when it is durable: that is the acknowledgement.
   * @param client where it came from; warnings are limited per client and service
   * @throws PipelineError otlp_malformed, otlp_too_large, or a retryable one
   */
  async admit(request: ExportRequest, client: string): Promise<ExportResult> {
    const { signal, transport, body, contentType, contentEncoding } = request;
    const { inflater, lanes, budget, metrics, warnings } = this.#parts;
    if (body.length === 0 && contentType === 'protobuf' && contentEncoding === 'identity') {
      return { rejectedCount: 0, message: '' }; // a message without fields; there is nothing to keep
    }
    await lanes[signal].turn(body.length);
    const decoded = await decodeBody(signal, request, inflater);
    budget.take(decoded.body.length);
    try {
      const judged = await lanes[signal].admit(this.#asRecord(request), decoded.body);
      metrics.judged(signal, transport, judged, body.length);
      const source = `${client} ${signal} ${judged.serviceName}`;
      const due = warnings.due(source, [...decoded.warnings, ...judged.warnings]);
      return { rejectedCount: judged.rejectedCount, message: messageOf(signal, judged, due) };
    } finally {
      budget.giveBack(decoded.body.length);
    }
  }

  #asRecord({ contentType, contentEncoding, body }: ExportRequest): SpoolRecord {
    const { now, tenant } = this.#parts;
    return { contentType, contentEncoding, body, receivedAtMs: now(), tenant };
  }
}

function messageOf(signal: Signal, judged: Judged, warnings: readonly string[]): string {
  const sentences = [...warnings];
  if (judged.rejectedCount > 0) {
    const why = judged.rejections.map(
      ({ reason, items, serviceName }) => `${items} of ${serviceName || 'unknown service'}: ${reason}`,
    );
    sentences.unshift(
      `${judged.rejectedCount} of ${judged.itemCount} ${ITEM_NOUN[signal]} were rejected (${why.join('; ')}), the others are stored`,
    );
  }
  return sentences.map((sentence) => `${sentence}.`).join(' ');
}
