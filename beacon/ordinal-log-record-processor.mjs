// @ts-check
import { Boot } from './boot.mjs';

/**
 * Numbers the log records of this process, as OrdinalSpanProcessor does spans. A log record goes through the
 * processors in their order: this one has to stand before the exporting ones.
 * @implements {import('@opentelemetry/sdk-logs').LogRecordProcessor}
 */
export class OrdinalLogRecordProcessor {
  #boot = new Boot();

  /** @param {import('@opentelemetry/sdk-logs').ReadWriteLogRecord} record */
  onEmit(record) {
    this.#boot.create();
    this.#boot.number(record);
  }

  async forceFlush() {}

  async shutdown() {}
}
