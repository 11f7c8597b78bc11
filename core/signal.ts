/** OTLP's three signals, in the order of their paths. */
export const SIGNALS = ['traces', 'metrics', 'logs'] as const;
export type Signal = (typeof SIGNALS)[number];

/** What one record of a signal is called in a partial success (`rejected_spans` and kin). */
export const ITEM_NOUN: Readonly<Record<Signal, string>> = {
  traces: 'spans',
  metrics: 'data points',
  logs: 'log records',
};
