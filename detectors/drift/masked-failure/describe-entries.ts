import { wilson } from '../../../core/interval.ts';
import { loadBin } from '../../equal-load/load-bin.ts';
import type { AcceptedPeriod, SystemView } from '../../equal-load/system-view.ts';
import { ratioInterval } from '../../statistics/ratio-interval.ts';
import type { JudgedEntry } from './judge-entry.ts';
import { countWindow, nameOf, STEP_MINUTES, STEPS_PER_HOUR } from './ledger-entry.ts';

/** Steps that make a bin of load known: an hour, as for minutes. */
const BIN_STEPS_MIN = STEPS_PER_HOUR;

export interface EntryEffect {
  readonly ratio: number;
  readonly lower: number;
  readonly upper: number;
  readonly atEqualLoad: boolean;
}

/** By how much more is hidden than at the same load in the accepted period; where the load is new, than in all of it. */
export function effectOf(
  entry: JudgedEntry,
  view: SystemView,
  window: { readonly fromStep: number; readonly untilStep: number },
): EntryEffect {
  const now = countWindow(entry.sums, window.fromStep, window.untilStep);
  // Half an event stands for none: a ratio to nothing is no number.
  const overall = Math.max(0.5, entry.reference.masked) / entry.reference.outOf;
  if (entry.kind === 'events') {
    const { masked, outOf } = entry.reference;
    const share = wilson(now.masked, now.masked + Math.max(0.5, masked));
    const rate = (p: number) => ((p / Math.max(1e-9, 1 - p)) * outOf) / Math.max(1, now.outOf);
    return {
      ratio: rate(share.estimate),
      lower: rate(share.lower),
      upper: rate(share.upper),
      atEqualLoad: false,
    };
  }
  const byBin = shareByLoad(entry, view);
  const above: number[] = [];
  const [equal, all]: [number[], number[]] = [[], []];
  for (let from = window.fromStep; from < window.untilStep; from += STEPS_PER_HOUR) {
    let [masked, expected, total] = [0, 0, 0];
    for (let step = from; step < Math.min(window.untilStep, from + STEPS_PER_HOUR); step++) {
      const [m, n] = [entry.masked[step] as number, entry.outOf[step] as number];
      if (Number.isNaN(m + n)) continue;
      masked += m;
      expected += n * (byBin.get(loadBin(n) ?? Number.NaN) ?? Number.NaN);
      total += n * overall;
    }
    above.push(masked);
    equal.push(expected);
    all.push(total);
  }
  const known = equal.filter((value) => value > 0).length;
  const atEqualLoad = known >= above.length / 2;
  const { estimate, lower, upper } = ratioInterval(above, atEqualLoad ? equal : all);
  return { ratio: estimate, lower, upper, atEqualLoad };
}

/** Hidden share by bin of load in the accepted period. */
export function shareByLoad(entry: JudgedEntry, view: SystemView): ReadonlyMap<number, number> {
  return new Map(view.frozen(`${nameOf(entry)} by load`, (accepted) => sharesIn(entry, accepted)));
}

function sharesIn(entry: JudgedEntry, accepted: AcceptedPeriod): [number, number][] {
  const bins = new Map<number, { masked: number; outOf: number; steps: number }>();
  const until = Math.min(Math.floor(accepted.untilMinute / STEP_MINUTES), entry.masked.length);
  for (let step = Math.ceil(accepted.fromMinute / STEP_MINUTES); step < until; step++) {
    const [m, n] = [entry.masked[step] as number, entry.outOf[step] as number];
    const bin = loadBin(n);
    if (bin === null || Number.isNaN(m)) continue;
    const sums = bins.get(bin) ?? { masked: 0, outOf: 0, steps: 0 };
    bins.set(bin, { masked: sums.masked + m, outOf: sums.outOf + n, steps: sums.steps + 1 });
  }
  return [...bins]
    .filter(([, { steps, outOf }]) => steps >= BIN_STEPS_MIN && outOf > 0)
    .map(([bin, { masked, outOf }]) => [bin, Math.max(0.5, masked) / outOf]);
}

/** One line of the ledger, as people read it. */
export interface LedgerRow {
  readonly where: string;
  readonly mask: string;
  readonly maskedRatio: number;
  readonly referenceRatio: number;
  readonly limit: number;
  readonly masked: number;
  readonly outOf: number;
  readonly sinceMinute: number;
}

export function ledgerRow(entry: JudgedEntry, fromStep: number, untilStep: number): LedgerRow {
  const now = countWindow(entry.sums, fromStep, untilStep);
  return {
    where: entry.where,
    mask: entry.mask,
    maskedRatio: now.masked / Math.max(1, now.outOf),
    referenceRatio: entry.reference.masked / entry.reference.outOf,
    limit: entry.limit,
    masked: Math.round(now.masked),
    outOf: Math.round(now.outOf),
    sinceMinute: fromStep * STEP_MINUTES,
  };
}
