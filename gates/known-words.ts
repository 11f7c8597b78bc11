import type { DecisionReason } from '../core/decision.ts';
import { matchGlob } from '../core/glob.ts';
import { nearestName } from '../core/nearest-name.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { FAIL_MODES, stageOf } from './fail-modes.ts';
import type { Question } from './question.ts';
import type { Trust } from './trust.ts';
import { NO_OBJECTION, type Vote } from './vote.ts';

const KINDS = FAIL_MODES.map(({ kind }) => kind).filter((kind) => !kind.includes('*'));

/** A glob without a word in it (`*`, `*.*`) speaks about everything, and so describes nothing. */
function describes(globs: readonly string[], kind: string): boolean {
  return globs.some((glob) => /[a-z0-9]/.test(glob) && matchGlob(glob, kind));
}

/**
 * Whether anybody ever said what such an action is: the built-in table, or a file. That the caller names a stage says
 * nothing by itself (`{kind: wipe_all, stage: scaling}` is no scaling), but where people wrote about all of that stage.
 */
function isKindKnown({ kind, stages, sets }: Question): boolean {
  if (stageOf(kind) !== null) return true;
  const said = sets.flatMap((set) => [
    ...Object.keys(set.failureTolerance.kinds),
    ...Object.values(set.stages).flatMap((stage) => stage?.gate ?? []),
  ]);
  const isOfStage = sets.some((set) =>
    stages.some((stage) => set.stages[stage]?.gate.some((glob) => matchGlob(glob, kind)) ?? false),
  );
  return isOfStage || describes(said, kind);
}

function hold(code: string, text: string, wouldAllowIf: string): Vote {
  const reason: DecisionReason = {
    code,
    text,
    constraint: 'built-in',
    severity: 'blocking',
    since: null,
    evidence: null,
  };
  return { outcome: 'hold', reasons: [reason], wouldAllowIf: [wouldAllowIf], retryAfterS: 30 };
}

/**
 * An action that nobody described has no safe direction, and a service that nobody ever heard of, a letter away from
 * one whose constraints are written, is most likely that one: neither may slip by on a word.
 */
export function checkWords(
  question: Question,
  of: { readonly trust: Trust; readonly sets: readonly ConstraintSet[] },
): Vote {
  const { kind, target } = question;
  if (!isKindKnown(question)) {
    const nearest = nearestName(kind, KINDS);
    const meant = nearest === null ? '' : ` Did you mean ${nearest}?`;
    const text = `Nobody described what ${kind} does, so it has no safe direction.${meant}`;
    return hold(
      'ACTION_UNKNOWN',
      text,
      'a constraint file describes the kind, under failureTolerance or the gate of a stage',
    );
  }
  if (target === null || question.sets.length > 0 || of.trust.signalsOf(target).length > 0)
    return NO_OBJECTION;
  const written = of.sets
    .map(({ scope }) => scope.service)
    .filter((service) => service !== target.serviceName);
  const nearest = nearestName(target.serviceName, written);
  if (nearest === null) return NO_OBJECTION;
  const text = `Nobody ever heard of ${target.serviceName}, and constraints are written for ${nearest}.`;
  return hold(
    'TARGET_UNKNOWN',
    text,
    `target.service is ${nearest}, or telemetry of ${target.serviceName} arrives`,
  );
}
