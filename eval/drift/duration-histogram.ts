/** 2^(2^-4): buckets are 4.4 % wide. */
const SCALE = 4;
const BUCKETS_PER_OCTAVE = 2 ** SCALE;
/** Of so many requests the slowest are about the 99 % quantile, and all others about the median. */
const SLOW_RATIO = 0.02;

/** Counts of one minute; every part of the minute has the same buckets. */
export interface Durations {
  readonly scale: number;
  readonly offset: number;
  readonly counts: number[];
}

/**
 * Durations of which a reader that spreads counts evenly within buckets tells these two quantiles, as exactly as whole
 * counts allow: what lies beside a quantile's bucket puts the quantile at its place within the bucket.
 * @param count whole, > 0
 */
export function durationHistogram(of: { count: number; p50S: number; p99S: number }): Durations {
  const slow = of.count < 2 ? 0 : Math.max(1, Math.round(SLOW_RATIO * of.count));
  const most = of.count - slow;
  const placed = [
    ...place({ count: most, rank: Math.min(most, 0.5 * of.count), atS: of.p50S }),
    ...place({ count: slow, rank: Math.max(0, 0.99 * of.count - most), atS: Math.max(of.p99S, of.p50S) }),
  ];
  const offset = Math.min(...placed.map(({ bucket }) => bucket));
  const counts = new Array<number>(Math.max(...placed.map(({ bucket }) => bucket)) - offset + 1).fill(0);
  for (const { bucket, count } of placed)
    counts[bucket - offset] = (counts[bucket - offset] as number) + count;
  return { scale: SCALE, offset, counts };
}

/** `count` values around one, of which so many (`rank`) lie below it. */
function place({ count, rank, atS }: { count: number; rank: number; atS: number }) {
  if (count === 0) return [];
  const bucket = Math.ceil(Math.log2(atS) * BUCKETS_PER_OCTAVE) - 1;
  const [from, to] = [2 ** (bucket / BUCKETS_PER_OCTAVE), 2 ** ((bucket + 1) / BUCKETS_PER_OCTAVE)];
  const within = Math.min(0.999, Math.max(0.001, (atS - from) / (to - from)));
  const restAbove = rank / within <= count;
  const inside = Math.round(Math.min(count, restAbove ? rank / within : (count - rank) / (1 - within)));
  const here = Math.max(1, inside);
  return [
    { bucket, count: here },
    { bucket: restAbove ? bucket + 1 : bucket - 1, count: count - here },
  ].filter((part) => part.count > 0);
}

/** Takes so many out of the fullest buckets; returns them as counts over the same buckets. */
export function takeCounts(from: number[], count: number): number[] {
  const taken = from.map(() => 0);
  for (let left = count; left > 0; ) {
    const fullest = from.indexOf(Math.max(...from));
    const now = Math.min(left, from[fullest] as number);
    if (now === 0) break;
    from[fullest] = (from[fullest] as number) - now;
    taken[fullest] = (taken[fullest] as number) + now;
    left -= now;
  }
  return taken;
}
