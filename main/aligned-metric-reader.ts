import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

type Options = ConstructorParameters<typeof PeriodicExportingMetricReader>[0] & {
  readonly exportIntervalMillis: number;
};

/**
 * Exports at whole multiples of the interval by the wall clock, so that all roles of a machine do at once: what they send
 * is then one batch of rows and not four, each of which costs the store as much as thousands of spans.
 */
export class AlignedMetricReader extends PeriodicExportingMetricReader {
  readonly #intervalMs: number;

  constructor(options: Options) {
    super(options);
    this.#intervalMs = options.exportIntervalMillis;
  }

  protected override onInitialized(): void {
    const untilNextMs = this.#intervalMs - (Date.now() % this.#intervalMs);
    setTimeout(() => {
      this.onInitialized();
      void this.forceFlush();
    }, untilNextMs).unref();
  }
}
