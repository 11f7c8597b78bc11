import type { StreamPoint, StreamTally } from '../../core/stream-tally.ts';
import { countFaults, type FaultCounts } from './fault-share.ts';
import { gapsOf, learnCadence } from './learn-cadence.ts';
import { identityOf, writerOf } from './writer-of.ts';

/** Points of one stream, and how many of them have the fault. */
interface PointCount {
  readonly stream: StreamTally;
  readonly faulty: number;
  readonly all: number;
}

/** A rolling restart hands over within two exports, or half a minute. */
const HANDOVER_INTERVALS = 2;
const HANDOVER_MS_MIN = 30_000;
/** Times of the tally are whole milliseconds, and SDKs take two clocks' readings for end and next start. */
const TOUCH_MS = 5;
/** The tally's longest duration: the start was not sent. */
const NO_START_MS = 4_294_967_295;

/**
 * Points of counters that fell within one epoch (quality.md S7): all points of the stream count, as no rate can be
 * taken from it. Falls that were made up for before the newest point are not seen, nor those of series without a start.
 */
export function countFalls(streams: readonly StreamTally[], fromMs: number, isFast: boolean): FaultCounts {
  const counters = streams.filter(
    (stream) => stream.isMonotonic && stream.temporality === 'cumulative' && stream.epochStartMs > 0,
  );
  return byWriter(
    counters.map((stream) => {
      const all = since(stream.points, fromMs).length;
      const peak = isFast ? stream.fastPeak : stream.peak;
      const fell = peak !== null && stream.last !== null && peak > stream.last;
      return { stream, faulty: fell ? all : 0, all };
    }),
  );
}

/** Points of delta streams that begin before the point before them ended: what they share is counted twice (S5). */
export function countOverlaps(streams: readonly StreamTally[], fromMs: number): FaultCounts {
  return byWriter(
    streams
      .filter((stream) => stream.temporality === 'delta')
      .map((stream) => {
        const points = since(stream.points, fromMs).filter((point) => point.durationMs < NO_START_MS);
        const overlapping = points.filter((point, i) => {
          const before = points[i - 1];
          return before !== undefined && point.timeMs - point.durationMs < before.timeMs - TOUCH_MS;
        });
        return { stream, faulty: overlapping.length, all: points.length };
      }),
  );
}

/**
 * How much of the time between the first start and the last time its distinct points cover, all delta streams
 * together: below 1 is a gap (points that are missing, or nothing to count), above 1 an overlap. Null of no stream.
 */
export function deltaCoverage(streams: readonly StreamTally[]): number | null {
  let [covered, spanned] = [0, 0];
  for (const { temporality, points } of streams) {
    const known = points.filter((point) => point.durationMs < NO_START_MS);
    const [first, last] = [known[0], known.at(-1)];
    if (temporality !== 'delta' || first === undefined || last === undefined) continue;
    covered += known.reduce((sum, point) => sum + point.durationMs, 0);
    spanned += last.timeMs - (first.timeMs - first.durationMs);
  }
  return spanned === 0 ? null : covered / spanned;
}

/**
 * Points that two writers sent as one (S8): two values of one series at one time, or points where two epochs of one
 * series run side by side for longer than a restart hands over.
 */
export function countDoubleWriters(streams: readonly StreamTally[], fromMs: number): FaultCounts {
  const counts = [...Map.groupBy(streams, identityOf).values()].flatMap((epochs) => {
    const shared = sharedStretches(epochs);
    return epochs.map((stream) => {
      const points = since(stream.points, fromMs);
      const faulty = points.filter(
        ({ timeMs }, i) =>
          points[i - 1]?.timeMs === timeMs ||
          points[i + 1]?.timeMs === timeMs ||
          shared.some(({ startMs, endMs }) => timeMs >= startMs && timeMs <= endMs),
      );
      return { stream, faulty: faulty.length, all: points.length };
    });
  });
  return byWriter(counts);
}

function sharedStretches(epochs: readonly StreamTally[]) {
  const known = epochs.filter((stream) => stream.epochStartMs > 0 && stream.points.length > 0);
  if (known.length < 2) return [];
  const ranges = known
    .map(({ points }) => ({
      startMs: (points[0] as StreamPoint).timeMs,
      endMs: (points.at(-1) as StreamPoint).timeMs,
    }))
    .sort((a, b) => a.startMs - b.startMs);
  const gaps = known.flatMap(({ points }) => gapsOf(points.map((point) => point.timeMs)));
  const patienceMs = Math.max(HANDOVER_MS_MIN, HANDOVER_INTERVALS * (learnCadence(gaps)?.intervalMs ?? 0));
  const shared: { startMs: number; endMs: number }[] = [];
  let reachMs = (ranges[0] as (typeof ranges)[number]).endMs;
  for (const range of ranges.slice(1)) {
    const endMs = Math.min(reachMs, range.endMs);
    if (endMs - range.startMs > patienceMs) shared.push({ startMs: range.startMs, endMs });
    reachMs = Math.max(reachMs, range.endMs);
  }
  return shared;
}

/** Points that were delivered again, of all that were delivered. */
export function countRepeats(streams: readonly StreamTally[], fromMs: number, isFast: boolean): FaultCounts {
  return byWriter(
    streams.map((stream) => {
      const faulty = isFast ? stream.fastRepeats : stream.repeats;
      return { stream, faulty, all: since(stream.points, fromMs).length + faulty };
    }),
  );
}

/** Of a process all series share the fault, so a writer is one cell, and its series are what is counted. */
function byWriter(counts: readonly PointCount[]): FaultCounts {
  const cells = [...Map.groupBy(counts, ({ stream }) => writerOf(stream)).values()].map((own) => ({
    faulty: own.reduce((sum, one) => sum + one.faulty, 0),
    all: own.reduce((sum, one) => sum + one.all, 0),
  }));
  return countFaults(cells, counts.length);
}

function since(points: readonly StreamPoint[], fromMs: number): readonly StreamPoint[] {
  return points.filter((point) => point.timeMs >= fromMs);
}
