import { PipelineError } from '../../core/errors.ts';

/**
 * Items, attributes, events, links and exemplars of one request. 64 MiB of real spans hold two million; as many bytes
 * of empty ones, two bytes each, would keep everybody else waiting for half a minute.
 */
export const PARTS_MAX = 4_000_000;

export function tooManyParts(): PipelineError {
  return new PipelineError(
    'otlp_too_large',
    `The request holds more than ${PARTS_MAX} items, attributes, events and links. Nothing of it was stored; send smaller batches.`,
    { partsMax: PARTS_MAX },
  );
}
