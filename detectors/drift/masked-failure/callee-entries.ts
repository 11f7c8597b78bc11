import type { MaskHistory } from '../../../core/mask-metrics.ts';
import type { ServiceHistory } from '../../../core/system-history.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { MaskKind } from './mask-kind.ts';
import { openingsOf } from './openings-of.ts';
import { sumSteps } from './sum-steps.ts';

/** What libraries of a caller count of one callee. */
export function calleeEntries(
  { from, to, series }: MaskHistory,
  caller: ServiceHistory | undefined,
): LedgerEntry[] {
  const { retries, callsRefused, breakerOpen, endpointsEjected, endpoints } = series;
  const { requests, errors } = caller?.series ?? {};
  const entry = (
    mask: MaskKind,
    masked: Float64Array | undefined,
    outOf: Float64Array | undefined,
  ): LedgerEntry[] =>
    masked === undefined || outOf === undefined
      ? []
      : [
          {
            mask,
            where: `${from}->${to}`,
            services: [from, to],
            toldByLibrary: true,
            ...sumSteps(masked, outOf),
          },
        ];
  // Each request that failed may have failed for what was refused; the others were answered in spite of it.
  const answered =
    errors && callsRefused?.map((refused, minute) => Math.max(0, refused - (errors[minute] as number)));
  return [
    ...entry('retry', retries, requests),
    ...entry('refused', answered, requests),
    ...entry('lost-endpoint', endpointsEjected, endpoints),
    ...entry(
      'breaker-opening',
      breakerOpen && openingsOf(breakerOpen),
      breakerOpen?.map(() => 1),
    ),
  ];
}
