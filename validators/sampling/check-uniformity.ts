import { chiSquareUpperTail } from '../../core/chi-square-tail.ts';
import { wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import { latticeCells } from '../../core/sampling/hash-lattice.ts';
import { OFFSET_BINS, type SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';
import { suffixStarts } from './suffixes.ts';

/** Pearson's chi-square keeps its promise far out from about ten a bin on. */
const PER_BIN_MIN = 10;
/**
 * PASS: deviations from uniformity (root of chi-square / n) are shown to be below this, a small effect. A threshold
 * raised from 10 to 6 % half way gives 0.3; an old head sampler at 10 % upstream, which is nobody's fault, 0.02.
 */
const EFFECT_MAX = 0.2;

interface Offsets {
  readonly traces: number;
  readonly bins: readonly number[];
  /** Where nothing is wrong; not whole. */
  readonly expected: readonly number[];
  /** Traces whose R has 14 bits. */
  readonly onLattice: number;
  readonly min: number;
  readonly max: number;
}

/**
 * c2: U = (R - T) / (2^56 - T) is uniform for any threshold where sampling is consistent and ids are random. Told by
 * chi-square over up to 64 bins, by the smallest U (a real threshold above the declared one) and by the largest, each
 * over the last 1, 2, 4, … windows; a span with R < T has no U at all and fails it as c1. Of R from the Collector's
 * `hash_seed` only the 14 bits count that it decides by: bins then hold as many as they have cells of that lattice, and
 * where a threshold keeps a single cell there is nothing to see.
 * Blind to every loss that does not depend on R, which is most: a PASS never means that counts are right.
 */
export function checkUniformity(windows: readonly SamplingWindow[], policy: SamplingPolicy): SamplingCheck {
  const { alpha } = policy;
  const spans = windows.reduce((sum, { thresholdSpans }) => sum + thresholdSpans, 0);
  const violations = windows.reduce((sum, window) => sum + window.violations, 0);
  if (spans === 0) return unjudged('c2', 'not-applicable', { code: 'NO_THRESHOLDS', alpha });
  const byTime = offsetsByTime(windows);
  const starts = suffixStarts(byTime.length);
  const suffixes = starts.map((start) => pool(byTime.slice(start)));
  const all = pool(byTime);
  const looks = 3 * suffixes.length;
  const tests = {
    shape: least(suffixes.map((offsets) => shapeTail(offsets) ?? 1)),
    min: least(suffixes.map(({ traces, min }) => (1 - min) ** traces)),
    max: least(suffixes.map(({ traces, max }) => max ** traces)),
  };
  const pValue = Math.min(1, looks * least(Object.values(tests)));
  const outside = wilson(violations, spans, normalQuantile(1 - alpha)).lower > policy.contradictionsFail;
  const failed = outside || pValue <= alpha;
  const effectMax = effectUpper(all, policy.passAlpha);
  const isCoarse = all.traces >= 2 * PER_BIN_MIN && shape(all) === null;
  const passed = !failed && effectMax !== null && effectMax <= EFFECT_MAX && pValue > policy.doubtAlpha;
  return {
    check: 'c2',
    outcome: failed ? 'fail' : passed ? 'pass' : isCoarse ? 'unverifiable' : 'insufficient',
    code: failed
      ? failureOf(outside, tests)
      : passed
        ? 'UNIFORM'
        : isCoarse
          ? 'RANDOMNESS_TOO_COARSE'
          : 'TOO_FEW_TRACES',
    estimate: effect(all),
    lower: effect(all) === null ? null : 0,
    upper: effectMax,
    n: all.traces,
    pValue,
    eValue: null,
    alpha,
    evidence: { violations, offsetMin: all.min, offsetMax: all.max, onLattice: all.onLattice, ...tests },
  };
}

function failureOf(outside: boolean, tests: { shape: number; min: number; max: number }): string {
  if (outside) return 'OUTSIDE_THRESHOLD';
  if (tests.min <= Math.min(tests.shape, tests.max)) return 'REAL_THRESHOLD_HIGHER';
  return tests.max <= tests.shape ? 'TRUNCATED_ABOVE' : 'NOT_UNIFORM';
}

/** Windows of one start are one, whatever their weights: U is uniform under every threshold. */
function offsetsByTime(windows: readonly SamplingWindow[]): Offsets[] {
  const byStart = Map.groupBy(windows, ({ startMs }) => startMs);
  return [...byStart.keys()]
    .sort((a, b) => a - b)
    .map((startMs) =>
      pool(
        (byStart.get(startMs) ?? []).map((window) => ({
          traces: sum(window.offsetBins),
          bins: window.offsetBins,
          expected: expectedBins(window),
          onLattice: window.onLattice,
          min: window.offsetMin ?? 1,
          max: window.offsetMax ?? 0,
        })),
      ),
    )
    .filter(({ traces }) => traces > 0);
}

/** Even, and on the lattice by how many of the kept cells begin in each bin. */
function expectedBins({ offsetBins, onLattice, weightKey }: SamplingWindow): number[] {
  const even = (sum(offsetBins) - onLattice) / OFFSET_BINS;
  if (onLattice === 0) return new Array<number>(OFFSET_BINS).fill(even);
  const cells = latticeCells(weightKey.padEnd(14, '0'));
  const begun = (bin: number) => Math.ceil((bin * cells) / OFFSET_BINS);
  return Array.from(
    { length: OFFSET_BINS },
    (_, bin) => even + (onLattice * (begun(bin + 1) - begun(bin))) / cells,
  );
}

function pool(parts: readonly Offsets[]): Offsets {
  const bins = new Array<number>(OFFSET_BINS).fill(0);
  const expected = new Array<number>(OFFSET_BINS).fill(0);
  const pooled = { traces: 0, onLattice: 0, min: 1, max: 0 };
  for (const part of parts) {
    for (let bin = 0; bin < OFFSET_BINS; bin++) {
      bins[bin] = (bins[bin] as number) + (part.bins[bin] ?? 0);
      expected[bin] = (expected[bin] as number) + (part.expected[bin] ?? 0);
    }
    pooled.onLattice += part.onLattice;
    pooled.min = Math.min(pooled.min, part.min);
    pooled.max = Math.max(pooled.max, part.max);
  }
  return { ...pooled, traces: sum(bins), bins, expected };
}

interface Shape {
  readonly chiSquare: number;
  readonly degrees: number;
  /** There are traces enough for all bins. */
  readonly isFine: boolean;
}

/** Chi-square over as many bins as there are enough traces for; null below two. */
function shape({ traces, bins, expected }: Offsets): Shape | null {
  const count = Math.min(OFFSET_BINS, 2 ** Math.floor(Math.log2(traces / PER_BIN_MIN)));
  if (!(count >= 2)) return null;
  const width = OFFSET_BINS / count;
  const merged = Array.from({ length: count }, (_, bin) => ({
    seen: sum(bins.slice(bin * width, (bin + 1) * width)),
    expected: sum(expected.slice(bin * width, (bin + 1) * width)),
  }));
  const cells = withoutSparse(merged, traces / count / 2);
  const chiSquare = sum(cells.map((cell) => (cell.seen - cell.expected) ** 2 / cell.expected));
  return cells.length < 2 ? null : { chiSquare, degrees: cells.length - 1, isFine: count === OFFSET_BINS };
}

interface Bin {
  readonly seen: number;
  readonly expected: number;
}

/** A bin that few are expected in, as a coarse lattice leaves them, goes with the one before; the first is never one. */
function withoutSparse(bins: readonly Bin[], expectedMin: number): Bin[] {
  const kept: Bin[] = [];
  for (const bin of bins) {
    const before = kept.at(-1);
    if (before === undefined || bin.expected >= expectedMin) kept.push(bin);
    else kept[kept.length - 1] = { seen: before.seen + bin.seen, expected: before.expected + bin.expected };
  }
  return kept;
}

function shapeTail(offsets: Offsets): number | null {
  const found = shape(offsets);
  return found === null ? null : chiSquareUpperTail(found.chiSquare, found.degrees);
}

function effect(offsets: Offsets): number | null {
  const found = shape(offsets);
  return found === null ? null : Math.sqrt(Math.max(0, found.chiSquare - found.degrees) / offsets.traces);
}

/** Largest effect that gives a chi-square this small with a chance above `passAlpha` (normal form of Patnaik). */
function effectUpper(offsets: Offsets, passAlpha: number): number | null {
  const found = shape(offsets);
  if (!found?.isFine) return null;
  const z = normalQuantile(1 - passAlpha);
  const { chiSquare, degrees } = found;
  // degrees + d - z sqrt(2 (degrees + 2 d)) = chiSquare, solved for the noncentrality d.
  const excess = chiSquare - degrees;
  const noncentrality = excess + 2 * z * z + z * Math.sqrt(4 * z * z + 4 * excess + 2 * degrees);
  return Math.sqrt(Math.max(0, noncentrality) / offsets.traces);
}

function least(values: readonly number[]): number {
  return values.reduce((min, value) => Math.min(min, value), 1);
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
