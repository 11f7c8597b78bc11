import type { CounterSeries } from '../../core/counter-series.ts';
import type { ServerSpans } from '../../core/counter-server-spans.ts';
import { batchesBetween } from './batches-between.ts';
import { type Between, countBetween } from './count-between.ts';
import type { CountedLoss } from './counted-loss.ts';
import { readingNoise } from './reading-noise.ts';

/** A process's requests of one kind, by its metric and by its stored spans. */
export interface RequestSeries {
  /** Series of the duration histogram; their value is its count. */
  readonly counted: readonly CounterSeries[];
  readonly spans: readonly ServerSpans[];
  /** Exports of spans, where the SDK counts them. */
  readonly operations: readonly CounterSeries[];
  readonly routeOfSeries: (series: CounterSeries) => string;
  readonly routeOfSpans: (spans: ServerSpans) => string;
}

export interface Requests extends CountedLoss {
  readonly counted: number;
  /** Adjusted by their sampling thresholds. */
  readonly spans: number;
  /** Of routes of which no span was ever seen, left out of the above. */
  readonly untraced: ReadonlyMap<string, number>;
  readonly worst: number;
}

/** A route seldom asked for may have no span by chance. */
const UNTRACED_MIN = 20;
const FULL = 2 ** 56;

/**
 * Requests counted against spans stored, between two reports. Spans are counted by the second of their end, so the
 * two seconds at the edges are open; so is a span that ends after its request was counted.
 * @param traced routes of which a span was seen in the whole stretch
 */
export function measureRequests(
  of: RequestSeries,
  readings: readonly number[],
  traced: ReadonlySet<string>,
): Requests {
  const range = { fromMs: readings[0] as number, untilMs: readings.at(-1) as number };
  const byRoute = Map.groupBy(of.counted, of.routeOfSeries);
  const untraced = new Map<string, number>();
  for (const [route, series] of byRoute) {
    const count = countBetween(series, range);
    if (!traced.has(route) && count >= UNTRACED_MIN) untraced.set(route, count);
  }
  const series = of.counted.filter((one) => !untraced.has(of.routeOfSeries(one)));
  const spans = of.spans.filter((one) => byRoute.has(of.routeOfSpans(one)));
  const counted = countBetween(series, range);
  const found = weigh(spans, range);
  const edges = [range.fromMs, range.untilMs].map(
    (atMs) => weigh(spans, { fromMs: atMs - 1_000, untilMs: atMs + 1_000 }).weight,
  );
  const worst = Math.max(1, ...edges);
  const missingUntil = (untilMs: number) => {
    const part = { fromMs: range.fromMs, untilMs };
    return countBetween(series, part) - weigh(spans, part).weight;
  };
  const missing = counted - found.weight;
  const noise = found.variance > 0 ? worst : readingNoise(readings.map(missingUntil), worst);
  const cells = readings.slice(1).map((untilMs, i) => {
    const cell = { fromMs: readings[i] as number, untilMs };
    const all = countBetween(series, cell);
    return { lost: missing > noise ? all - weigh(spans, cell).weight : 0, all };
  });
  return {
    startMs: range.fromMs,
    endMs: range.untilMs,
    cells,
    lostMin: Math.max(0, missing - worst),
    lostMax: Math.max(0, missing + noise),
    batches: batchesBetween(of.operations, counted, range),
    isWhole: false,
    samplingVariance: found.variance,
    counted,
    spans: found.weight,
    untraced,
    worst,
  };
}

/** Horvitz-Thompson: a span kept with probability p stands for 1 / p, with variance (1 - p) / p^2. */
function weigh(
  spans: readonly ServerSpans[],
  { fromMs, untilMs }: Between,
): { readonly weight: number; readonly variance: number } {
  let [weight, variance] = [0, 0];
  for (const { bySecond, thresholdHex } of spans) {
    const p = probabilityOf(thresholdHex) ?? 1;
    for (const [secondMs, count] of bySecond) {
      if (secondMs < fromMs || secondMs >= untilMs) continue;
      weight += count / p;
      variance += (count * (1 - p)) / p ** 2;
    }
  }
  return { weight, variance };
}

/** How likely a span with `ot=th:` was kept; null where it says nothing or nonsense. */
export function probabilityOf(thresholdHex: string): number | null {
  if (!/^[0-9a-f]{1,14}$/.test(thresholdHex)) return null;
  // In integers first: a double near 2^56 has gaps of eight.
  return Number(2n ** 56n - BigInt(`0x${thresholdHex.padEnd(14, '0')}`)) / FULL;
}
