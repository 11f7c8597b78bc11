import type { LogRecordProcessor, ReadWriteLogRecord } from '@opentelemetry/sdk-logs';

/** Numbers the log records of this process: attributes `plumbline.boot_id` and `plumbline.seq`. */
export class OrdinalLogRecordProcessor implements LogRecordProcessor {
  onEmit(record: ReadWriteLogRecord): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}
