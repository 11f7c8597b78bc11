import type { ConstraintFile } from '../constraints/constraint-set.ts';
import { compileExpression, type Expression } from './compile-expression.ts';
import { policyLanguage } from './policy-language.ts';

export interface CompiledPolicy {
  readonly id: string;
  readonly why: string;
  readonly require: { readonly text: string; readonly ask: Expression };
  readonly when: Expression;
  readonly unless: Expression;
}

/** A policy that cannot be compiled: linting refuses it, so that none of a file in force is one. */
export interface BrokenPolicy {
  readonly id: string;
  readonly fault: string;
}

type Policies = readonly (CompiledPolicy | BrokenPolicy)[];

const compiled = new WeakMap<ConstraintFile['policies'], Policies>();

/** The policies of a set, parsed and checked once: by linting, when the file is loaded. */
export function compiledPolicies({ policies, sources, intent }: ConstraintFile): Policies {
  const before = compiled.get(policies);
  if (before !== undefined) return before;
  const language = policyLanguage({
    sources: sources.map(({ id }) => id),
    intents: intent.map(({ id }) => id),
  });
  const all = policies.map(({ id, why, when = 'true', require, unless = 'false' }) => {
    try {
      const ask = (text: string) => compileExpression(text, language);
      return { id, why, when: ask(when), require: { text: require, ask: ask(require) }, unless: ask(unless) };
    } catch (error) {
      return { id, fault: error instanceof Error ? (error.message.split('\n')[0] as string) : String(error) };
    }
  });
  compiled.set(policies, all);
  return all;
}
