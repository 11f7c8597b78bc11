import { median } from 'simple-statistics';
import {
  type ContractReference,
  clippedScore,
  isKnown,
  scoreOf,
  type TimedValue,
} from './contract-reference.ts';
import { trendOf } from './trend-of.ts';
import { WindowDeviations } from './window-deviation.ts';

/** Enters at 6 standard errors beyond the tolerance, or at 1.6 times what the reference reached itself. */
const Z_ENTER = 6;
const REFERENCE_FACTOR = 1.6;
/** Leaves below half of what it entered at: a state that hovers at its limit is one state. */
const LEAVE_RATIO = 0.5;
const HOUR_MS = 3_600_000;
/** Trends over a day and a week of hourly medians. */
const TREND_HOURS = [24, 168] as const;
const TREND_KNOWN_MIN = 0.75;
/** Looked at every hour: 4 standard errors, so that all looks of a week together rarely reach it. */
const TREND_Z_MIN = 4;
/** How far ahead a trend is drawn. */
const HORIZON_HOURS = 24;

export interface Drift {
  readonly hours: number;
  /** Spreads per hour. */
  readonly slope: number;
  /** Hours until the mean leaves the tolerance, 0 if it has. */
  readonly crossesInHours: number;
}

export interface ContractState {
  readonly state: 'within' | 'deviates';
  /** Start of the last entry into the state, null while within. */
  readonly sinceMs: number | null;
  readonly z: number;
  /** Mean score of the window that deviates most, in spreads of the reference, with its sign. */
  readonly mean: number;
  /** A trend that leads, or has led, out of the tolerance; null of none, and of a reference that knows no hours. */
  readonly drift: Drift | null;
}

/**
 * The contract channel: is the series still what was accepted? Against a frozen reference that never learns, so a
 * state that lasts stays visible as long as it lasts, a ramp adds up instead of being followed, and less noise than
 * accepted lowers no alarm. Means over 30 minutes to 8 hours, tolerance first, then standard errors for the
 * effective length of autocorrelated samples; enters and leaves at different heights.
 *
 * Beside it, a drift record from Theil-Sen lines through hourly medians of a day and a week. It needs a reference
 * that knows the hours of the day: without them every morning is a trend.
 */
export class ContractChannel {
  readonly #reference: ContractReference;
  readonly #deviations: WindowDeviations;
  readonly #limit: number;
  readonly #hourly: (number | null)[] = [];
  #hour = { index: Number.NaN, scores: [] as number[] };
  #sinceMs: number | null = null;
  #drift: Drift | null = null;

  constructor(reference: ContractReference) {
    this.#reference = reference;
    this.#deviations = new WindowDeviations(reference);
    this.#limit = Math.max(Z_ENTER, REFERENCE_FACTOR * reference.zMax);
  }

  /** Takes the next sample of the grid. */
  push(sample: TimedValue): ContractState {
    const known = isKnown(sample);
    const { z, mean } = this.#deviations.push(known ? clippedScore(this.#reference, sample) : null);
    if (this.#sinceMs === null && z > this.#limit) this.#sinceMs = sample.atMs;
    else if (this.#sinceMs !== null && z < LEAVE_RATIO * this.#limit) this.#sinceMs = null;
    this.#foldHour(sample.atMs, known ? scoreOf(this.#reference, sample) : null);
    return {
      state: this.#sinceMs === null ? 'within' : 'deviates',
      sinceMs: this.#sinceMs,
      z,
      mean,
      drift: this.#drift,
    };
  }

  #foldHour(atMs: number, score: number | null): void {
    if (this.#reference.hours === 1) return;
    const index = Math.floor(atMs / HOUR_MS);
    if (index !== this.#hour.index) {
      const { scores } = this.#hour;
      if (!Number.isNaN(this.#hour.index)) {
        this.#hourly.push(scores.length === 0 ? null : median(scores));
        // Hours without any sample are hours too.
        for (let gap = this.#hour.index + 1; gap < index && gap < this.#hour.index + 168; gap++) {
          this.#hourly.push(null);
        }
        this.#hourly.splice(0, Math.max(0, this.#hourly.length - TREND_HOURS[1]));
        this.#drift = this.#findDrift();
      }
      this.#hour = { index, scores: [] };
    }
    if (score !== null) this.#hour.scores.push(score);
  }

  #findDrift(): Drift | null {
    const { tolerance, moments } = this.#reference;
    for (const hours of TREND_HOURS) {
      const values = this.#hourly.slice(-hours);
      const known = values.filter((value) => value !== null).length;
      const trend = known < TREND_KNOWN_MIN * hours ? null : trendOf(values, TREND_Z_MIN);
      if (trend === null) continue;
      const towards = Math.sign(trend.slope);
      const left = tolerance - towards * (trend.level - moments.mean);
      const crossesInHours = Math.max(0, left / Math.abs(trend.slope));
      if (crossesInHours <= HORIZON_HOURS) return { hours, slope: trend.slope, crossesInHours };
    }
    return null;
  }
}
