import type { Signal } from '../core/signal.ts';
import { rfc3339 } from '../core/time.ts';
import type { Dimension, Outcome, Verdict } from '../core/verdict.ts';
import type { AskedPurpose } from './asked-purposes.ts';
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
  asked?: AskedPurpose | null;
  reading: TrustReading;
  state: Outcome;
}): VerdictWords {
  const { name, signal, dimension, heartbeatS, reading, state } = of;
  if (of.asked) return describePurpose({ ...of, asked: of.asked });
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
  asked: AskedPurpose;
  reading: TrustReading;
  state: Outcome;
}): VerdictWords {
  const { name, signal, reading, state } = of;
  const { purpose, why } = of.asked;
  const told = reading.reasons.map(({ code, text }) => `${text} (${code})`).join(' ');
  const subject = `the sampling of ${name} ${signal}`;
  return {
    required: `sampling shown to be right for ${purpose} (${why})`,
    text: `Right for ${purpose} is asked of ${subject} (${why}), which ${WORD[state]}. ${told}`.trim(),
    wouldAllowIf: `${subject} is shown to be right for ${purpose}: ${howKnown(reading.reasons)}`,
  };
}

const MORE = 'more spans arrive; the next settled minute tells';
/** What makes a purpose known, by how its reasons begin or end; the first that is said anywhere is the one to begin with. */
const HOW_KNOWN: readonly (readonly [code: RegExp, how: string])[] = [
  [/^(NO_VERDICT|VERDICT_EXPIRED)$/, 'its spans arrive and are judged'],
  [/^SAMPLING_NOT_SETTLED$/, 'wait for the settled minute, two to three minutes after its first spans'],
  [/^SAMPLING_FAIL_/, 'the fault is mended, and the settled minutes show it'],
  [
    /_(WEIGHTS_[A-Z]+|NO_THRESHOLDS)$/,
    'its spans say how many they stand for, by a sampler that writes ot=th',
  ],
  [
    /^SAMPLING_UNVERIFIABLE_PARENTS_NEVER_SEEN$/,
    'its callers send their spans too, so that it is seen whose parents are missing',
  ],
  [
    /^SAMPLING_UNVERIFIABLE_/,
    'a counter that no sampler touched stands beside its spans: send http.server.request.duration or otel.sdk.span.started, or name one as expect.sampling.counter',
  ],
];

function howKnown(reasons: TrustReading['reasons']): string {
  return HOW_KNOWN.find(([code]) => reasons.some((reason) => code.test(reason.code)))?.[1] ?? MORE;
}

function ageText({ estimators }: Verdict): string {
  const ageS = estimators.find(({ id }) => id === 'freshness')?.upper ?? null;
  return ageS === null ? 'not measurable' : withUnit(ageS, 's');
}
