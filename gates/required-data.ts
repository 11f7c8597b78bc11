import type { DecisionReason, TrustComponent } from '../core/decision.ts';
import { matchGlob } from '../core/glob.ts';
import type { Signal } from '../core/signal.ts';
import { rfc3339 } from '../core/time.ts';
import type { Dimension, Outcome, Verdict } from '../core/verdict.ts';
import { type AskedPurpose, askedPurposes } from './asked-purposes.ts';
import type { ConstraintSet, SourceConstraint } from './constraints/constraint-set.ts';
import { spanText } from './guardrails/asked.ts';
import type { Question } from './question.ts';
import { type UseFound, type UseProofs, type UseRule, useRule } from './stages/use-proof.ts';
import { USE_VALID_MS } from './stages/use-watch.ts';
import { type Tolerance, tolerate } from './tolerate.ts';
import type { Trust, TrustReading, TrustTarget } from './trust.ts';
import { describeVerdict, requiredWords } from './verdict-words.ts';

/** One thing a decision rests on: its state, and, where it is no pass, why and what would change it. */
export interface RequiredData {
  readonly component: TrustComponent;
  readonly reason: DecisionReason | null;
  readonly wouldAllowIf: string | null;
  readonly validUntilMs: number | null;
  /** Completeness only: share of the data that surely arrived, null when unknown. */
  readonly coverageLower: number | null;
  /** Since when it is as it is. */
  readonly sinceMs: number | null;
  /** What was promised of it; null where nothing was. */
  readonly need: Pick<Need, 'constraint' | 'signal' | 'dimension'> | null;
  /** It does not pass, and people wrote that it need not, for now. */
  readonly tolerated: Tolerance | null;
  /** It is being looked up: that is a hold, whatever its fail mode. */
  readonly isPending: boolean;
}

/** As it counts: what is tolerated counts as passed. */
export function countedState({ component, tolerated }: RequiredData): Outcome {
  return tolerated === null ? component.state : 'pass';
}

/** A promise to look up: which dimension of which signal, for which constraint. */
export interface Need {
  readonly constraint: string;
  readonly signal: Signal;
  readonly dimension: Dimension;
  /** Seconds the newest item may be old; then freshness alone is asked. */
  readonly heartbeatS: number | null;
  /** Of sampling; null: that its marks hold together. */
  readonly asked?: AskedPurpose | null;
}

const FAIL_CODE: Readonly<Record<Dimension, string>> = {
  completeness: 'SRC_INCOMPLETE',
  timeliness: 'SRC_LATE',
  sampling: 'SRC_SAMPLING',
  structure: 'SRC_STRUCTURE',
  provenance: 'SRC_PROVENANCE',
};

/**
 * What sampling must be good for: what people wrote, else what the kind of action takes spans for. Of spans that
 * nothing samples nothing is asked unless it is written: they carry no marks, and none is no contradiction.
 */
export function askedOf(
  constraint: string,
  { expect }: SourceConstraint,
  question: Question,
): (AskedPurpose | null)[] {
  if (expect.sampling === undefined) return [];
  const { declared, for: written } = expect.sampling;
  if (written === 'marks') return [null];
  if (written !== undefined) return [{ purpose: written, why: `${constraint} says for: ${written}` }];
  return declared === 'none' ? [] : askedPurposes(question);
}

export function needsOf(set: ConstraintSet, source: SourceConstraint, question: Question): Need[] {
  const { id, signal, expect } = source;
  const need = { constraint: `${set.metadata.name}/${id}`, signal, heartbeatS: null };
  const needs: Need[] = [];
  if (expect.completeness !== undefined) needs.push({ ...need, dimension: 'completeness' });
  if (expect.lag !== undefined) needs.push({ ...need, dimension: 'timeliness' });
  for (const asked of askedOf(need.constraint, source, question)) {
    needs.push({ ...need, dimension: 'sampling', asked });
  }
  if (expect.heartbeat !== undefined) {
    needs.push({ ...need, dimension: 'timeliness', heartbeatS: expect.heartbeat / 1_000 });
  }
  // A source without any promise must at least be alive.
  return needs.length === 0 ? [{ ...need, dimension: 'timeliness' }] : needs;
}

/**
 * The sources a set wants for this action: those its stage names, or all of them where no stage of the set
 * speaks about the action. A set that declares no source leaves the question to the built-in rule.
 */
export function isRequired(set: ConstraintSet, { id }: SourceConstraint, question: Question): boolean {
  const { stages, kind } = question;
  const gates = stages
    .map((stage) => set.stages[stage])
    .filter((stage) => stage?.gate.some((glob) => matchGlob(glob, kind)));
  return gates.length === 0 || gates.some((stage) => stage?.requireSources?.includes(id) ?? true);
}

function needsOfSet(set: ConstraintSet, question: Question): Need[] {
  return set.sources
    .filter((source) => isRequired(set, source, question))
    .flatMap((source) => needsOf(set, source, question));
}

/**
 * Without words from people: completeness and timeliness of the traces, and their sampling where spans carry (or
 * once carried) marks of it, since most senders of today carry none and none is no contradiction. A service
 * without traces: timeliness of every signal it sends.
 */
function builtInNeeds(signals: readonly Signal[], hasSamplingMarks: boolean): Need[] {
  const need = { constraint: 'built-in', heartbeatS: null };
  if (!signals.includes('traces')) {
    return signals.map((signal) => ({ ...need, signal, dimension: 'timeliness' }));
  }
  const dimensions: Dimension[] = ['completeness', 'timeliness'];
  if (hasSamplingMarks) dimensions.push('sampling');
  return dimensions.map((dimension) => ({ ...need, signal: 'traces', dimension }));
}

/** Freshness against the heartbeat that people wrote; the lateness in the same verdict is not its business. */
function heartbeatState(
  { verdict, state, validUntilMs }: TrustReading,
  heartbeatS: number,
  nowMs: number,
): Outcome {
  const ageS = verdict?.estimators.find(({ id }) => id === 'freshness')?.upper ?? null;
  const isExpired = validUntilMs === null || validUntilMs < nowMs;
  // NaN compares false with everything, and nothing is younger than now.
  const isAge = ageS !== null && ageS >= 0;
  if (!isAge || isExpired) return state === 'pass' ? 'unknown' : state;
  return ageS <= heartbeatS ? 'pass' : 'fail';
}

/**
 * A pass must rest on numbers: NaN compares false with everything, also with its limit, and a share below nothing or an
 * interval with its ends exchanged would pass any.
 */
function isUsable(verdict: Verdict | null): boolean {
  if (verdict === null) return false;
  const { lower, upper, unit } = verdict;
  if (!Number.isFinite(lower ?? 0) || upper === null || !Number.isFinite(upper)) return false;
  return (lower ?? upper) <= upper && (unit === 's' || upper >= 0);
}

/** JSON has no word for NaN; what is no number is not known. */
function finite(value: number | null | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function nameOf({ serviceNamespace, serviceName }: TrustTarget): string {
  return serviceNamespace === null ? serviceName : `${serviceNamespace}/${serviceName}`;
}

export function lookUp(need: Need, of: { target: TrustTarget; trust: Trust; nowMs: number }): RequiredData {
  const { target, trust, nowMs } = of;
  const { signal, dimension, heartbeatS, asked = null } = need;
  const reading = trust.read({ target, signal, dimension, purpose: asked?.purpose ?? null }, nowMs);
  const { verdict } = reading;
  const judged = heartbeatS === null ? reading.state : heartbeatState(reading, heartbeatS, nowMs);
  const state = judged !== 'pass' || isUsable(verdict) ? judged : 'unknown';
  const isLive = reading.validUntilMs !== null && reading.validUntilMs >= nowMs;
  const name = nameOf(target);
  const looked = { name, signal, dimension, heartbeatS, asked, reading };
  const component: TrustComponent = {
    source: `${name} ${signal}`,
    dimension: heartbeatS === null ? dimension : 'heartbeat',
    state,
    estimate: isLive ? finite(verdict?.estimate) : null,
    lower: isLive ? finite(verdict?.lower) : null,
    upper: isLive ? finite(verdict?.upper) : null,
    required: requiredWords(looked),
    validUntil: reading.validUntilMs === null ? null : rfc3339(reading.validUntilMs),
  };
  // Nearly everything passes, and of that nobody asks why.
  const words = state === 'pass' ? null : describeVerdict({ ...looked, state });
  const reason: DecisionReason | null =
    words === null
      ? null
      : {
          code: state === 'fail' ? FAIL_CODE[dimension] : 'DATA_UNKNOWN',
          text: words.text,
          constraint: need.constraint,
          severity: 'blocking',
          since: reading.sinceMs === null ? null : rfc3339(reading.sinceMs),
          evidence: `/api/v1/verdicts?service=${encodeURIComponent(target.serviceName)}&dimension=${dimension}`,
        };
  return {
    component,
    reason,
    wouldAllowIf: words?.wouldAllowIf ?? null,
    validUntilMs: reading.validUntilMs,
    coverageLower: component.upper === null ? null : 1 - component.upper,
    sinceMs: reading.sinceMs,
    need,
    tolerated: null,
    isPending: false,
  };
}

/** Something that must be known and that no verdict is about. */
export function unknownComponent(of: {
  source: string;
  dimension: string;
  required: string;
  code: string;
  text: string;
  wouldAllowIf: string;
  constraint?: string;
  isPending?: boolean;
}): RequiredData {
  const { source, dimension, required, code, text, wouldAllowIf, constraint = 'built-in' } = of;
  return {
    component: {
      source,
      dimension,
      required,
      state: 'unknown',
      estimate: null,
      lower: null,
      upper: null,
      validUntil: null,
    },
    reason: { code, text, constraint, severity: 'blocking', since: null, evidence: null },
    wouldAllowIf,
    validUntilMs: null,
    coverageLower: null,
    sinceMs: null,
    need: null,
    tolerated: null,
    isPending: of.isPending ?? false,
  };
}

function noTelemetry(name: string): RequiredData {
  return unknownComponent({
    source: name,
    dimension: 'timeliness',
    required: 'any telemetry',
    code: 'NO_TELEMETRY',
    text: `Nothing is known about ${name}: no telemetry of it was judged in the last hour.`,
    wouldAllowIf: `telemetry of ${name} arrives and is judged`,
  });
}

/** What cannot be undone needs proof of disuse: telemetry that would have shown a call, and none in it. */
function proofOfDisuse(
  question: Question,
  { target, use, nowMs }: { target: TrustTarget; use: UseProofs | null; nowMs: number },
): RequiredData[] {
  if (!question.stages.includes('decommissioning')) return [];
  const rule = useRule(question, target.serviceName);
  const found = use?.find(rule) ?? null;
  const isFresh = found !== null && nowMs - found.readAtMs <= USE_VALID_MS;
  return [judgeUse(rule, { found: isFresh ? found : null, isPending: use !== null, kind: question.kind })];
}

function judgeUse(
  rule: UseRule,
  { found, isPending, kind }: { found: UseFound | null; isPending: boolean; kind: string },
): RequiredData {
  const { serviceName, forMs, lostRatioMax, constraint } = rule;
  const over = spanText(forMs);
  const shared = percentText(1 - lostRatioMax);
  const required = `no use for ${over}, by telemetry that is there for ${shared} of it`;
  const common = { source: serviceName, dimension: 'use', required, constraint };
  const unknown = { ...common, code: 'USE_UNKNOWN' };
  if (found === null) {
    return unknownComponent({
      ...unknown,
      text: isPending
        ? `Whether anybody used ${serviceName} within ${over} is being looked up, and ${kind} cannot be undone.`
        : `Whether anybody still uses ${serviceName} is not known, and ${kind} cannot be undone.`,
      wouldAllowIf: isPending
        ? 'it is asked again in some seconds, when that is known'
        : `a person accepts it: failureTolerance of ${kind} in a constraint file`,
      isPending,
    });
  }
  if (found.requests > 0) {
    const last = found.lastUsedAtMs === null ? '' : `, the last time about ${rfc3339(found.lastUsedAtMs)}`;
    const used = unknownComponent({
      ...common,
      code: 'USED',
      text: `${serviceName} was called ${found.requests} times or more within ${over}${last}: ${kind} cannot be undone.`,
      wouldAllowIf: `nobody calls ${serviceName} for ${over}`,
    });
    return { ...used, component: { ...used.component, state: 'fail' } };
  }
  const seen = found.coveredRatio - found.incompleteRatio;
  if (seen < 1 - lostRatioMax) {
    return unknownComponent({
      ...unknown,
      text: `No call of ${serviceName} was seen within ${over}, but telemetry of it was there, and not known to be incomplete, for ${percentText(seen)} of that time only; ${shared} are asked: no data is no proof.`,
      wouldAllowIf: `telemetry of ${serviceName} (a metric as heartbeat is enough) is there for ${shared} of ${over}`,
    });
  }
  const validUntilMs = found.readAtMs + USE_VALID_MS;
  const proven = unknownComponent({ ...unknown, text: '', wouldAllowIf: '' });
  return {
    ...proven,
    component: {
      ...proven.component,
      state: 'pass',
      estimate: 0,
      lower: 0,
      upper: Math.max(0, 1 - seen),
      validUntil: rfc3339(validUntilMs),
    },
    reason: null,
    wouldAllowIf: null,
    validUntilMs,
  };
}

function percentText(ratio: number): string {
  return `${Number((100 * Math.max(0, ratio)).toFixed(2))} %`;
}

/** Everything the answer rests on; never empty: an allow that rests on nothing is no allow. */
export function requiredData(
  question: Question,
  { trust, use, nowMs }: { trust: Trust; use: UseProofs | null; nowMs: number },
): RequiredData[] {
  const { target, sets, request } = question;
  if (target === null) return [noTelemetry(Object.values(request.target).join(' ') || 'the target')];
  const ofSets = sets.flatMap((set) => needsOfSet(set, question));
  const signals = trust.signalsOf(target);
  const needs = ofSets.length > 0 ? ofSets : builtInNeeds(signals, trust.hasSamplingMarks(target));
  const data = needs.map((need) => lookUp(need, { target, trust, nowMs }));
  const isSilent = signals.length === 0;
  const known = isSilent ? [noTelemetry(nameOf(target))] : tolerate(question, data, nowMs);
  return [...known, ...proofOfDisuse(question, { target, use, nowMs })];
}
