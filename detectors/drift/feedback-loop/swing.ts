import { oscillationRegularity } from '../../statistics/oscillation-regularity.ts';

/** The moving mean that is taken out is an hour wide, windows are six; in steps of a series. */
const HALF_DETREND = 30;
const WINDOW = 360;
export const HOP = 60;
/** Smaller swings cost nobody anything. @see drift.md 3.3 */
const AMPLITUDE_MIN = 0.08;
/** One replica more or less of a small pool is how it follows its load: a swing is more than that. */
const AMPLITUDE_SMALL_POOL = 0.6;
/** The moving mean leaves noise with a period near its width: about 6 intervals fit then, regularity up to 13 was seen. Shorter periods are none of its making. */
const INTERVALS_MIN = 8;
/** Noise with as many intervals stays below 4: once in some 10^5 windows of autoscalers that do well. */
const REGULARITY_MIN = 4;

/**
 * Whoever follows a load by whole replicas climbs a staircase, and a staircase without its trend swings too; only what
 * turns back again and again goes this many times its range.
 */
const PATH_RANGES_MIN = 3;

/** How a series swung in one window. */
export interface Swing {
  /** First step after all data that was used. */
  readonly step: number;
  readonly regularity: number;
  readonly period: number;
  /** Standard deviation of the logarithm about its moving mean. */
  readonly amplitude: number;
}

/**
 * Windows in which the logarithm of a series swings regularly, in order. Unknown steps swing neither way; windows with
 * half of them say nothing.
 */
export function swingsOf(values: Float64Array, isAnyAmplitude = false): Swing[] {
  if (isConstant(values)) return [];
  const { detrended, known } = detrend(values);
  const n = values.length;
  const sums = new Float64Array(n + 1);
  const squares = new Float64Array(n + 1);
  const amounts = new Float64Array(n + 1);
  const counts = new Uint32Array(n + 1);
  let [sum, square, amount, count] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const value = detrended[i] as number;
    sum += value;
    square += value * value;
    amount += Math.max(0, (values[i] as number) || 0);
    count += known[i] as number;
    sums[i + 1] = sum;
    squares[i + 1] = square;
    amounts[i + 1] = amount;
    counts[i + 1] = count;
  }
  const swings: Swing[] = [];
  for (let step = WINDOW + HALF_DETREND; step <= n; step += HOP) {
    const [from, until] = [step - WINDOW - HALF_DETREND, step - HALF_DETREND];
    const between = (prefix: Float64Array | Uint32Array) =>
      (prefix[until] as number) - (prefix[from] as number);
    const inWindow = between(counts);
    if (2 * inWindow < WINDOW) continue;
    const amplitude = Math.sqrt(Math.max(0, between(squares) / inWindow - (between(sums) / inWindow) ** 2));
    const mean = between(amounts) / inWindow;
    if (!isAnyAmplitude && amplitude <= Math.max(AMPLITUDE_MIN, AMPLITUDE_SMALL_POOL / mean)) continue;
    // Before the autocorrelation, which costs a thousand times as much.
    if (!turnsBack(values.subarray(from, until))) continue;
    const { regularity, intervals, period } = oscillationRegularity(detrended.subarray(from, until));
    if (regularity <= REGULARITY_MIN || intervals < INTERVALS_MIN) continue;
    swings.push({ step, regularity, period, amplitude });
  }
  return swings;
}

/** Windows that end at a step or later are found in what lies from here on, too. */
export function reachBack(step: number): number {
  return HOP * Math.max(0, Math.floor((step - WINDOW - 2 * HALF_DETREND) / HOP));
}

function isConstant(values: Float64Array): boolean {
  let first = Number.NaN;
  for (const value of values) {
    if (!(value > 0) || value === first) continue;
    if (!Number.isNaN(first)) return false;
    first = value;
  }
  return true;
}

function turnsBack(values: Float64Array): boolean {
  let [low, high, path, last] = [Number.POSITIVE_INFINITY, 0, 0, Number.NaN];
  for (const value of values) {
    if (!(value > 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
    if (last > 0) path += Math.abs(value - last);
    last = value;
  }
  return path >= PATH_RANGES_MIN * (high - low);
}

/** Windows end this far apart; two in a row are one swing that goes on. */
export function isNextWindow(before: Swing, after: Swing): boolean {
  return after.step - before.step === HOP;
}

/** Spread of the logarithm about its moving mean in the window that ends at a step. */
export function amplitudeAt(values: Float64Array, step: number): number {
  const from = Math.max(0, step - WINDOW - 2 * HALF_DETREND);
  const { detrended, known } = detrend(values.subarray(from, step));
  let [sum, squares, n] = [0, 0, 0];
  for (let i = 0; i < detrended.length - HALF_DETREND; i++) {
    if (known[i] === 0) continue;
    sum += detrended[i] as number;
    squares += (detrended[i] as number) ** 2;
    n++;
  }
  return n === 0 ? Number.NaN : Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
}

function detrend(values: Float64Array): { readonly detrended: Float64Array; readonly known: Uint8Array } {
  const n = values.length;
  const logs = new Float64Array(n);
  const known = new Uint8Array(n);
  const sums = new Float64Array(n + 1);
  const counts = new Uint32Array(n + 1);
  let [sum, count, last, log] = [0, 0, Number.NaN, 0];
  for (let i = 0; i < n; i++) {
    const value = values[i] as number;
    if (value > 0) {
      // Pools stay as they are for minutes on end.
      if (value !== last) {
        last = value;
        log = Math.log(value);
      }
      logs[i] = log;
      known[i] = 1;
      sum += log;
      count++;
    }
    sums[i + 1] = sum;
    counts[i + 1] = count;
  }
  const detrended = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    if (known[i] === 0) continue;
    const from = Math.max(0, i - HALF_DETREND);
    const until = Math.min(n, i + HALF_DETREND + 1);
    const mean =
      ((sums[until] as number) - (sums[from] as number)) /
      ((counts[until] as number) - (counts[from] as number));
    detrended[i] = (logs[i] as number) - mean;
  }
  return { detrended, known };
}
