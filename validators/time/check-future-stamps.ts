import type { ClockTally } from '../../core/clock-tally.ts';
import { wilson } from '../../core/interval.ts';
import { judge, type Limits } from '../../core/verdict.ts';
import { SLOW_MS } from '../windows.ts';
import type { TimePart } from './time-part.ts';

/** Of records stamped more than 10 s after their arrival; as with lateness (quality.md 2.3). */
const FUTURE_LIMITS: Limits = { warn: 0.01, fail: 0.05 };
const ITEMS_MIN = 30;

/**
 * Which share of the records claims to be from the future? No healthy record does: a delay only ever adds to lateness,
 * so this has no false alarms of its own, but for a clock that is ahead, which is what it is about.
 * Records in 5 s cells that are mixed are known to a bound; the interval spans both bounds and Wilson's for the count.
 * @param tallies all instances of one service and signal
 */
export function checkFutureStamps(tallies: readonly ClockTally[], nowMs: number): TimePart {
  const total = (of: (tally: ClockTally) => number) => tallies.reduce((sum, tally) => sum + of(tally), 0);
  const n = total(({ items }) => items);
  const ahead = { lower: total((tally) => tally.ahead.lower), upper: total((tally) => tally.ahead.upper) };
  const quarantined = total((tally) => tally.quarantined.upper);
  const limits = FUTURE_LIMITS;
  const interval =
    n < ITEMS_MIN
      ? null
      : {
          estimate: ahead.upper / n,
          lower: wilson(ahead.lower, n).lower,
          upper: wilson(ahead.upper, n).upper,
        };
  const reasons = [];
  if (ahead.upper > 0) {
    const count =
      ahead.lower === ahead.upper ? `${ahead.upper}` : `Between ${ahead.lower} and ${ahead.upper}`;
    const text = `${count} of ${n} records are stamped more than 10 s after their arrival${quarantined === 0 ? '' : `, ${quarantined} of them more than 5 min: those are kept, and count for no watermark and no skew`}; set that host's clock (NTP), or see whether a virtual machine was resumed.`;
    reasons.push({ code: quarantined === 0 ? 'FUTURE_STAMPS' : 'FUTURE_STAMPS_QUARANTINED', text });
  }
  if (interval === null) {
    reasons.push({ code: 'TOO_FEW', text: `${n} records in ten minutes say too little; 30 are needed.` });
  }
  return {
    id: 'future-stamps',
    outcome: interval === null ? 'unknown' : judge(interval.lower, interval.upper, limits),
    interval,
    n,
    limits,
    window: { startMs: nowMs - SLOW_MS, endMs: nowMs },
    reasons,
    evidence: { ahead, quarantined },
  };
}
