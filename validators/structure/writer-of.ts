import type { StreamTally } from '../../core/stream-tally.ts';

/** Stable key of what should be one process: the instance, or where it has no id, its resource. */
export function writerOf(stream: StreamTally): string {
  return `${stream.serviceInstanceId}\u001f${stream.resource}`;
}

/** Stable key of a series of one writer, all its epochs together. */
export function identityOf(stream: StreamTally): string {
  return `${writerOf(stream)}\u001f${stream.metricName}\u001f${stream.series}`;
}
