import type { Interval } from '../core/interval.ts';
import { rfc3339 } from '../core/time.ts';
import type { Limits, Outcome, Reason } from '../core/verdict.ts';
import type { SourceTotals } from './fold-sources.ts';
import { FAST_MS } from './windows.ts';

/** One of the two questions a verdict of timeliness answers, with its own limits. */
export interface TimelinessPart {
  readonly id: 'freshness' | 'lateness';
  readonly outcome: Outcome;
  readonly interval: Interval | null;
  readonly n: number;
  readonly limits: Limits;
  readonly window: { readonly startMs: number; readonly endMs: number };
}

export interface TimelinessFacts {
  readonly freshness: TimelinessPart;
  readonly lateness: TimelinessPart;
  readonly quantile: number;
  readonly fast: SourceTotals | null;
  readonly all: SourceTotals;
  /** Interval of metrics, usual silence of traces and logs, ms; null while not known. */
  readonly rhythmMs: number | null;
  readonly nowMs: number;
}

/** Why a verdict of timeliness is what it is; a pass has reasons only where something was odd. */
export function tellTimeliness(facts: TimelinessFacts): Reason[] {
  return [tellSilence(facts), tellAge(facts), tellLateness(facts), tellClock(facts)].filter(
    (reason) => reason !== null,
  );
}

/** Silence is the whole reason once it alone exceeds what is allowed. */
function isSilent({ freshness, all, nowMs }: TimelinessFacts): boolean {
  return freshness.outcome !== 'pass' && nowMs - all.receivedMsMax > freshness.limits.warn * 1_000;
}

function tellSilence(facts: TimelinessFacts): Reason | null {
  if (!isSilent(facts)) return null;
  const { all, nowMs } = facts;
  const text = `Nothing has arrived since ${rfc3339(all.receivedMsMax)}, ${seconds(nowMs - all.receivedMsMax)} ago; see whether the service runs and its exporter reaches us.`;
  return { code: 'SILENT', text };
}

function tellAge(facts: TimelinessFacts): Reason | null {
  const { freshness, all, rhythmMs, nowMs } = facts;
  const age = `The newest event is ${seconds(nowMs - all.eventTimeMsMax)} old`;
  const { warn, fail } = freshness.limits;
  if (freshness.outcome === 'pass') return null;
  if (freshness.outcome === 'fail') {
    const text = `${age}, the limit is ${fail} s, though data still arrive; look for a backlog in the exporter or a Collector.`;
    return isSilent(facts) ? null : { code: 'STALE', text };
  }
  if (rhythmMs === null && (freshness.interval?.estimate ?? 0) > fail) {
    const text = `${age}; records came at one moment only, so when the next are due is not known.`;
    return { code: 'INTERVAL_UNKNOWN', text };
  }
  return { code: 'AGE_UNDECIDED', text: `${age}, between the limits ${warn} s and ${fail} s.` };
}

function tellLateness({ lateness, quantile, fast, all }: TimelinessFacts): Reason | null {
  if (lateness.outcome === 'pass') return null;
  const what = `The ${percent(quantile)} lateness`;
  const { warn, fail } = lateness.limits;
  if (lateness.interval === null) {
    return {
      code: 'TOO_FEW',
      text: `${all.items} records in ten minutes (${fast?.items ?? 0} in the last ${FAST_MS / 1_000} s) are too few for a quantile; 30 are needed.`,
    };
  }
  if (lateness.outcome === 'fail') {
    return {
      code: 'LATE',
      text: `${what} is at least ${seconds(lateness.interval.lower * 1_000)}, the limit is ${fail} s; look for retries, backlogs or a clock that is behind.`,
    };
  }
  const needed = Math.ceil(Math.log(0.025) / Math.log(quantile));
  return lateness.interval.upper === Number.POSITIVE_INFINITY && all.items < needed
    ? {
        code: 'TOO_FEW',
        text: `${what} has no upper bound from ${all.items} records in ten minutes; ${needed} are needed, or a lower quantile in the constraint.`,
      }
    : {
        code: 'LATENESS_UNDECIDED',
        text: `${what} may lie on either side of the limits ${warn} s and ${fail} s.`,
      };
}

/** Delay hides a clock that is ahead, so what shows is a lower bound of how far. */
function tellClock({ all }: TimelinessFacts): Reason | null {
  if (all.aheadCount === 0) return null;
  const text = `${all.aheadCount} of ${all.items} records are stamped after their arrival, by up to ${seconds(-all.lateness.min)}: that clock is ahead of ours by at least as much.`;
  return { code: 'CLOCK_AHEAD', text };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

function percent(quantile: number): string {
  return `p${Number((quantile * 100).toFixed(3))}`;
}
