import type { Meter } from '@opentelemetry/api';
import type { FailureCode } from '../core/errors.ts';
import type { Signal } from '../core/signal.ts';
import type { TransportName } from './export-request.ts';
import type { Judged } from './transcode/judgement.ts';

/** What became of a request; `partial` had rejected items, every other failure is its code. */
export type RequestOutcome = 'accepted' | 'partial' | FailureCode | 'aborted' | 'http_malformed';

/** The numbers of the ingest role. `plumbline.ingest.rejected` equals the sum of what clients were told. */
export class IngestMetrics {
  readonly #requests;
  readonly #items;
  readonly #rejected;
  readonly #bytes;
  readonly #insertSeconds;
  readonly #insertRows;
  readonly #insertFailures;
  readonly #lagSeconds;
  readonly #setAside;
  readonly #rebuilt;

  constructor(meter: Meter) {
    this.#requests = meter.createCounter('plumbline.ingest.requests', {
      description: 'Export requests answered',
    });
    this.#items = meter.createCounter('plumbline.ingest.items', {
      description: 'Spans, data points and log records, accepted or rejected',
    });
    this.#rejected = meter.createCounter('plumbline.ingest.rejected', {
      description: 'Items rejected in partial successes, by reason',
    });
    this.#bytes = meter.createCounter('plumbline.ingest.bytes', {
      unit: 'By',
      description: 'Bodies of accepted requests, as sent',
    });
    this.#insertSeconds = meter.createHistogram('plumbline.ingest.insert.duration', {
      unit: 's',
      description: 'Time of one successful insert into one table',
    });
    this.#insertRows = meter.createCounter('plumbline.ingest.insert.rows', { description: 'Rows inserted' });
    this.#insertFailures = meter.createCounter('plumbline.ingest.insert.failures', {
      description: 'Inserts that failed, by code; store_unavailable is tried again',
    });
    this.#lagSeconds = meter.createHistogram('plumbline.ingest.lag', {
      unit: 's',
      description: 'From the arrival of the oldest request of a batch to its being stored',
    });
    this.#setAside = meter.createCounter('plumbline.ingest.set_aside', {
      description: 'Requests set aside because the store refuses their rows, or they can no longer be read',
    });
    this.#rebuilt = meter.createCounter('plumbline.ingest.batches.rebuilt', {
      description: 'Batches thrown away in memory and made again from the spool',
    });
  }

  request(facts: { signal: Signal | 'unknown'; transport: TransportName; outcome: RequestOutcome }): void {
    this.#requests.add(1, facts);
  }

  judged(signal: Signal, transport: TransportName, judged: Judged, bodyBytes: number): void {
    this.#bytes.add(bodyBytes, { signal, transport });
    this.#items.add(judged.itemCount - judged.rejectedCount, { signal, outcome: 'accepted' });
    if (judged.rejectedCount === 0) return;
    this.#items.add(judged.rejectedCount, { signal, outcome: 'rejected' });
    for (const { reason, items } of judged.rejections) this.#rejected.add(items, { signal, reason });
  }

  inserted(table: string, durationMs: number, rowCount: number): void {
    this.#insertSeconds.record(durationMs / 1_000, { table });
    this.#insertRows.add(rowCount, { table });
  }

  insertFailed(table: string, code: string): void {
    this.#insertFailures.add(1, { table, code });
  }

  stored(signal: Signal, lagMs: number): void {
    this.#lagSeconds.record(lagMs / 1_000, { signal });
  }

  setAside(signal: Signal): void {
    this.#setAside.add(1, { signal });
  }

  rebuilt(signal: Signal): void {
    this.#rebuilt.add(1, { signal });
  }
}
