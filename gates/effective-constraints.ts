import type { Stage } from '../core/decision.ts';
import { rfc3339 } from '../core/time.ts';
import { replicaLimits } from './boundaries.ts';
import { chooseFailMode } from './choose-fail-mode.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { FAIL_MODES } from './fail-modes.ts';
import { fleetsOf, sharedBudgets } from './guardrails/change-budget.ts';
import { guardrailTexts } from './guardrails/guardrail-texts.ts';
import { askQuestion, type Question } from './question.ts';
import { isRequired } from './required-data.ts';
import { stageTexts } from './stages/stage-texts.ts';

export interface TargetQuestion {
  readonly service: string;
  readonly env?: string | undefined;
  readonly namespace?: string | undefined;
  /** Left out: every kind that is built in or written. */
  readonly kind?: string | undefined;
  readonly nowMs: number;
}

/** What one kind of action may do about a target while its data is not known, and which sources it rests on. */
interface KindInForce {
  readonly kind: string;
  readonly stages: readonly Stage[];
  readonly unknown: string;
  readonly capRatio: number | null;
  readonly why: string;
  readonly constraint: string;
  /** `set/source`; empty: what is built in. */
  readonly requires: readonly string[];
}

export interface EffectiveConstraints {
  /** Sets that speak about the target: `name@revision`. */
  readonly sets: readonly string[];
  /** Sets whose review is overdue, and since when. */
  readonly reviewOverdue: readonly { readonly set: string; readonly since: string; readonly owner: string }[];
  /** What all sets leave together. */
  readonly limits: {
    readonly replicas: { readonly min: number; readonly max: number | null };
    /** null: any. */
    readonly regions: readonly string[] | null;
    readonly inRotationMin: number | null;
    readonly ceilings: readonly {
      readonly of: string;
      readonly min: number | null;
      readonly max: number | null;
      readonly for: readonly string[];
      readonly constraint: string;
    }[];
    readonly actors: readonly {
      readonly constraint: string;
      readonly allow: readonly string[] | null;
      readonly deny: readonly Readonly<Record<string, readonly string[]>>[];
    }[];
  };
  readonly kinds: readonly KindInForce[];
  readonly policies: readonly {
    readonly constraint: string;
    readonly when: string;
    readonly require: string;
    readonly unless: string | null;
    readonly why: string;
  }[];
  /** Shared over all actors: budgets, cooldowns, flaps, mass events, repairs; also those of files that share theirs with the target. */
  readonly guardrails: readonly { readonly constraint: string; readonly says: string }[];
  /** What the stages ask besides their sources. */
  readonly stages: readonly { readonly constraint: string; readonly says: string }[];
  readonly holds: readonly {
    readonly constraint: string;
    readonly finding: string;
    readonly actions: readonly string[];
    readonly stages: readonly string[];
    readonly by: string;
    readonly suspects: boolean;
  }[];
  readonly intents: readonly {
    readonly constraint: string;
    readonly says: string;
    readonly since: string | null;
    readonly why: string;
  }[];
}

function kindInForce(question: Question): KindInForce {
  const { unknown, capRatio, why, constraint } = chooseFailMode(question);
  const requires = question.sets.flatMap((set) =>
    set.sources
      .filter((source) => isRequired(set, source, question))
      .map(({ id }) => `${set.metadata.name}/${id}`),
  );
  return { kind: question.kind, stages: question.stages, unknown, capRatio, why, constraint, requires };
}

/** Kinds by the table and by the files, each once: globs are asked by their own words. */
function kindsOf(sets: readonly ConstraintSet[]): string[] {
  const written = sets.flatMap(({ failureTolerance, stages }) => [
    ...Object.keys(failureTolerance.kinds),
    ...Object.values(stages).flatMap((stage) => stage?.gate ?? []),
  ]);
  const all = new Set([...FAIL_MODES.map(({ kind }) => kind), ...written]);
  all.delete('*');
  return [...all];
}

/** Sets whose review is overdue. */
export function overdueReviews(
  sets: readonly ConstraintSet[],
  nowMs: number,
): EffectiveConstraints['reviewOverdue'] {
  return sets.flatMap(({ metadata: { name, owner, reviewBy } }) =>
    reviewBy === undefined || reviewBy >= nowMs ? [] : [{ set: name, since: rfc3339(reviewBy), owner }],
  );
}

/** Everything that people wrote about a target, as a decision reads it: merged where it merges, by name where it does not. */
export function effectiveConstraints(
  all: readonly ConstraintSet[],
  of: TargetQuestion,
): EffectiveConstraints {
  const { service, env, namespace, kind, nowMs } = of;
  const target = {
    service,
    ...(env === undefined ? {} : { env }),
    ...(namespace === undefined ? {} : { namespace }),
  };
  const ask = (one: string) => askQuestion({ actor: { id: '-' }, action: { kind: one }, target }, all);
  const question = ask(kind ?? '-');
  const { sets } = question;
  const shared = fleetsOf(question, all).map((set) => sharedBudgets(set, service));
  const { min, max } = replicaLimits(sets);
  const regions = sets.flatMap(({ boundaries }) =>
    boundaries.regions === undefined ? [] : [boundaries.regions],
  );
  const [first, ...others] = regions;
  const shares = sets.flatMap(({ boundaries }) => boundaries.inRotation?.shareMin ?? []);
  const named = <T extends object>(
    rows: (set: ConstraintSet) => readonly (T & { readonly name: string })[],
    of = sets,
  ) =>
    of.flatMap((set) =>
      rows(set).map(({ name, ...row }) => ({ constraint: `${set.metadata.name}/${name}`, ...row })),
    );
  return {
    sets: sets.map(({ metadata, origin }) => `${metadata.name}@${origin.revision}`),
    reviewOverdue: overdueReviews(sets, nowMs),
    limits: {
      replicas: { min, max: Number.isFinite(max) ? max : null },
      regions:
        first === undefined
          ? null
          : first.filter((region) => others.every((other) => other.includes(region))),
      inRotationMin: shares.length === 0 ? null : Math.max(...shares),
      ceilings: named(({ boundaries }) =>
        boundaries.ceilings.map(({ of: path, min: least = null, max: most = null, for: kinds }) => ({
          name: `boundaries.ceilings.${path.join('.')}`,
          of: path.join('.'),
          min: least,
          max: most,
          for: kinds,
        })),
      ),
      actors: named(({ boundaries: { actors } }) =>
        actors === undefined
          ? []
          : [{ name: 'boundaries.actors', allow: actors.allow ?? null, deny: actors.deny }],
      ),
    },
    kinds: (kind === undefined ? kindsOf(sets) : [kind]).map((one) => kindInForce(ask(one))),
    policies: named(({ policies }) =>
      policies.map(({ id, when = 'true', require, unless = null, why }) => ({
        name: id,
        when,
        require,
        unless,
        why,
      })),
    ),
    guardrails: named(guardrailTexts, [...sets, ...shared]),
    stages: named(stageTexts),
    holds: named(({ drift }) => drift.hold.map((row) => ({ name: `drift.hold.${row.finding}`, ...row }))),
    intents: named(({ intent }) =>
      intent.map(({ id, expr, target: { comparator, value }, since, why }) => ({
        name: id,
        says: `${expr} ${comparator} ${value}`,
        since: since === undefined ? null : rfc3339(since),
        why,
      })),
    ),
  };
}
