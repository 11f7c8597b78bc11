import type { ClockTally } from '../../core/clock-tally.ts';
import type { Interval } from '../../core/interval.ts';
import { judge, type Limits, type Outcome, type Reason } from '../../core/verdict.ts';
import { SLOW_MS } from '../windows.ts';
import { type ClockSkew, clockKey, leastSkewMs } from './clock-graph.ts';
import type { TimePart } from './time-part.ts';

/** Seconds; quality.md 2.3. */
const SKEW_LIMITS: Limits = { warn: 0.1, fail: 1 };

interface InstanceSkew {
  readonly tally: ClockTally;
  readonly skew: ClockSkew | null;
  /** Ahead of our clock by at least this, ms; negative: behind it by no more. Null of quarantined stamps alone. */
  readonly aheadMsMin: number | null;
  /** Size of the skew in seconds; null where no number may be given. */
  readonly interval: Interval | null;
  readonly outcome: Outcome;
}

/**
 * How far can the clock of this source be believed? The size of its skew in seconds, of the instance that is worst:
 * - *against the others*, from calls (`clockGraph`): two-sided, hard.
 * - *against ours*, from the least lateness: a record cannot arrive before it was stamped, so a clock is ahead of ours
 *   by at least what it is stamped after its arrival. One-sided: a clock that is behind looks like a delay.
 * Without calls the skew has no upper end, and a pass is not to be had. Where no skew fits, there is no number: CLOCK_STEP.
 * False alarms: an interval misses the truth in fewer than 1 of 100 windows of two minutes (test), and to fail it must
 * miss by a second.
 * @param tallies all instances of one service and signal
 * @param skews of `clockGraph`
 */
export function checkClockSkew(
  tallies: readonly ClockTally[],
  skews: ReadonlyMap<string, ClockSkew>,
  nowMs: number,
): TimePart | null {
  const instances = tallies.map((tally) => measure(tally, skews));
  const rank: Readonly<Record<Outcome, number>> = { pass: 0, unknown: 1, fail: 2 };
  const size = ({ interval }: InstanceSkew) => interval?.lower ?? 0;
  const [worst] = instances.sort((a, b) => rank[b.outcome] - rank[a.outcome] || size(b) - size(a));
  if (worst === undefined) return null;
  return {
    id: 'clock-skew',
    outcome: worst.outcome,
    interval: worst.interval,
    n: worst.skew?.pairs ?? 0,
    limits: SKEW_LIMITS,
    window: { startMs: nowMs - SLOW_MS, endMs: nowMs },
    reasons: worst.outcome === 'pass' ? [] : [reasonOf(worst)],
    evidence: {
      clock: worst.tally.clock,
      instance: worst.tally.source.serviceInstanceId,
      aheadOfOursMsMin: worst.aheadMsMin,
      againstOthersMs: worst.skew?.againstOthers ?? null,
      clocks: worst.skew?.clocks ?? 0,
      steppedWith: worst.skew?.steppedWith ?? [],
      worstNeighbour: worst.skew?.worstNeighbour ?? null,
      instances: instances.length,
    },
  };
}

function measure(tally: ClockTally, skews: ReadonlyMap<string, ClockSkew>): InstanceSkew {
  const skew = tally.clock === null ? null : (skews.get(clockKey(tally.source.tenant, tally.clock)) ?? null);
  const aheadMsMin = tally.latenessMsLow === null ? null : -tally.latenessMsLow;
  const others = skew?.againstOthers ?? null;
  const isStepped = (skew?.steppedWith.length ?? 0) > 0;
  const lower = Math.max(0, aheadMsMin ?? 0, others === null ? 0 : leastSkewMs(others));
  const upper =
    others === null || isStepped
      ? Number.POSITIVE_INFINITY
      : Math.max(lower, Math.abs(others.lower), Math.abs(others.upper));
  const isSilent = lower === 0 && upper === Number.POSITIVE_INFINITY;
  const interval = isSilent ? null : seconds(lower, upper);
  const outcome = interval === null ? 'unknown' : judge(interval.lower, interval.upper, SKEW_LIMITS);
  return { tally, skew, aheadMsMin, interval, outcome };
}

function seconds(lowerMs: number, upperMs: number): Interval {
  const estimate = Number.isFinite(upperMs) ? (lowerMs + upperMs) / 2 : lowerMs;
  return { estimate: estimate / 1_000, lower: lowerMs / 1_000, upper: upperMs / 1_000 };
}

function reasonOf({ tally, skew, aheadMsMin, interval, outcome }: InstanceSkew): Reason {
  const clock = `The clock of ${tally.clock ?? (tally.source.serviceInstanceId || 'an unnamed instance')}`;
  const limit = `the limits are ${SKEW_LIMITS.warn} s and ${SKEW_LIMITS.fail} s`;
  const neighbour = skew?.worstNeighbour ?? null;
  const apart = neighbour === null ? 0 : leastSkewMs(neighbour.bound);
  if (outcome !== 'fail' && skew !== null && skew.steppedWith.length > 0) {
    const text = `${clock} and that of ${skew.steppedWith.slice(0, 3).join(', ')}: no skew fits the calls between them in the last minutes; one was set or drifts, or callees go on after their callers gave up. Look at NTP on both.`;
    return { code: 'CLOCK_STEP', text };
  }
  if (interval !== null && interval.lower > SKEW_LIMITS.warn) {
    const whom =
      (aheadMsMin ?? 0) / 1_000 >= interval.lower ? 'is ahead of ours' : 'differs from most others';
    const text = `${clock} ${whom} by at least ${interval.lower.toFixed(3)} s, ${limit}; set it by NTP, or ours if it is not the only one.`;
    return { code: 'CLOCK_SKEW', text };
  }
  if (
    skew !== null &&
    skew.againstOthers === null &&
    neighbour !== null &&
    apart > SKEW_LIMITS.warn * 1_000
  ) {
    const text = `${clock} and that of ${neighbour.clock} differ by at least ${(apart / 1_000).toFixed(3)} s, as in trace ${neighbour.exampleTraceId}; which one is wrong the ${skew.clocks} clocks that call each other do not tell. Compare both with NTP.`;
    return { code: 'CLOCK_SKEW_UNATTRIBUTED', text };
  }
  if (interval === null || interval.upper === Number.POSITIVE_INFINITY) {
    const why = tally.clock === null ? 'its identity names no single host or instance' : 'no calls bound it';
    const text = `${clock} cannot be judged: ${why}. Set service.instance.id and host.name, and propagate context over its calls.`;
    return { code: 'SKEW_UNBOUNDED', text };
  }
  const text = `${clock} is off by ${interval.lower.toFixed(3)} to ${interval.upper.toFixed(3)} s, which may lie on either side; ${limit}.`;
  return { code: 'SKEW_UNDECIDED', text };
}
