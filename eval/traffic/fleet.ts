/** One of the things a service does for a request. */
interface Call {
  readonly to: string;
  readonly probability: number;
  /** How often; a job calls many times. */
  readonly times?: number;
  /** By a queue: nobody waits for it, and it begins so much later on average. */
  readonly queuedMs?: number;
}

export interface ServiceSpec {
  readonly name: string;
  /** At the height of the day; at night fewer. */
  readonly instances: number;
  readonly exportMs: number;
  /** Mean of its own work for a request, beside its calls. */
  readonly workMs: number;
  readonly calls: readonly Call[];
  /** Some requests take very long: a share of them, and up to how long. */
  readonly long?: { readonly ratio: number; readonly ms: number };
}

/** Where traces begin: people who come at a rate, or a job by the clock. */
export interface Entry {
  readonly to: string;
  readonly perSecond?: number;
  readonly everyMs?: number;
}

export interface Fleet {
  readonly services: readonly ServiceSpec[];
  readonly entries: readonly Entry[];
  /** Rate and instances follow the hour and the day of the week. */
  readonly hasRhythm: boolean;
  /** Now and then the rate is four times as high for ten seconds or so. */
  readonly hasBursts: boolean;
  /** Every instance is replaced by a new one so often. */
  readonly deployEveryMs: number;
  /** Mean of the way to us, exponential. */
  readonly networkMs: number;
  /** Clocks of hosts are off by up to so much. */
  readonly skewMsMax: number;
  readonly metricEveryMs: number;
  readonly pointsPerReport: number;
  /** Share of requests that also write a log record. */
  readonly logRatio: number;
}
