import { PipelineError } from '../../core/errors.ts';

/**
 * What one request's resources, scopes and metrics may add to its rows, in which they stand again and again. Real
 * senders stay far below it (64 MiB of short log records with a resource of 500 bytes come to 250 MiB); without
 * it a resource of 1 MB over half a million empty records, 2 MB as sent, would be 500 GB of rows.
 */
const REPEATED_BYTES_MAX = 268_435_456;

/**
 * Counts bytes of the body that are about to be stored in several rows, before room is made for them.
 * @throws PipelineError `otlp_too_large`
 */
export function chargeRepeats(walk: { repeatedBytes: number }, byteCount: number, times: number): void {
  walk.repeatedBytes += byteCount * times;
  if (walk.repeatedBytes <= REPEATED_BYTES_MAX) return;
  throw new PipelineError(
    'otlp_too_large',
    `The request repeats its resource, scope or metric descriptions in so many rows that they take more than ${REPEATED_BYTES_MAX} bytes. Nothing of it was stored; send smaller batches, or shorter resource attributes.`,
    { bytesMax: REPEATED_BYTES_MAX },
  );
}
