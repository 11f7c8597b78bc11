import type { SamplingPurpose } from '../core/sampling/sampling-purpose.ts';
import type { Signal } from '../core/signal.ts';
import { rfc3339 } from '../core/time.ts';
import type { Dimension, Outcome, Verdict } from '../core/verdict.ts';
import type { TrustReading } from './trust.ts';

const WHAT: Readonly<Record<Dimension, string>> = {
  completeness: 'lost share',
  timeliness: 'lateness',
  sampling: 'share of contradictory sampling marks',
  structure: 'share of structural faults',
  provenance: 'share without provenance',
};

const WORD: Readonly<Record<Outcome, string>> = {
  pass: 'passes',
  fail: 'fails',
  unknown: 'decides nothing',
};

/** `18 %`, `0.05 %`, `3.2 s`: as many digits as say something. */
function number(value: number, unit: Verdict['unit']): string {
  const shown = unit === 'ratio' ? 100 * value : value;
  const digits = Math.abs(shown) >= 10 ? 0 : Math.abs(shown) >= 1 ? 1 : 2;
  return String(Number(shown.toFixed(digits)));
}

function withUnit(value: number, unit: Verdict['unit']): string {
  return `${number(value, unit)} ${unit === 'ratio' ? '%' : 's'}`;
}

function intervalText({ lower, upper, estimate, unit }: Verdict): string {
  if (lower === null && upper === null) return 'not measurable';
  const range = `${number(lower ?? 0, unit)}-${upper === null ? '?' : number(upper, unit)} ${unit === 'ratio' ? '%' : 's'}`;
  return estimate === null ? range : `${range}, ${withUnit(estimate, unit)} estimated`;
}

export interface VerdictWords {
  readonly required: string;
  readonly text: string;
  readonly wouldAllowIf: string;
}

/** A reading in sentences: what is required, what is known, and what would have to be known. */
export function describeVerdict(of: {
  name: string;
  signal: Signal;
  dimension: Dimension;
  heartbeatS: number | null;
  /** Of sampling: what its spans are taken for. */
  purpose?: SamplingPurpose | null;
  reading: TrustReading;
  state: Outcome;
}): VerdictWords {
  const { name, signal, dimension, heartbeatS, reading, state } = of;
  if (of.purpose) return describePurpose({ ...of, purpose: of.purpose });
  const { verdict } = reading;
  const what = heartbeatS === null ? WHAT[dimension] : 'age of the newest item';
  const subject = `${what} of ${name} ${signal}`;
  const limit = heartbeatS ?? verdict?.limits.warn ?? null;
  const unit = dimension === 'timeliness' ? 's' : 'ratio';
  const required = limit === null ? `a verdict about the ${what}` : `${what} <= ${withUnit(limit, unit)}`;
  const wanted = limit === null ? `a verdict about the ${subject}` : `${subject} <= ${withUnit(limit, unit)}`;
  const told = reading.reasons.map(({ code, text }) => `${text} (${code})`).join(' ');
  const isLive = verdict !== null && !reading.reasons.some(({ code }) => code === 'VERDICT_EXPIRED');
  if (!isLive) {
    return {
      required,
      text: `The ${subject} is unknown: ${told}`,
      wouldAllowIf: `${wanted}, by one fresh verdict`,
    };
  }
  const now = heartbeatS === null ? intervalText(verdict) : ageText(verdict);
  const since = reading.sinceMs === null ? '' : ` since ${rfc3339(reading.sinceMs)}`;
  return {
    required,
    text: `The ${subject} ${WORD[state]}${since}: ${now}; required ${required}. ${told}`.trim(),
    wouldAllowIf: `${wanted} (now ${now}) for one fresh verdict`,
  };
}

function describePurpose(of: {
  name: string;
  signal: Signal;
  purpose: SamplingPurpose;
  reading: TrustReading;
  state: Outcome;
}): VerdictWords {
  const required = `sampling shown to be right for ${of.purpose}`;
  const told = of.reading.reasons.map(({ code, text }) => `${text} (${code})`).join(' ');
  return {
    required,
    text: `The sampling of ${of.name} ${of.signal} ${WORD[of.state]}; required ${required}. ${told}`.trim(),
    wouldAllowIf: `the sampling of ${of.name} ${of.signal} is shown to be right for ${of.purpose}`,
  };
}

function ageText({ estimators }: Verdict): string {
  const ageS = estimators.find(({ id }) => id === 'freshness')?.upper ?? null;
  return ageS === null ? 'not measurable' : withUnit(ageS, 's');
}
