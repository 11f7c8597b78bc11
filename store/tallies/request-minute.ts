import type { Buckets } from '../../core/bucket-quantile.ts';

/** What a service answered in one minute, as far as one source of it tells. */
export interface RequestMinute {
  readonly startMs: number;
  requests: number;
  errors: number;
  /** Answered 429 or 503; errors too. null where the source does not tell them apart. */
  rejected: number | null;
  /** null where the source has no sum. */
  sumMs: number | null;
  readonly durationsMs: Buckets;
}
