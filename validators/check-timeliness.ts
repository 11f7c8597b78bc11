import type { SourceExpectation } from '../core/expectation.ts';
import type { Interval } from '../core/interval.ts';
import type { Signal } from '../core/signal.ts';
import type { Source } from '../core/source.ts';
import type { SourceTally } from '../core/source-tally.ts';
import type { Limits, Outcome, Reason, Verdict } from '../core/verdict.ts';
import { buildEstimator, buildVerdict } from './build-verdict.ts';
import { foldSources, type SourceTotals } from './fold-sources.ts';
import { judgeWindows, type WindowEstimate } from './judge-windows.ts';
import { isSteady, learnIntervalMs, learnSilenceMs } from './learn-interval.ts';
import { quantileBounds } from './quantile-bounds.ts';
import { type TimelinessPart, tellTimeliness } from './tell-timeliness.ts';
import { type OwnLag, subtractOwnLag } from './time/own-lag.ts';
import type { TimePart } from './time/time-part.ts';
import { SLOW_MS, type Windows, windowsUntil } from './windows.ts';

/** Freshness and lateness of traces and logs, seconds: three and twelve exports at the SDKs' 5 s. */
const TIMELINESS_LIMITS: Limits = { warn: 15, fail: 60 };
const LATENESS_QUANTILE = 0.99;
/** OpenTelemetry's default interval of metrics, assumed until one was seen. */
const METRIC_INTERVAL_MS = 60_000;
const ITEMS_MIN = 30;

/**
 * Are this source's data as recent as they must be? The verdict is the worst part's:
 * - *freshness*: now minus the newest event time that arrived, in seconds; exact but for our own lag, which the canary
 *   measures. An event time after its arrival counts as its arrival: one future stamp must not hide a silence.
 * - *lateness*: the quantile of arrival minus event time, in seconds, over what arrived; for spans the end is the
 *   event. What has not arrived yet cannot be late yet: freshness is there for that.
 * Metrics come at an interval, so their freshness limits are at least two and three times the interval learned; traces
 * and logs come when somebody asks, so they fail no sooner than three times their usual silence, and only where they came
 * steadily before; a job that has run is unknown. With only one report or one moment of requests seen, neither is known
 * and an old age is unknown, not fail.
 * Further parts (silence, late share, clock skew, future stamps) may take a pass away, and never give one.
 * @param input.tallies of one service and signal, any instances, split in any way, of the last ten minutes
 * @param input.ownLag how long we ourselves take, subtracted from the age of the newest event; null: not known
 * @param input.evidence more of it, for people
 * @returns null for a source that was silent for more than ten minutes: it is gone, not late
 * @see quality.md 3.3 T1 to T3
 */
export function checkTimeliness(
  input: {
    readonly source: Source;
    readonly tallies: readonly SourceTally[];
    readonly parts?: readonly TimePart[];
    readonly evidence?: Readonly<Record<string, unknown>>;
    readonly ownLag?: OwnLag | null;
  },
  expectation: SourceExpectation | null,
  nowMs: number,
): Verdict | null {
  const windows = windowsUntil(nowMs);
  const recent = input.tallies.filter((tally) => tally.receiveStartMs >= windows.slowStartMs);
  const all = foldSources(recent);
  if (all === null || all.receivedMsMax < nowMs - SLOW_MS) return null;
  const limits = expectation?.limits.timeliness ?? TIMELINESS_LIMITS;
  const quantile = expectation?.latenessQuantile ?? LATENESS_QUANTILE;
  const fast = foldSources(recent.filter((tally) => tally.receiveStartMs >= windows.fastStartMs));
  const rhythmMs = input.source.signal === 'metrics' ? learnIntervalMs(recent) : learnSilenceMs(recent);
  const freshness = checkFreshness({
    source: input.source,
    all,
    limits,
    rhythmMs,
    isSteady: () => input.source.signal === 'metrics' || isSteady(recent),
    windows,
    ownLag: input.ownLag ?? null,
  });
  const lateness = checkLateness({ fast, all, quantile, limits, windows });
  const more = input.parts ?? [];
  const speaking = more.filter(isTelling);
  const worse = [freshness, lateness.part, ...speaking].reduce((worst, part) =>
    badness(part) > badness(worst) ? part : worst,
  );
  return buildVerdict(
    {
      source: input.source,
      dimension: 'timeliness',
      unit: unitOf(worse.id),
      limits: worse.limits,
      outcome: worse.outcome,
      interval: worse.interval,
      n: worse.n,
      window: worse.window,
      reasons: reasonsOf(
        tellTimeliness({ freshness, lateness: lateness.part, quantile, fast, all, rhythmMs, nowMs }),
        { speaking, worse },
      ),
      estimators: [
        buildEstimator('freshness', 'clock', all.items, freshness.interval, 's'),
        ...lateness.estimators,
        ...more.map(({ id, n, interval }) => buildEstimator(id, 'clock', n, interval, unitOf(id))),
      ],
      evidence: {
        decidedBy: worse.id,
        ...describe({ tallies: recent, all, quantile, rhythmMs, nowMs }),
        ...input.evidence,
        parts: Object.fromEntries(more.map((part) => [part.id, { outcome: part.outcome, ...part.evidence }])),
      },
    },
    nowMs,
  );
}

function unitOf(id: TimelinessPart['id'] | TimePart['id']): Verdict['unit'] {
  return id === 'late-share' || id === 'future-stamps' ? 'ratio' : 's';
}

/**
 * Whether a part has something to say against a pass. Most sources are asked too seldom for a late share, or call
 * nobody whose clock could be held against theirs: that nothing is known there is no news, and the part is in the
 * evidence. A silence, a clock that stepped, and what is surely above its warn limit are.
 */
function isTelling({ id, outcome, interval, limits, reasons }: TimePart): boolean {
  if (outcome !== 'unknown') return outcome === 'fail';
  const isOdd = id === 'silence' || reasons.some(({ code }) => code === 'CLOCK_STEP');
  return isOdd || (interval !== null && interval.lower > limits.warn);
}

/** The worst part's first; a silence is said once. */
function reasonsOf(
  told: readonly Reason[],
  of: { readonly speaking: readonly TimePart[]; readonly worse: TimelinessPart | TimePart },
): Reason[] {
  const isTold = told.some(({ code }) => code === 'SILENT');
  const more = of.speaking.filter(({ id }) => !(isTold && id === 'silence'));
  const [first, rest] = [
    more.filter(({ id }) => id === of.worse.id),
    more.filter(({ id }) => id !== of.worse.id),
  ];
  const reasons = (parts: readonly TimePart[]) => parts.flatMap((part) => part.reasons);
  return [...reasons(first), ...told, ...reasons(rest)];
}

function checkFreshness(of: {
  source: Source;
  all: SourceTotals;
  limits: Limits;
  rhythmMs: number | null;
  isSteady: () => boolean;
  windows: Windows;
  ownLag: OwnLag | null;
}): TimelinessPart {
  const { all, windows } = of;
  const seenS = Math.max(0, windows.endMs - all.eventTimeMsMax) / 1_000;
  const seen = { estimate: seenS, lower: seenS, upper: seenS };
  const ageS = of.ownLag === null ? seen : subtractOwnLag(seen, of.ownLag);
  const limits = freshnessLimits(of.limits, of.source.signal, of.rhythmMs);
  // One report, or one moment of requests, says nothing about when the next is due.
  const isSilent = windows.endMs - all.receivedMsMax > limits.warn * 1_000;
  const isSure = () => of.rhythmMs !== null && (!isSilent || of.isSteady());
  const late: Outcome = ageS.lower > limits.fail && isSure() ? 'fail' : 'unknown';
  const outcome = ageS.upper <= limits.warn ? 'pass' : late;
  const window = { startMs: windows.slowStartMs, endMs: windows.endMs };
  return {
    id: 'freshness',
    outcome,
    limits,
    window,
    n: all.items,
    interval: ageS,
  };
}

function freshnessLimits({ warn, fail }: Limits, signal: Signal, rhythmMs: number | null): Limits {
  if (signal !== 'metrics') return { warn, fail: Math.max(fail, (3 * (rhythmMs ?? 0)) / 1_000) };
  const intervalS = (rhythmMs ?? METRIC_INTERVAL_MS) / 1_000;
  return { warn: Math.max(warn, 2 * intervalS), fail: Math.max(fail, 3 * intervalS) };
}

function checkLateness(of: {
  fast: SourceTotals | null;
  all: SourceTotals;
  quantile: number;
  limits: Limits;
  windows: Windows;
}) {
  const { windows, limits } = of;
  const estimate = (totals: SourceTotals | null, startMs: number): WindowEstimate => ({
    interval: totals === null || totals.items < ITEMS_MIN ? null : latenessS(totals, of.quantile),
    n: totals?.items ?? 0,
    startMs,
    endMs: windows.endMs,
    mayPass: true,
  });
  const fast = estimate(of.fast, windows.fastStartMs);
  const slow = estimate(of.all, windows.slowStartMs);
  const { outcome, decisive } = judgeWindows({ fast, slow }, limits);
  const part: TimelinessPart = { id: 'lateness', outcome, limits, window: decisive, ...numbersOf(decisive) };
  const estimators = [
    buildEstimator('lateness-45s', 'clock', fast.n, fast.interval, 's'),
    buildEstimator('lateness-10m', 'clock', slow.n, slow.interval, 's'),
  ];
  return { part, estimators };
}

function numbersOf({ interval, n }: WindowEstimate) {
  return { interval, n };
}

/** Early is not late: a clock ahead of ours shows in the evidence, not as a negative lateness. */
function latenessS(totals: SourceTotals, quantile: number): Interval | null {
  const bounds = quantileBounds(totals.lateness, quantile);
  if (bounds === null) return null;
  const seconds = (ms: number) => Math.max(0, ms) / 1_000;
  return { estimate: seconds(bounds.estimate), lower: seconds(bounds.lower), upper: seconds(bounds.upper) };
}

/** Orders outcomes, then how near the estimate is to the fail limit. */
function badness({ outcome, interval, limits }: TimelinessPart | TimePart): number {
  const rank = { pass: 0, unknown: 1, fail: 2 }[outcome];
  const nearness = interval === null ? 0 : interval.estimate / limits.fail;
  return rank + nearness / (1 + nearness);
}

function describe(of: {
  tallies: readonly SourceTally[];
  all: SourceTotals;
  quantile: number;
  rhythmMs: number | null;
  nowMs: number;
}): Record<string, unknown> {
  const byInstance = Map.groupBy(of.tallies, (tally) => tally.source.serviceInstanceId);
  const instances = [...byInstance].map(([id, tallies]) => {
    const totals = foldSources(tallies) as SourceTotals;
    return {
      id,
      items: totals.items,
      ageMs: of.nowMs - totals.eventTimeMsMax,
      silentMs: of.nowMs - totals.receivedMsMax,
    };
  });
  // The longest silent first, as that is what one looks for; the rest is a number.
  instances.sort((a, b) => b.silentMs - a.silentMs || (a.id < b.id ? -1 : 1));
  return {
    latenessQuantile: of.quantile,
    latenessMsMin: of.all.lateness.min,
    latenessMsMax: of.all.lateness.max,
    aheadOfOurClock: of.all.aheadCount,
    anomalous: of.all.anomalous,
    rhythmMs: of.rhythmMs,
    instanceCount: instances.length,
    instances: instances.slice(0, 10),
  };
}
