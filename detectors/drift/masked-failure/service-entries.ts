import type { ServiceHistory } from '../../../core/system-history.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { MaskKind } from './mask-kind.ts';
import { openingsOf } from './openings-of.ts';
import { sumSteps } from './sum-steps.ts';

/**
 * What a service says of its own masks; a series that nobody sends gives no entry, not an entry of zero.
 * @param byCallee masks of which is known whom they are about: they have entries of their own
 */
export function serviceEntries(
  { name, series }: ServiceHistory,
  byCallee: ReadonlySet<'retries' | 'breakerOpen'>,
): LedgerEntry[] {
  const { requests, cacheHits, cacheMisses, replicas, replicasReady, restarts, breakerOpen } = series;
  const entry = (
    mask: MaskKind,
    masked: Float64Array | undefined,
    outOf: Float64Array | undefined,
  ): LedgerEntry[] =>
    masked === undefined || outOf === undefined
      ? []
      : [{ mask, where: name, services: [name], ...sumSteps(masked, outOf) }];
  const lookups = cacheHits && cacheMisses && cacheHits.map((hits, i) => hits + (cacheMisses[i] as number));
  const minutes = breakerOpen && new Float64Array(breakerOpen.length).fill(1);
  return [
    ...entry('fallback', series.fallbacks, requests),
    ...entry('stale', series.staleAnswers, lookups ?? requests),
    ...entry('lost-endpoint', replicasReady && replicas && lostOf(replicas, replicasReady), replicas),
    // More replicas restart more often.
    ...entry('restart', restarts, replicas ?? restarts?.map(() => 1)),
    ...(byCallee.has('breakerOpen')
      ? []
      : entry('breaker-opening', breakerOpen && openingsOf(breakerOpen), minutes)),
    ...(byCallee.has('retries') ? [] : entry('retry', series.retries, requests)),
  ];
}

function lostOf(replicas: Float64Array, ready: Float64Array): Float64Array {
  return replicas.map((all, i) => Math.max(0, all - (ready[i] as number)));
}
