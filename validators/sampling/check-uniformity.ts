import { chiSquareUpperTail } from '../../core/chi-square-tail.ts';
import { wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
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
  readonly min: number;
  readonly max: number;
}

/**
 * c2: U = (R - T) / (2^56 - T) is uniform for any threshold where sampling is consistent and ids are random. Told by
 * chi-square over up to 64 bins, by the smallest U (a real threshold above the declared one) and by the largest, each
 * over the last 1, 2, 4, … windows; a span with R < T has no U at all and fails it as c1.
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
  const passed = !failed && effectMax !== null && effectMax <= EFFECT_MAX && pValue > policy.doubtAlpha;
  return {
    check: 'c2',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: failed ? failureOf(outside, tests) : passed ? 'UNIFORM' : 'TOO_FEW_TRACES',
    estimate: effect(all),
    lower: effect(all) === null ? null : 0,
    upper: effectMax,
    n: all.traces,
    pValue,
    eValue: null,
    alpha,
    evidence: { violations, offsetMin: all.min, offsetMax: all.max, ...tests },
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
        (byStart.get(startMs) ?? []).map(({ offsetBins, offsetMin, offsetMax }) => ({
          traces: sum(offsetBins),
          bins: offsetBins,
          min: offsetMin ?? 1,
          max: offsetMax ?? 0,
        })),
      ),
    )
    .filter(({ traces }) => traces > 0);
}

function pool(parts: readonly Offsets[]): Offsets {
  const bins = Array.from({ length: OFFSET_BINS }, (_, bin) => sum(parts.map((part) => part.bins[bin] ?? 0)));
  return {
    traces: sum(bins),
    bins,
    min: parts.reduce((min, part) => Math.min(min, part.min), 1),
    max: parts.reduce((max, part) => Math.max(max, part.max), 0),
  };
}

interface Shape {
  readonly chiSquare: number;
  readonly degrees: number;
}

/** Chi-square over as many bins as there are enough traces for; null below two. */
function shape({ traces, bins }: Offsets): Shape | null {
  const count = Math.min(OFFSET_BINS, 2 ** Math.floor(Math.log2(traces / PER_BIN_MIN)));
  if (!(count >= 2)) return null;
  const width = OFFSET_BINS / count;
  const expected = traces / count;
  let chiSquare = 0;
  for (let bin = 0; bin < count; bin++) {
    const seen = sum(bins.slice(bin * width, (bin + 1) * width));
    chiSquare += (seen - expected) ** 2 / expected;
  }
  return { chiSquare, degrees: count - 1 };
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
  if (found === null || found.degrees < OFFSET_BINS - 1) return null;
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
  return values.reduce((total, value) => total + value, 0);
}
