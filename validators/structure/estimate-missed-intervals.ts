import { median } from 'simple-statistics';
import { sourceKey } from '../../core/source.ts';
import type { StreamsOfService } from '../../core/stream-tally.ts';
import { rfc3339 } from '../../core/time.ts';
import type { Reason } from '../../core/verdict.ts';
import { batchAwareInterval } from '../batch-aware-interval.ts';
import type { WindowEstimate } from '../judge-windows.ts';
import type { Blame, LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { FAST_MS, windowsUntil } from '../windows.ts';
import { type ExpectedSlot, expectPoints, type Pace } from './expect-points.ts';
import { countDoubleWriters } from './stream-faults.ts';

/** Exports may overtake one another in a Collector's queue: a younger gap may still be filled. */
const SETTLE_MS = 10_000;
/** In the fast window, at least: fewer exports say nothing. */
const FAST_INTERVALS = 8;
const POINTS_MIN = 30;
const EXPORTS_MIN = 5;
/** Above this share of points of two writers their times are interleaved, and no interval is true. */
const MIXED_MAX = 0.05;

/**
 * The lost share of metric points, from the gaps in their streams (quality.md T8, S5, S6). A cumulative series comes
 * with every export from its first to its last point of an epoch; a gap of m intervals there means m - 1 points that
 * were lost or never exported. Delta series and gauges may rest, so of services without any cumulative series only
 * exports that are missing whole are counted. What is missing before a first or after a last point is no loss here:
 * a series may begin late and end early (scale-in); whole silence is freshness's business.
 *
 * The series of an export share its fate, so the interval is over the exports' seconds (`batchAwareInterval`). The
 * slow window is ten minutes, the fast one at least eight intervals. First and last points are given, not drawn, and
 * do not count.
 *
 * Measured coverage of the nominal 95 % and rates of false alarms: test/validators/structure/missed-intervals.test.ts.
 * A cadence that was changed without a restart shows as missed intervals until three new ones have come.
 */
export function estimateMissedIntervals(services: readonly StreamsOfService[], nowMs: number): LossEstimates {
  return new Map(
    services.map((service) => {
      const source = { ...service.service, serviceInstanceId: '', signal: 'metrics' } as const;
      return [sourceKey(source), estimateService(service, nowMs)];
    }),
  );
}

function estimateService(of: StreamsOfService, nowMs: number): LossEstimate {
  const windows = windowsUntil(nowMs);
  const pace = expectPoints(of.streams);
  const settledMs = nowMs - SETTLE_MS;
  const slots = pace.slots.filter(({ timeMs }) => timeMs <= settledMs && timeMs >= windows.slowStartMs);
  const intervalMs = pace.intervalsMs.length === 0 ? null : median(pace.intervalsMs);
  const fastMs = Math.max(FAST_MS, FAST_INTERVALS * (intervalMs ?? 0));
  const fastStartMs = Math.max(windows.slowStartMs, settledMs - fastMs);
  const mayPass = of.streams.every((stream) => stream.overflow === 0);
  const estimate = (startMs: number) => estimateWindow(slots, { startMs, endMs: settledMs, mayPass });
  const blame = blameFor(slots, of, fastStartMs);
  return {
    id: 'missed-intervals',
    kind: 'direct',
    fast: estimate(fastStartMs),
    slow: estimate(windows.slowStartMs),
    veto: vetoFor(of, pace, slots),
    blame,
    exampleTraceIds: [],
    evidence: {
      intervalMs,
      jitterRatio: pace.jitterRatio,
      expectedPoints: slots.length,
      missedPoints: slots.filter((slot) => slot.isMissed).length,
      // Between a first and a last point nothing is estimated: this is the share that did not come.
      missedRatio: slots.length === 0 ? null : slots.filter((slot) => slot.isMissed).length / slots.length,
      wholeExportsOnly: pace.wholeExportsOnly,
      writers: new Set(slots.map((slot) => slot.writer)).size,
      learningSeries: pace.learning,
      irregularSeries: pace.irregular,
      intermittentSeries: pace.intermittent,
      seriesCount: of.seriesCount,
      seriesLeftOut: of.seriesCount - of.seriesRead,
      overflow: !mayPass,
    },
  };
}

function estimateWindow(
  slots: readonly ExpectedSlot[],
  window: { startMs: number; endMs: number; mayPass: boolean },
): WindowEstimate {
  const bySecond = new Map<number, { lost: number; all: number }>();
  const arrived = new Set<string>();
  const exports = new Set<string>();
  let n = 0;
  for (const { timeMs, isMissed, writer } of slots) {
    if (timeMs < window.startMs) continue;
    n++;
    const secondMs = Math.round(timeMs / 1_000) * 1_000;
    const cell = bySecond.get(secondMs) ?? { lost: 0, all: 0 };
    bySecond.set(secondMs, { lost: cell.lost + (isMissed ? 1 : 0), all: cell.all + 1 });
    exports.add(`${writer}@${secondMs}`);
    if (!isMissed) arrived.add(`${writer}@${secondMs}`);
  }
  const enough = n >= POINTS_MIN && exports.size >= EXPORTS_MIN;
  return {
    ...window,
    n,
    interval: enough ? batchAwareInterval({ bySecond, batchCount: arrived.size }) : null,
  };
}

function vetoFor(of: StreamsOfService, pace: Pace, slots: readonly ExpectedSlot[]): Reason | null {
  const mixed = countDoubleWriters(of.streams, 0);
  if (mixed.faulty > MIXED_MAX * mixed.all) {
    return {
      code: 'WRITERS_MIXED',
      text: `${mixed.faulty} of ${mixed.all} points come from two writers under one identity, so their times do not tell what is missing; give every process its own service.instance.id (see the verdict of dimension structure).`,
    };
  }
  if (pace.changedAtMs !== null) {
    return {
      code: 'INTERVAL_CHANGED',
      text: `The interval of these metrics changed about ${rfc3339(pace.changedAtMs)}; what is missing is known again once the old interval is ten minutes past.`,
    };
  }
  if (slots.length > 0) return null;
  if (pace.irregular > pace.learning) {
    return {
      code: 'NO_CADENCE',
      text: `None of ${of.streams.length} streams comes at an interval, so nothing tells when a point is missing; a periodic reader or scrape would.`,
    };
  }
  return {
    code: 'INTERVAL_LEARNING',
    text: `The interval of these metrics is not known yet: it takes four points of one series in ten minutes. It needs no action; for intervals above two minutes nothing can be said.`,
  };
}

/** One process that misses what others deliver is to blame; what all miss together was lost elsewhere, or by all. */
function blameFor(slots: readonly ExpectedSlot[], of: StreamsOfService, fastStartMs: number): Blame | null {
  const recent = slots.filter((slot) => slot.timeMs >= fastStartMs);
  const judged = recent.some((slot) => slot.isMissed) ? recent : slots;
  const writers = [...Map.groupBy(judged, (slot) => slot.writer)].map(([writer, own]) => ({
    instance: writer.split('\u001f')[0] ?? '',
    ratio: own.filter((slot) => slot.isMissed).length / own.length,
  }));
  const losing = writers.filter(({ ratio }) => ratio > 0).sort((a, b) => b.ratio - a.ratio);
  const [worst] = losing;
  if (worst === undefined) return null;
  const { serviceName } = of.service;
  if (losing.length > 1 && losing.length === writers.length) {
    const text = `All ${writers.length} processes of ${serviceName} miss exports: look first at what they share, the Collector or the way to us, then at their exporters' errors.`;
    return { at: 'unattributed', name: serviceName, text };
  }
  const name = worst.instance === '' ? serviceName : worst.instance;
  const others =
    writers.length > 1 ? ` while ${writers.length - losing.length} other processes miss none` : '';
  const text = `${name} misses ${(100 * worst.ratio).toPrecision(2)} % of its exports${others}: look at its exporter's errors and timeouts, and whether its collection takes longer than the interval.`;
  return { at: 'source', name, text };
}
