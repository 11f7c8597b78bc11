import { SAMPLING_PURPOSES } from '../../core/sampling/sampling-purpose.ts';
import type { Ternary } from '../../core/ternary.ts';
import { type Dimension, judge, type Limits, type Outcome, type Verdict } from '../../core/verdict.ts';
import type { ConstraintSet, SourceConstraint } from '../constraints/constraint-set.ts';
import { expectations, intents } from '../constraints/constraints.ts';
import type { InlineTest } from '../constraints/test-section.ts';
import type { DecideInput } from '../decide.ts';
import type { IntentState } from '../intent-state.ts';
import { RECENT_NOTHING } from '../recent-actions.ts';
import type { SourceRate } from '../source-rate.ts';
import { TrustState } from '../trust.ts';
import type { GivenOfSource } from './given-facts.ts';

/** A Tuesday noon: tests of the same file say the same tomorrow. */
const NOW = '2026-11-24T12:00:00Z';
const DAY_MS = 86_400_000;
const GOOD_RATE = 100;

const LIMITS: Readonly<Record<Dimension, Limits>> = {
  completeness: { warn: 0.05, fail: 0.05 },
  timeliness: { warn: 60, fail: 60 },
  sampling: { warn: 0.01, fail: 0.01 },
  structure: { warn: 0.01, fail: 0.01 },
  provenance: { warn: 0.01, fail: 0.01 },
};
/** What is measured of each signal: what nobody measures is unknown in a test too. */
const MEASURED: Readonly<Record<SourceConstraint['signal'], readonly Dimension[]>> = {
  traces: ['completeness', 'timeliness', 'sampling', 'structure'],
  logs: ['timeliness', 'sampling', 'structure'],
  metrics: ['timeliness', 'structure'],
};
const WORD: Readonly<Record<string, Dimension>> = {
  completeness: 'completeness',
  complete: 'completeness',
  sampled: 'sampling',
  structured: 'structure',
  fresh: 'timeliness',
  age_s: 'timeliness',
  lag_p99_s: 'timeliness',
};

type Given = InlineTest['given'];
type Facts = Partial<Record<GivenOfSource, Given[string]>>;

function factsOf(given: Given, id: string): Facts {
  const own = Object.entries(given).filter(
    ([key]) => key.startsWith(`${id}.`) && !key.slice(id.length + 1).includes('.'),
  );
  return Object.fromEntries(own.map(([key, value]) => [key.slice(id.length + 1), value]));
}

function outcomeOf(value: Given[string] | undefined): Outcome | null {
  if (value === undefined || typeof value === 'number') return null;
  return value === 'unknown' ? 'unknown' : value === true ? 'pass' : 'fail';
}

/** A measurement that is exact: both ends are the number. */
interface Measured {
  readonly outcome: Outcome;
  readonly value: number | null;
}

function measured(dimension: Dimension, limits: Limits, facts: Facts): Measured {
  const worst = Object.entries(facts).filter(([fact]) => WORD[fact] === dimension);
  if (worst.some(([, value]) => value === 'unknown')) return { outcome: 'unknown', value: null };
  const said = worst.map(([, value]) => outcomeOf(value)).find((outcome) => outcome !== null);
  if (said !== undefined)
    return { outcome: said, value: said === 'pass' ? 0 : limits.fail + (1 - limits.fail) / 2 };
  const lost = typeof facts.completeness === 'number' ? 1 - facts.completeness : 0;
  const lateS = Math.max(Number(facts.age_s ?? 0), Number(facts.lag_p99_s ?? 0));
  const value = dimension === 'completeness' ? lost : dimension === 'timeliness' ? lateS : 0;
  return { outcome: judge(value, value, limits), value };
}

function verdictOf(of: {
  set: ConstraintSet;
  source: SourceConstraint;
  dimension: Dimension;
  facts: Facts;
  nowMs: number;
}): Verdict {
  const { set, source, dimension, facts, nowMs } = of;
  const expected = expectations([set]).find(
    ({ constraint }) => constraint === `${set.metadata.name}/${source.id}`,
  );
  const limits = expected?.limits[dimension] ?? LIMITS[dimension];
  const { outcome, value } = measured(dimension, limits, facts);
  const heartbeatS = (source.expect.heartbeat ?? 60_000) / 1_000;
  const ageS = facts.fresh === false ? 2 * heartbeatS : Number(facts.age_s ?? 0);
  const lagS = Number(
    facts.lag_p99_s ?? (typeof value === 'number' && dimension === 'timeliness' ? value : 0),
  );
  const time = (id: string, s: number) => ({
    id,
    estimate: s,
    lower: s,
    upper: s,
    n: 1_000,
    kind: 'clock' as const,
  });
  const isTimed = dimension === 'timeliness' && outcome !== 'unknown';
  const judged = { outcome, reasons: [{ code: 'GIVEN', text: 'As the test says.' }] };
  return {
    source: {
      tenant: '',
      serviceNamespace: set.scope.namespace ?? '',
      serviceName: set.scope.service,
      serviceInstanceId: '',
      signal: source.signal,
    },
    dimension,
    outcome,
    estimate: value,
    lower: value,
    upper: value,
    confidence: 0.95,
    unit: dimension === 'timeliness' ? 's' : 'ratio',
    n: 1_000,
    limits,
    window: { startMs: nowMs - 45_000, endMs: nowMs },
    evaluatedAtMs: nowMs,
    validUntilMs: nowMs + 60_000,
    reasons: judged.reasons,
    estimators: isTimed ? [time('freshness', ageS), time('lateness-45s', lagS)] : [],
    evidence:
      dimension === 'sampling'
        ? { purposes: Object.fromEntries(SAMPLING_PURPOSES.map((purpose) => [purpose, judged])) }
        : {},
  };
}

const MET: Readonly<Record<string, Ternary>> = { met: 'true', broken: 'false', unknown: 'unknown' };

function intentStates(set: ConstraintSet, given: Given, nowMs: number): IntentState[] {
  return intents([set]).map((intent) => {
    const id = intent.constraint.slice(set.metadata.name.length + 1);
    const isMet = MET[String(given[`intent.${id}`] ?? 'met')] ?? 'unknown';
    const share = isMet === 'true' ? 0 : 1;
    return {
      intent,
      isMet,
      requests: isMet === 'unknown' ? null : 100_000,
      wrong: isMet === 'unknown' ? null : { lower: share, upper: share },
      history: {
        metSinceMs: isMet === 'true' ? nowMs - DAY_MS : null,
        missedAtMs: isMet === 'false' ? nowMs : null,
      },
    };
  });
}

function incidentOf(open: Given[string] | undefined): Ternary {
  if (open === undefined || open === false) return 'false';
  return open === true ? 'true' : 'unknown';
}

function ratesOf(set: ConstraintSet, given: Given, nowMs: number): SourceRate[] {
  return set.sources.map(({ id, signal }) => {
    const rate = factsOf(given, id).rate ?? GOOD_RATE;
    const requestsPerS = typeof rate === 'number' ? rate : null;
    return {
      serviceName: set.scope.service,
      signal,
      requestsPerS,
      requestsPerSMaxOfHour: requestsPerS,
      readAtMs: nowMs,
    };
  });
}

/** The world of a test: all is well, but for what it says. */
export function givenWorld(set: ConstraintSet, given: Given): Omit<DecideInput, 'request' | 'sets'> {
  const nowMs = Date.parse(String(given['now'] ?? NOW));
  const trust = new TrustState();
  const verdicts = set.sources.flatMap((source) => {
    const facts = factsOf(given, source.id);
    const said = Object.keys(facts).flatMap((fact) => WORD[fact] ?? []);
    const dimensions = [...new Set([...MEASURED[source.signal], ...said])];
    return dimensions.map((dimension) => verdictOf({ set, source, dimension, facts, nowMs }));
  });
  trust.absorb(verdicts, nowMs);
  return {
    trust,
    nowMs,
    findings: [],
    recent: RECENT_NOTHING,
    health: { known: 100, unhealthy: 0, examples: [], atMs: nowMs },
    incident: incidentOf(given['incident.open']),
    intents: intentStates(set, given, nowMs),
    rates: ratesOf(set, given, nowMs),
  };
}
