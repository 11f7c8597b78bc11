import type { Signal } from '../core/signal.ts';
import type { Sample } from './doctor/read-metrics.ts';

export interface SetAsideCount {
  readonly signal: Signal;
  readonly reason: string;
  readonly requestCount: number;
}

/** What the ingest role says of requests that it set aside. */
export function setAsideCounts(samples: readonly Sample[]): SetAsideCount[] {
  return samples
    .filter(({ name }) => name === 'plumbline_ingest_spool_set_aside')
    .map(({ labels, value }) => ({
      signal: labels['signal'] as Signal,
      reason: labels['reason'] ?? '',
      requestCount: value,
    }));
}
