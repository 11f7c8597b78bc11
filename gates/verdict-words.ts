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

/** What was looked up: of whose data what is asked. */
interface Looked {
  readonly name: string;
  readonly signal: Signal;
  readonly dimension: Dimension;
  readonly heartbeatS: number | null;
  /** Of sampling: what its spans are taken for. */
  readonly asked: AskedPurpose | null;
  readonly reading: TrustReading;
}

function whatOf({ dimension, heartbeatS }: Looked): string {
  return heartbeatS === null ? WHAT[dimension] : 'age of the newest item';
}

/** `20 %`; null where nothing is known that has a limit. */
function limitOf({ dimension, heartbeatS, reading }: Looked): string | null {
  const limit = heartbeatS ?? reading.verdict?.limits.warn ?? null;
  return limit === null ? null : limitText(limit, dimension === 'timeliness' ? 's' : 'ratio');
}

/** Every answer names its limits, and of these there are few. */
const limitTexts = { ratio: new Map<number, string>(), s: new Map<number, string>() };
const LIMIT_TEXTS_MAX = 1_000;

function limitText(limit: number, unit: Verdict['unit']): string {
  const texts = limitTexts[unit];
  const known = texts.get(limit);
  if (known !== undefined) return known;
  const text = withUnit(limit, unit);
  if (texts.size >= LIMIT_TEXTS_MAX) texts.clear();
  texts.set(limit, text);
  return text;
}

/** What is required, in words: said of what passes too. */
export function requiredWords(looked: Looked): string {
  const { asked } = looked;
  if (asked !== null) return `sampling shown to be right for ${asked.purpose} (${asked.why})`;
  const limit = limitOf(looked);
  return limit === null ? `a verdict about the ${whatOf(looked)}` : `${whatOf(looked)} <= ${limit}`;
}

/** Of what does not pass, in sentences: what is known, and what would have to be known. */
export function describeVerdict(of: Looked & { readonly state: Outcome }): {
  readonly text: string;
  readonly wouldAllowIf: string;
} {
  const { name, signal, heartbeatS, asked, reading, state } = of;
  if (asked !== null) return describePurpose({ ...of, asked });
  const { verdict } = reading;
  const subject = `${whatOf(of)} of ${name} ${signal}`;
  const limit = limitOf(of);
  const wanted = limit === null ? `a verdict about the ${subject}` : `${subject} <= ${limit}`;
  const told = reading.reasons.map(({ code, text }) => `${text} (${code})`).join(' ');
  const isLive = verdict !== null && !reading.reasons.some(({ code }) => code === 'VERDICT_EXPIRED');
  if (!isLive) {
    return {
      text: `The ${subject} is unknown: ${told}`,
      wouldAllowIf: `${wanted}, by one fresh verdict`,
    };
  }
  const now = heartbeatS === null ? intervalText(verdict) : ageText(verdict);
  const since = reading.sinceMs === null ? '' : ` since ${rfc3339(reading.sinceMs)}`;
  return {
    text: `The ${subject} ${WORD[state]}${since}: ${now}; required ${requiredWords(of)}. ${told}`.trim(),
    wouldAllowIf: `${wanted} (now ${now}) for one fresh verdict`,
  };
}

function describePurpose(of: {
  name: string;
  signal: Signal;
  asked: AskedPurpose;
  reading: TrustReading;
  state: Outcome;
}): { text: string; wouldAllowIf: string } {
  const { name, signal, reading, state } = of;
  const { purpose, why } = of.asked;
  const told = reading.reasons.map(({ code, text }) => `${text} (${code})`).join(' ');
  const subject = `the sampling of ${name} ${signal}`;
  return {
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
