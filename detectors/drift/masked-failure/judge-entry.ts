import { binomialUpperTail } from '../../../core/binomial-tail.ts';
import type { AcceptedPeriod, SystemView } from '../../equal-load/system-view.ts';
import { COVERAGE_MIN } from '../../equal-load/window-mean.ts';
import { rateIncreaseP } from '../../statistics/rate-increase-p.ts';
import {
  countWindow,
  type LedgerEntry,
  nameOf,
  type RunningSums,
  runningSums,
  STEP_MINUTES,
  STEPS_PER_HOUR,
} from './ledger-entry.ts';
import { MASK_RULES, type MaskKind } from './mask-kind.ts';

/** A blip masks for minutes; what masks for three hours on end is a state. */
const HOURS = 3;
/** Something that heals so often within so long is not healed. */
const EVENTS_MIN = 5;
const EVENT_STEPS = 12 * STEPS_PER_HOUR;
/** An accepted period that saw worse than this says that worse is normal there. */
const REFERENCE_WORST_FACTOR = 1.5;
/** A limit this near to everything shows nothing. */
const LIMIT_MAX = 0.95;

/** An entry and what the accepted period says of it. */
export interface JudgedEntry extends LedgerEntry {
  readonly sums: RunningSums;
  /** Hidden out of all in the accepted period. */
  readonly reference: { readonly masked: number; readonly outOf: number };
  readonly kind: 'share' | 'events';
  /** Of a share: alarms above. Of events: so many in the window. */
  readonly limit: number;
}

/** @returns null where the accepted period cannot say what is normal: too little is known of it, or all of it was bad */
export function judgedEntry(entry: LedgerEntry, view: SystemView): JudgedEntry | null {
  const sums = runningSums(entry);
  const seen = view.frozen(nameOf(entry), (accepted) => seenIn(entry, sums, accepted));
  if (seen === null) return null;
  const { worst, ...reference } = seen;
  const base = { ...entry, sums, reference };
  if (isCounted(entry.mask)) return { ...base, kind: 'events', limit: EVENTS_MIN };
  const { floorRatio, factor } = MASK_RULES[entry.mask];
  const limit = Math.max(
    floorRatio,
    (factor * reference.masked) / reference.outOf,
    REFERENCE_WORST_FACTOR * worst,
  );
  return limit < LIMIT_MAX || entry.mask === 'retry' ? { ...base, kind: 'share', limit } : null;
}

/** Things that happen, and are not a share of anything. */
function isCounted(mask: MaskKind): boolean {
  return mask === 'restart' || mask === 'breaker-opening';
}

/** What the accepted period hid, and its worst three hours. */
function seenIn(
  { mask, masked }: LedgerEntry,
  sums: RunningSums,
  accepted: AcceptedPeriod,
): { readonly masked: number; readonly outOf: number; readonly worst: number } | null {
  const from = Math.ceil(accepted.fromMinute / STEP_MINUTES);
  const until = Math.min(Math.floor(accepted.untilMinute / STEP_MINUTES), masked.length);
  if (until - from < HOURS * STEPS_PER_HOUR) return null;
  const { knownRatio, ...reference } = countWindow(sums, from, until);
  if (knownRatio < COVERAGE_MIN || !(reference.outOf > 0)) return null;
  let worst = 0;
  if (isCounted(mask)) return { ...reference, worst };
  for (let step = from + HOURS * STEPS_PER_HOUR; step <= until; step++) {
    worst = Math.max(worst, leastHourly(sums, step, worst));
  }
  return { ...reference, worst };
}

/** The least share of the hours that end at a step; 0 when one of them is not known, or is no more than `enough`. */
function leastHourly(sums: RunningSums, untilStep: number, enough = 0): number {
  let least = Number.POSITIVE_INFINITY;
  for (let hour = 1; hour <= HOURS; hour++) {
    const until = untilStep - (hour - 1) * STEPS_PER_HOUR;
    const { masked, outOf, knownRatio } = countWindow(sums, until - STEPS_PER_HOUR, until);
    if (knownRatio < COVERAGE_MIN || !(masked > enough * outOf)) return 0;
    least = Math.min(least, masked / outOf);
  }
  return least;
}

/**
 * How likely what the entry shows up to a step would be if it were no worse than its limit; null: it is inside it, or
 * not enough is known.
 */
export function alarmP(entry: JudgedEntry, untilStep: number): number | null {
  const { sums, limit, reference, mask } = entry;
  if (entry.kind === 'share' && !(leastHourly(sums, untilStep, limit) > limit)) return null;
  const window = entry.kind === 'events' ? EVENT_STEPS : HOURS * STEPS_PER_HOUR;
  const from = Math.max(0, untilStep - window);
  const now = countWindow(sums, from, untilStep);
  const factor = Math.max(1, MASK_RULES[mask].factor);
  const excess = () =>
    rateIncreaseP(
      { events: now.masked, exposure: now.outOf },
      { events: reference.masked, exposure: reference.outOf },
      factor,
    );
  if (entry.kind === 'events') return now.masked < limit ? null : excess();
  const overFloor = binomialUpperTail(
    Math.round(now.masked),
    Math.max(Math.round(now.masked), Math.round(now.outOf)),
    MASK_RULES[mask].floorRatio,
  );
  // What is not called has its limit from the reference already.
  return mask === 'not-called' ? overFloor : Math.max(overFloor, excess());
}

/** Whether its last hour (of events: the last twelve) is outside its limit; null is not known. */
export function isOutside(entry: JudgedEntry, untilStep: number): boolean | null {
  if (entry.kind === 'events') return alarmP(entry, untilStep) !== null;
  const { masked, outOf, knownRatio } = countWindow(
    entry.sums,
    Math.max(0, untilStep - STEPS_PER_HOUR),
    untilStep,
  );
  if (knownRatio < COVERAGE_MIN || !(outOf > 0)) return null;
  return masked > entry.limit * outOf;
}

/** The step from which it has been outside without a break, looking back from a step at which it is. */
export function outsideSince(entry: JudgedEntry, untilStep: number): number {
  const { masked, outOf } = entry;
  if (entry.kind === 'events') {
    const from = Math.max(0, untilStep - EVENT_STEPS);
    for (let step = from; step < untilStep; step++) if ((masked[step] as number) > 0) return step;
    return from;
  }
  let since = untilStep;
  for (let step = untilStep - 1; step >= 0; step--) {
    const share = (masked[step] as number) / (outOf[step] as number);
    if (share > entry.limit) since = step;
    else if (since - step >= STEPS_PER_HOUR) break;
  }
  return since;
}
