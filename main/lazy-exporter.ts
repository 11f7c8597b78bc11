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

/** A server that starts or stops is not worth a line. */
const SILENT_MS = 30_000;

export interface LazyExporterOptions<Batch> {
  readonly name: string;
  readonly log: Log;
  readonly load: () => Promise<Exporter<Batch>>;
  readonly silentMs?: number | undefined;
}

/**
 * An exporter whose modules are loaded at its first batch, off the way to a quick start. Failures are told
 * once, after half a minute of nothing else, and once more when it works again: our ingest may be down for a
 * while, and a line for every attempt would bury the reason.
 */
export class LazyExporter<Batch> {
  readonly #options: LazyExporterOptions<Batch>;
  #exporter: Promise<Exporter<Batch>> | null = null;
  #failingSinceMs: number | null = null;
  #told = false;
  #stopped = false;

  constructor(options: LazyExporterOptions<Batch>) {
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
    if (result.code === SUCCESS) this.#worked();
    else if (!this.#stopped) this.#failed(result.error?.message ?? 'no reason given');
    return result;
  }

  #worked(): void {
    if (this.#told) this.#options.log.info({}, `Own ${this.#options.name} are exported again.`);
    this.#told = false;
    this.#failingSinceMs = null;
  }

  #failed(reason: string): void {
    const { log, name, silentMs = SILENT_MS } = this.#options;
    const nowMs = performance.now();
    this.#failingSinceMs ??= nowMs;
    if (this.#told || nowMs - this.#failingSinceMs < silentMs) return;
    this.#told = true;
    log.warn({ reason }, `Own ${name} cannot be exported; tried again without another line until it works.`);
  }

  stop(): void {
    this.#stopped = true;
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    this.stop();
  }
}
