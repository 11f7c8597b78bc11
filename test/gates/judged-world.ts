import type { DecisionRequest } from '../../core/decision.ts';
import type { Signal } from '../../core/signal.ts';
import type { Dimension, Outcome, Verdict } from '../../core/verdict.ts';
import type { ConstraintSet } from '../../gates/constraints/constraint-set.ts';
import { lintConstraints } from '../../gates/constraints/lint.ts';
import { type DecideInput, type DecisionBody, decide } from '../../gates/decide.ts';
import { RecentDecisions } from '../../gates/recent-actions.ts';
import { TrustState } from '../../gates/trust.ts';

/** Tuesday noon; every test of the room lives then. */
export const NOW_MS = Date.parse('2026-11-24T12:00:00.000Z');

const INTERVALS: Readonly<Record<Outcome, { estimate: number; lower: number; upper: number }>> = {
  pass: { estimate: 0.001, lower: 0, upper: 0.02 },
  fail: { estimate: 0.4, lower: 0.35, upper: 0.45 },
  unknown: { estimate: 0.18, lower: 0, upper: 1 },
};

export interface VerdictFacts {
  readonly serviceName?: string;
  readonly serviceNamespace?: string;
  readonly serviceInstanceId?: string;
  readonly signal?: Signal;
  readonly dimension?: Dimension;
  readonly outcome?: Outcome;
  readonly evaluatedAtMs?: number;
  readonly validForMs?: number;
  readonly n?: number;
  readonly freshnessS?: number;
}

/** A verdict about checkout's traces, passed a second ago, but for what is said otherwise. */
export function verdictOf(facts: VerdictFacts = {}): Verdict {
  const dimension = facts.dimension ?? 'completeness';
  const outcome = facts.outcome ?? 'pass';
  const evaluatedAtMs = facts.evaluatedAtMs ?? NOW_MS - 1_000;
  const age = facts.freshnessS ?? null;
  return {
    source: {
      tenant: '',
      serviceNamespace: facts.serviceNamespace ?? '',
      serviceName: facts.serviceName ?? 'checkout',
      serviceInstanceId: facts.serviceInstanceId ?? '',
      signal: facts.signal ?? 'traces',
    },
    dimension,
    outcome,
    ...INTERVALS[outcome],
    confidence: 0.95,
    unit: dimension === 'timeliness' ? 's' : 'ratio',
    n: facts.n ?? 1_000,
    limits: { warn: 0.05, fail: 0.05 },
    window: { startMs: evaluatedAtMs - 45_000, endMs: evaluatedAtMs },
    evaluatedAtMs,
    validUntilMs: evaluatedAtMs + (facts.validForMs ?? 15_000),
    reasons: [{ code: 'TEST', text: 'As the test says.' }],
    estimators:
      age === null ? [] : [{ id: 'freshness', estimate: age, lower: age, upper: age, n: 1, kind: 'clock' }],
    evidence: {},
  };
}

/** Completeness, timeliness and sampling of checkout's traces, all of one outcome. */
export function tracesVerdicts(outcome: Outcome = 'pass', facts: VerdictFacts = {}): Verdict[] {
  return (['completeness', 'timeliness', 'sampling'] as const).map((dimension) =>
    verdictOf({ ...facts, dimension, outcome }),
  );
}

/** A constraint set from the lines below its head. @throws Error with the problems, when the test's own file is bad */
export function setOf(
  lines: string,
  { name = 'checkout', service = 'checkout' }: { name?: string; service?: string } = {},
): ConstraintSet {
  const head = `apiVersion: constraints/v1alpha1\nkind: ConstraintSet\nmetadata: {name: ${name}, owner: team}\nscope: {service: ${service}}\n`;
  const { set, problems } = lintConstraints(head + lines, `${name}.yaml`, NOW_MS);
  if (set === null) throw new Error(JSON.stringify(problems));
  return set;
}

export interface AskFacts {
  readonly actor?: string;
  readonly kind?: string;
  readonly stage?: DecisionRequest['action']['stage'];
  readonly from?: Record<string, unknown>;
  readonly to?: Record<string, unknown>;
  readonly blastRadius?: Record<string, unknown>;
  readonly target?: Record<string, string>;
  readonly mode?: 'enforce' | 'shadow';
  readonly planGeneration?: string;
  readonly inputs?: DecisionRequest['inputs'];
}

/** May the autoscaler scale checkout down from 8 to 6? But for what is said otherwise. */
export function askOf(facts: AskFacts = {}): DecisionRequest {
  const kind = facts.kind ?? 'scale.down';
  const isPlain = facts.kind === undefined && facts.from === undefined && facts.to === undefined;
  return {
    mode: facts.mode,
    actor: { id: facts.actor ?? 'hpa/checkout' },
    action: {
      kind,
      stage: facts.stage,
      from: isPlain ? { replicas: 8 } : facts.from,
      to: isPlain ? { replicas: 6 } : facts.to,
      blastRadius: facts.blastRadius,
      planGeneration: facts.planGeneration,
    },
    target: facts.target ?? { service: 'checkout' },
    inputs: facts.inputs,
  };
}

/** A gate of one replica in memory: what it allows and holds it remembers, as the live one does. */
export class SmallGate {
  readonly recent = new RecentDecisions();
  nowMs = NOW_MS;
  #count = 0;

  readonly of: Partial<DecideInput> & { readonly areOthersKnown?: boolean };

  constructor(of: SmallGate['of'] = {}) {
    this.of = of;
  }

  /** Whether it would be allowed now; nothing is remembered. */
  judge(request: DecisionRequest): DecisionBody {
    if (this.of.areOthersKnown ?? true) this.recent.markRead({ sinceMs: 0, nowMs: this.nowMs });
    const trust = new TrustState();
    trust.absorb(tracesVerdicts('pass', { evaluatedAtMs: this.nowMs - 1_000 }), this.nowMs);
    const world = { sets: [], trust, findings: [], intents: [], ...this.of };
    return decide({ ...world, request, recent: this.recent, nowMs: this.nowMs });
  }

  ask(request: DecisionRequest): DecisionBody & { decisionId: string } {
    const body = this.judge(request);
    const decisionId = `d_${++this.#count}`;
    this.recent.take({ decisionId, decidedAtMs: this.nowMs, decision: body.decision, request });
    return { ...body, decisionId };
  }
}
