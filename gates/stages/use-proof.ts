import { matchGlob } from '../../core/glob.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import type { Question } from '../question.ts';

/** What is asked of the store before something is taken away for good. */
export interface UseAsked {
  readonly serviceName: string;
  readonly forMs: number;
}

/** What the store holds about the use of a service within a time that ends now. */
export interface UseFound {
  readonly asked: UseAsked;
  /** Requests of the service, and calls to it that others made, as they were seen. */
  readonly requests: number;
  readonly lastUsedAtMs: number | null;
  /** Steps of the time in which anything of the service arrived, of all. */
  readonly coveredRatio: number;
  /** Steps in which its traces were judged incomplete, of all. */
  readonly incompleteRatio: number;
  readonly readAtMs: number;
}

/** What `decide` reads of it. */
export interface UseProofs {
  /** null: being looked up; it is known a second later. */
  find(asked: UseAsked): UseFound | null;
}

export interface UseRule extends UseAsked {
  /** 0 to 1: telemetry may be missing for so much of the time. */
  readonly lostRatioMax: number;
  readonly constraint: string;
}

const BUILT_IN = { forMs: 1_209_600_000, lostRatioMax: 0.005, constraint: 'built-in' };

/** The strictest of what the sets say about the kind; without any, 14 days of 99.5 %. */
export function useRule({ sets, kind, stages }: Question, serviceName: string): UseRule {
  if (!stages.includes('decommissioning')) return { serviceName, ...BUILT_IN };
  const rules = sets.flatMap((set) => useRuleOf(set));
  if (rules.length === 0) return { serviceName, ...BUILT_IN };
  return {
    serviceName,
    forMs: Math.max(...rules.map(({ forMs }) => forMs)),
    lostRatioMax: Math.min(...rules.map(({ lostRatioMax }) => lostRatioMax)),
    constraint: `${rules[0]?.name}/stages.decommissioning.proveUnused`,
  };
  function useRuleOf({ metadata, stages: written }: ConstraintSet) {
    const rule = written.decommissioning;
    if (rule?.proveUnused === undefined || !isGated(rule.gate)) return [];
    const { for: forMs, completeness } = rule.proveUnused;
    return [{ name: metadata.name, forMs, lostRatioMax: completeness.lostRatioMax }];
  }
  function isGated(gate: readonly string[]): boolean {
    return gate.some((glob) => matchGlob(glob, kind));
  }
}
