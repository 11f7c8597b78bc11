import type { DecisionOutcome, DecisionReason } from '../../core/decision.ts';
import { and, not, or, type Ternary } from '../../core/ternary.ts';
import type { FailModeInForce } from '../choose-fail-mode.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import type { Question } from '../question.ts';
import { NO_OBJECTION, type Vote } from '../vote.ts';
import type { Doubt } from './compile-expression.ts';
import { type BrokenPolicy, type CompiledPolicy, compiledPolicies } from './compiled-policies.ts';
import { type Facts, trustedOnly } from './fact.ts';
import { questionFacts, type World } from './question-facts.ts';

interface Objection {
  readonly outcome: DecisionOutcome;
  readonly reason: DecisionReason;
  readonly wouldAllowIf: string;
}

const STRICTNESS: readonly DecisionOutcome[] = ['allow', 'hold', 'deny'];

/** Whether a rule is kept: it does not apply, or is excused, or what it requires is so. */
function answer({ when, unless, require }: CompiledPolicy, facts: Facts, doubt: Doubt): Ternary {
  const applies = when(facts, doubt);
  if (applies === 'false') return 'true';
  const required = require.ask(facts, doubt);
  if (required === 'true') return 'true';
  return or([not(and([applies, not(unless(facts, doubt))])), required]);
}

function objection(
  policy: CompiledPolicy | BrokenPolicy,
  set: ConstraintSet,
  of: { facts: Facts; mode: FailModeInForce; unread: Doubt },
): Objection | null {
  if (!('fault' in policy) && answer(policy, of.facts, of.unread) === 'true') return null;
  const constraint = `${set.metadata.name}/${policy.id}`;
  const say = (outcome: DecisionOutcome, code: string, text: string, wouldAllowIf: string): Objection => ({
    outcome,
    wouldAllowIf,
    reason: { code, constraint, text, severity: 'blocking', since: null, evidence: null },
  });
  if ('fault' in policy) {
    const text = `Policy ${constraint} cannot be asked: ${policy.fault}`;
    return say('hold', 'POLICY_ERROR', text, `${constraint} is corrected`);
  }
  const doubt: Doubt = { unknown: new Map(), errors: [] };
  const isKept = answer(policy, of.facts, doubt);
  const { why, require } = policy;
  const reason = why === '' ? '' : ` Why it matters: ${why}.`;
  if (isKept === 'false') {
    // A rule that is broken only by what bad data says is not broken for sure.
    const isSure = answer(policy, trustedOnly(of.facts), { unknown: new Map(), errors: [] }) === 'false';
    const stopped = of.mode.unknown === 'deny' ? 'deny' : 'hold';
    const outcome = isSure ? 'deny' : of.mode.allowsFailed ? 'allow' : stopped;
    const how = isSure ? 'is not kept' : 'is not kept, by data that is not trusted';
    return say(
      outcome,
      'POLICY_UNMET',
      `Policy ${constraint} ${how}: it requires ${require.text}.${reason}`,
      `${require.text} (${constraint})`,
    );
  }
  const [fault] = doubt.errors;
  if (fault !== undefined) {
    return say(
      'hold',
      'POLICY_ERROR',
      `Policy ${constraint} cannot be answered: ${fault}.${reason}`,
      `${constraint} can be evaluated`,
    );
  }
  const unknown = [...doubt.unknown].map(([name, cause]) => (cause === '' ? name : `${name} (${cause})`));
  const text = `Whether policy ${constraint} is kept is not known: ${unknown.join('; ')}.${reason}`;
  const names = [...doubt.unknown.keys()].join(', ');
  const byMode = of.mode.unknown === 'deny' ? 'deny' : 'hold';
  const outcome = of.mode.unknown.startsWith('allow') ? 'allow' : byMode;
  return say(outcome, 'POLICY_UNKNOWN', text, `known: ${names}, so that ${require.text} (${constraint})`);
}

/**
 * The policies of every set about the target, once for each stage the action belongs to. A rule that is surely broken
 * is a deny; one that nobody can tell is unknown data, and the fail mode of the action speaks; one that cannot be
 * evaluated is a hold, whatever the fail mode.
 */
export function checkPolicies(
  question: Question,
  of: { readonly world: World; readonly mode: FailModeInForce },
): Vote {
  const stages = question.stages.length === 0 ? [null] : question.stages;
  const objections = question.sets
    .filter(({ policies }) => policies.length > 0)
    .flatMap((set) =>
      stages.flatMap((stage) => {
        // Most rules are kept, and of those nobody asks what was not known.
        const unread: Doubt = { unknown: new Map(), errors: [] };
        const facts = questionFacts(question, { set, stage, world: of.world });
        return compiledPolicies(set).flatMap(
          (policy) => objection(policy, set, { facts, mode: of.mode, unread }) ?? [],
        );
      }),
    );
  if (objections.length === 0) return NO_OBJECTION;
  const rank = Math.max(...objections.map(({ outcome }) => STRICTNESS.indexOf(outcome)));
  const outcome = STRICTNESS[rank] as DecisionOutcome;
  // A rule of two stages says the same twice; one that lets by is no part of why it is stopped.
  const speaking = objections.filter((one) => outcome === 'allow' || one.outcome !== 'allow');
  const voices = [
    ...new Map(speaking.map((one) => [`${one.reason.constraint} ${one.reason.code}`, one])).values(),
  ];
  return {
    outcome,
    reasons: voices.map(({ reason }) => reason),
    wouldAllowIf: voices.map(({ wouldAllowIf }) => wouldAllowIf),
    retryAfterS: 15,
    isByFailMode: outcome === 'allow',
  };
}
