import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';

const time = z.iso.datetime({ offset: true });

/** `from` and `until` of what is asked about: the last day unless given. */
export const timeRangeQuery = {
  from: time.optional().describe('RFC 3339; a day before `until` unless given.'),
  until: time.optional().describe('RFC 3339; now unless given.'),
};

const DAY_MS = 86_400_000;

/** @throws PipelineError request_invalid where it is empty or longer than what is kept */
export function timeRangeOf(
  { from, until }: { readonly from?: string | undefined; readonly until?: string | undefined },
  nowMs: number,
): { fromMs: number; untilMs: number } {
  const untilMs = until === undefined ? nowMs : Date.parse(until);
  const fromMs = from === undefined ? untilMs - DAY_MS : Date.parse(from);
  if (untilMs <= fromMs) throw new PipelineError('request_invalid', 'until must be later than from.');
  if (untilMs - fromMs > 31 * DAY_MS) {
    throw new PipelineError('request_invalid', 'Records are kept for 30 days: ask for a month at most.');
  }
  return { fromMs, untilMs };
}
