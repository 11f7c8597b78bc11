import type { Log } from '../core/log.ts';

/** The result of an export as OpenTelemetry's SDK hands it back; code 0 is success. */
interface ExportResult {
  readonly code: number;
  readonly error?: Error;
}

interface Exporter<Batch> {
  export(batch: Batch, done: (result: ExportResult) => void): void;
}

const SUCCESS = 0;
const FAILED = 1;

/**
 * An exporter whose modules are loaded at its first batch, off the way to a quick start. Failures are told
 * once, and once more when it works again: our ingest may be down for a while, and a line for every attempt
 * would bury the reason.
 */
export class LazyExporter<Batch> {
  readonly #options: { name: string; log: Log; load: () => Promise<Exporter<Batch>> };
  #exporter: Promise<Exporter<Batch>> | null = null;
  #failedCount = 0;
  #stopped = false;

  constructor(options: { name: string; log: Log; load: () => Promise<Exporter<Batch>> }) {
    this.#options = options;
  }

  export(batch: Batch, done: (result: ExportResult) => void): void {
    if (this.#stopped) {
      done({ code: FAILED });
      return;
    }
    this.#exporter ??= this.#options.load();
    this.#exporter.then(
      (exporter) => exporter.export(batch, (result) => done(this.#note(result))),
      (error: Error) => done(this.#note({ code: FAILED, error })),
    );
  }

  #note(result: ExportResult): ExportResult {
    const { log, name } = this.#options;
    if (result.code === SUCCESS) {
      if (this.#failedCount > 0) {
        log.info({ lostExportCount: this.#failedCount }, `Own ${name} are exported again.`);
      }
      this.#failedCount = 0;
    } else if (this.#failedCount++ === 0 && !this.#stopped) {
      const reason = result.error?.message ?? 'no reason given';
      log.warn({ reason }, `Own ${name} could not be exported; tried again every 10 s without another line.`);
    }
    return result;
  }

  stop(): void {
    this.#stopped = true;
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    this.stop();
  }
}
