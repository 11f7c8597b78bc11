import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DecisionOutcome } from '../../core/decision.ts';
import { PipelineError } from '../../core/errors.ts';
import type { Finding } from '../../core/finding.ts';
import { SAMPLING_PURPOSES } from '../../core/sampling/sampling-purpose.ts';
import type { Ternary } from '../../core/ternary.ts';
import type { Dimension, Verdict } from '../../core/verdict.ts';
import type { ConstraintSet } from '../../gates/constraints/constraint-set.ts';
import { intents } from '../../gates/constraints/constraints.ts';
import { lintConstraints } from '../../gates/constraints/lint.ts';
import { type DecisionBody, decide } from '../../gates/decide.ts';
import { parseDecisionRequest } from '../../gates/decision-request.ts';
import type { FleetHealth } from '../../gates/fleet-health.ts';
import type { IntentState } from '../../gates/intent-state.ts';
import { type RecentActions, RecentDecisions } from '../../gates/recent-actions.ts';
import type { SourceRate } from '../../gates/source-rate.ts';
import type { UseProofs } from '../../gates/stages/use-proof.ts';
import { TrustState } from '../../gates/trust.ts';
import { NOW_MS, verdictOf } from '../gates/judged-world.ts';
import type { ActionKind } from './action-kinds.ts';

/** All that a decision rests on, in the open, so that any one part of it can be spoilt. */
export interface World {
  /** As it comes in over HTTP, before it is parsed. */
  readonly body: Body;
  readonly verdicts: readonly Verdict[];
  readonly rates: readonly SourceRate[];
  readonly intents: readonly IntentState[];
  readonly findings: readonly Finding[];
  readonly recent: RecentActions;
  readonly use: UseProofs | null;
  readonly health: FleetHealth | null;
  readonly incident: Ternary;
  readonly sets: readonly ConstraintSet[];
}

export interface Body {
  readonly actor: Readonly<Record<string, unknown>>;
  readonly action: Readonly<Record<string, unknown>>;
  readonly target: Readonly<Record<string, string>>;
  readonly inputs: readonly Readonly<Record<string, unknown>>[];
}

/** `refused`: the question itself was not taken, with a problem document. */
export type Answer =
  | { readonly decision: DecisionOutcome; readonly codes: readonly string[]; readonly body: DecisionBody }
  | { readonly decision: 'refused'; readonly codes: readonly string[]; readonly body: null };

function setFrom(text: string): ConstraintSet {
  const { set, problems } = lintConstraints(text, 'constraints.yaml', NOW_MS);
  if (set === null) throw new Error(JSON.stringify(problems));
  return set;
}

const TEXT = readFileSync(join(import.meta.dirname, 'constraints.yaml'), 'utf8');
export const SET = setFrom(TEXT);
/** The file with a policy that reads beyond the end of a list. */
export const BROKEN_SET = setFrom(
  TEXT.replace('policies:', 'policies:\n  - { id: past-the-end, require: "[true, true][7]" }'),
);

const MEASURED: readonly (readonly [Verdict['source']['signal'], readonly Dimension[]])[] = [
  ['traces', ['completeness', 'timeliness', 'sampling', 'structure']],
  ['metrics', ['timeliness', 'structure']],
];

function healthyVerdicts(): Verdict[] {
  const settled = { outcome: 'pass', reasons: [] };
  const purposes = Object.fromEntries(SAMPLING_PURPOSES.map((purpose) => [purpose, settled]));
  return MEASURED.flatMap(([signal, dimensions]) =>
    dimensions.map((dimension) => {
      const verdict = verdictOf({ signal, dimension, freshnessS: 3 });
      return dimension === 'sampling' ? { ...verdict, evidence: { purposes } } : verdict;
    }),
  );
}

function rate(signal: SourceRate['signal']): SourceRate {
  return {
    serviceName: 'checkout',
    signal,
    requestsPerS: 100,
    requestsPerSMaxOfHour: 120,
    readAtMs: NOW_MS - 1_000,
  };
}

function healthyIntents(): IntentState[] {
  return intents([SET]).map((intent) => ({
    intent,
    isMet: 'true',
    requests: 60_000,
    wrong: { lower: 0, upper: 0.002 },
    history: { metSinceMs: NOW_MS - 86_400_000, missedAtMs: null },
  }));
}

export function recentOf(readAtMs: number): RecentDecisions {
  const recent = new RecentDecisions();
  recent.markRead({ sinceMs: 0, nowMs: readAtMs });
  return recent;
}

/** All is well, and the action may be done. */
export function healthyWorld({ kind, facts, saw = {} }: ActionKind): World {
  const observedAt = new Date(NOW_MS - 2_000).toISOString();
  const seen = { 'http.requests.rate': 100, 'traces.ok_ratio': 0.999, ...saw };
  return {
    body: {
      actor: { id: 'robot/7' },
      action: { kind, planGeneration: 'checkout@7', ...facts },
      target: { service: 'checkout', region: 'eu-west-1' },
      inputs: Object.entries(seen).map(([signal, value]) => ({ signal, value, observedAt })),
    },
    verdicts: healthyVerdicts(),
    rates: [rate('traces'), rate('metrics')],
    intents: healthyIntents(),
    findings: [],
    recent: recentOf(NOW_MS - 500),
    use: {
      find: (asked) => ({
        asked,
        requests: 0,
        lastUsedAtMs: null,
        coveredRatio: 1,
        incompleteRatio: 0,
        readAtMs: NOW_MS - 1_000,
      }),
    },
    health: { known: 40, unhealthy: 1, examples: ['mail'], atMs: NOW_MS - 1_000 },
    incident: 'false',
    sets: [SET],
  };
}

/** What the gate answers: the real parsing of the question, the real trust state, the real `decide`. */
export function answer({ body, verdicts, ...world }: World, nowMs = NOW_MS): Answer {
  const trust = new TrustState();
  trust.absorb(verdicts, NOW_MS);
  try {
    const request = parseDecisionRequest(body);
    const decided = decide({ ...world, request, trust, nowMs });
    return { decision: decided.decision, codes: decided.reasons.map(({ code }) => code), body: decided };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { decision: 'refused', codes: [error.code], body: null };
  }
}
