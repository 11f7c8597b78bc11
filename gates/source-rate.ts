import type { Signal } from '../core/signal.ts';
import { type Fact, valueFact } from './policies/fact.ts';

/** How many requests a service got, by one way of counting them, over whole minutes that are settled. */
export interface SourceRate {
  readonly serviceName: string;
  readonly signal: Signal;
  /** Of the newest settled minute; null where the spans carry no weight, or nothing counts them. */
  readonly requestsPerS: number | null;
  /** The largest of the hour before; null where nothing was counted. */
  readonly requestsPerSMaxOfHour: number | null;
  readonly readAtMs: number;
}

/** Requests a second: nothing counts more exactly, so two ways of counting that agree above it agree about nothing. */
const PER_S_MAX = Number.MAX_SAFE_INTEGER;
/** As for verdicts: what nobody renewed is no longer known. */
const VALID_MS = 60_000;

/**
 * The rate of one way of counting. None at all is believed only when nothing speaks against it: neither another way of
 * counting the same requests, nor the hour before (a quota was cut on a load reported as zero: Google 2020).
 */
export function sourceRate(
  rates: readonly SourceRate[],
  of: { readonly serviceName: string; readonly signal: Signal; readonly nowMs: number },
): Fact {
  const ofService = rates.filter(
    ({ serviceName, readAtMs }) => serviceName === of.serviceName && of.nowMs - readAtMs <= VALID_MS,
  );
  const own = ofService.find(({ signal }) => signal === of.signal);
  const perS = own?.requestsPerS ?? null;
  if (own === undefined || perS === null) {
    return { unknown: 'nothing counts the requests of this source, or it was not read in the last minute' };
  }
  // NaN is not above 0, and must not become a rate of none; a counter that ran backwards counts nothing.
  if (Number.isNaN(perS) || perS < 0 || perS > PER_S_MAX) return { unknown: `a rate of ${perS} is no rate` };
  if (perS > 0) return valueFact(perS, true);
  const others = ofService.filter((rate) => rate !== own && (rate.requestsPerS ?? 0) !== 0);
  if (others.length > 0) {
    const told = others.map(({ signal, requestsPerS }) => `the ${signal} say ${requestsPerS?.toFixed(1)}/s`);
    return { unknown: `a rate of 0 is implausible: ${told.join(', ')}` };
  }
  const before = own.requestsPerSMaxOfHour ?? 0;
  if (before !== 0) {
    return { unknown: `a rate of 0 is implausible: up to ${before.toFixed(1)}/s in the hour before` };
  }
  return valueFact(0, true);
}
