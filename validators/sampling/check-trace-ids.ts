import { binomialUpperTail } from '../../core/binomial-tail.ts';
import { chiSquareUpperTail } from '../../core/chi-square-tail.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import { normalUpperTail } from '../../core/normal-tail.ts';
import type { SamplingWindow, TraceIdWindow } from '../../core/sampling/sampling-window.ts';
import { inferSampler, mergeFamilies } from './infer-sampler.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';
import { windowWeight } from './window-weight.ts';

const BITS = 40;
/** Bits below a threshold's own that its shape still reaches, to a thousandth. */
const SHAPED_BELOW = 10;
const RANDOMNESS_BITS = 56;
/** PASS: every bit is 1 in half of the ids, to this. */
const BIT_WITHIN = 0.075;
/** Ids that follow a clock do so nearly perfectly; a rate that changes half way moves U, but not like this. */
const CLOCK_CORRELATION = 0.8;

/**
 * c7: are the trace ids random where it matters, in their low 56 bits? Told by ones per bit of the low 40 (the strongest
 * of them, and all together), by ids that follow a clock, and by the print of an old sampler in the ids of spans that
 * carry weights: then somebody labelled what an unlabelled sampler had thinned. Prefixes (X-Ray, UUIDv7, 64 bits) do no
 * harm. With `rv` the ids need not be random, so a FAIL informs and decides nothing (`evidence.withRandomness`).
 */
export function checkTraceIds(
  input: { readonly traceIds: readonly TraceIdWindow[]; readonly windows: readonly SamplingWindow[] },
  policy: SamplingPolicy,
): SamplingCheck {
  const { alpha } = policy;
  const { traceIds } = input;
  const traces = sum(traceIds.map((window) => window.traces));
  if (traces === 0) return unjudged('c7', 'not-applicable', { code: 'NO_TRACES', alpha });
  const bits = Math.min(
    BITS,
    RANDOMNESS_BITS - SHAPED_BELOW - Math.ceil(Math.log2(largestWeight(input.windows))),
  );
  const ones = Array.from({ length: Math.max(0, bits) }, (_, bit) =>
    sum(traceIds.map((window) => window.ones[bit] ?? 0)),
  );
  const strays = ones.map((count) => Math.abs(count - traces / 2) / traces);
  const strayMax = Math.max(0, ...strays);
  const oneBit = Math.min(1, 2 * ones.length * binomialUpperTail(traces * (0.5 + strayMax), traces, 0.5));
  const allBits =
    ones.length === 0
      ? 1
      : chiSquareUpperTail(sum(strays.map((stray) => 4 * traces * stray ** 2)), ones.length);
  const clock = followClock(traceIds);
  const unweighted = sum(traceIds.map((window) => window.unweighted.traces));
  const printed =
    unweighted === 0
      ? inferSampler(
          { traces, families: mergeFamilies(traceIds.map(({ families }) => families)), isShaped: true },
          alpha / LOOKS,
        )
      : null;
  const inferred = inferSampler(
    {
      traces: unweighted,
      families: mergeFamilies(traceIds.map((window) => window.unweighted.families)),
      isShaped: false,
    },
    alpha,
  );
  const pValue = Math.min(1, LOOKS * Math.min(oneBit, allBits, clock.pValue, printed?.pValue ?? 1));
  const failed = pValue <= alpha;
  const half = normalQuantile(1 - policy.passAlpha / (2 * BITS)) / (2 * Math.sqrt(traces));
  const passed = !failed && bits > 0 && strayMax + half <= BIT_WITHIN && pValue > policy.doubtAlpha;
  return {
    check: 'c7',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: failed
      ? LOOKS * Math.min(oneBit, allBits) <= alpha
        ? 'BITS_NOT_RANDOM'
        : printed !== null
          ? 'SAMPLED_BEFORE_BY_ID'
          : 'IDS_FOLLOW_CLOCK'
      : passed
        ? 'IDS_RANDOM'
        : 'TOO_FEW_TRACES',
    estimate: 0.5 + strayMax,
    lower: Math.max(0.5, 0.5 + strayMax - half),
    upper: 0.5 + strayMax + half,
    n: traces,
    pValue,
    eValue: null,
    alpha,
    evidence: {
      bits,
      worstBit: strays.indexOf(strayMax),
      clockCorrelation: clock.correlation,
      withRandomness: sum(traceIds.map(({ withRandomness }) => withRandomness)),
      printed,
      inferred,
    },
  };
}

const LOOKS = 4;

/** Weights shape the leading bits of R: those of the rarest sampler reach furthest down. */
function largestWeight(windows: readonly SamplingWindow[]): number {
  return windows.reduce(
    (largest, window) => Math.max(largest, window.roots > 0 ? (windowWeight(window) ?? 1) : 1),
    1,
  );
}

/** Over windows and within them: each window's seconds count from its own start. */
function followClock(windows: readonly TraceIdWindow[]): { correlation: number | null; pValue: number } {
  const timed = windows.filter((window) => window.timed > 0);
  const originMs = timed.reduce((first, { startMs }) => Math.min(first, startMs), Number.POSITIVE_INFINITY);
  let n = 0;
  let time = 0;
  let timeSquares = 0;
  let place = 0;
  let placeSquares = 0;
  let products = 0;
  for (const window of timed) {
    const shift = (window.startMs - originMs) / 1_000;
    n += window.timed;
    time += window.timeSum + shift * window.timed;
    timeSquares += window.timeSquares + 2 * shift * window.timeSum + shift * shift * window.timed;
    place += window.placeSum;
    placeSquares += window.placeSquares;
    products += window.products + shift * window.placeSum;
  }
  const spread = (n * timeSquares - time * time) * (n * placeSquares - place * place);
  if (n < 10 || !(spread > 0)) return { correlation: null, pValue: 1 };
  const correlation = (n * products - time * place) / Math.sqrt(spread);
  if (Math.abs(correlation) < CLOCK_CORRELATION) return { correlation, pValue: 1 };
  const fisher = Math.atanh(Math.min(Math.abs(correlation), 1 - 1e-12)) * Math.sqrt(n - 3);
  return { correlation, pValue: 2 * normalUpperTail(fisher) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
