import type { ASTNode, Environment, ParseResult } from '@marcbachmann/cel-js';
import { and, not, or, type Ternary } from '../../core/ternary.ts';
import { parseDurationMs } from '../../core/time.ts';
import { celText } from './cel-text.ts';
import type { Fact, Facts } from './fact.ts';
import {
  type Arithmetic,
  type Comparison,
  combineRanges,
  compareRanges,
  type Range,
  rangesAgree,
} from './interval-logic.ts';
import { DATA_FACTS, INTENT_FACTS } from './policy-language.ts';
import { allMetForText, pathOf, readPaths } from './read-paths.ts';

/** Why an answer is unknown: what was read and not known, and what could not be evaluated. */
export interface Doubt {
  /** By what was read: why it is not known. */
  readonly unknown: Map<string, string>;
  readonly errors: string[];
}

export type Expression = (facts: Facts, doubt: Doubt) => Ternary;
type Term = (facts: Facts, doubt: Doubt) => Range | null;
type Evaluation = { readonly value: unknown } | null;

const COMPARISONS: readonly string[] = ['<', '<=', '>', '>=', '==', '!='];
const ARITHMETIC: readonly string[] = ['+', '-', '*', '/'];

/** Values of requests are read to here; what is deeper is the language's to walk. */
const PATH_LENGTH_MAX = 3;

/** Of all that is read only these may be intervals. */
function isMeasured(path: readonly string[]): boolean {
  const [root, second, fact] = path;
  if (root === 'action') return second === 'blast_radius' && fact !== 'unit' && fact !== undefined;
  if (root === 'data') return DATA_FACTS[fact as keyof typeof DATA_FACTS] === 'double';
  return root === 'intent' && INTENT_FACTS[fact as keyof typeof INTENT_FACTS] === 'double';
}

const paths = new Map<string, readonly string[]>();

/** One array for one path, so that what was looked up is found again by identity, without spelling it out. */
function interned(path: readonly string[]): readonly string[] {
  const key = path.join('\u001f');
  const before = paths.get(key);
  if (before === undefined) paths.set(key, path);
  return before ?? path;
}

function truth(value: boolean): Ternary {
  return value ? 'true' : 'false';
}

function note(path: readonly string[], fact: Fact, doubt: Doubt): void {
  const why =
    'unknown' in fact
      ? fact.unknown
      : 'lower' in fact
        ? `it lies between ${fact.lower} and ${fact.upper}`
        : '';
  doubt.unknown.set(path.join('.'), why);
}

/**
 * CEL with Kleene's three values. Of `&&`, `||`, `!` and `?:` the parts are asked one by one; a comparison of measured
 * numbers is asked of their whole intervals; anything else is handed to CEL, and only when all it reads is known.
 * So an answer of true or false is one that every number in question would give, and CEL never sees a number that
 * nobody knows: of CEL alone `NaN >= 0.9` and `NaN < 0.9` are both false, without a word.
 */
class Compiler {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  truth(node: ASTNode): Expression {
    if (node.op === 'value' && typeof node.args === 'boolean') {
      const constant = truth(node.args);
      return () => constant;
    }
    if (node.op === '&&' || node.op === '||')
      return this.#junction(
        node.op,
        node.args.map((part) => this.truth(part)),
      );
    if (node.op === '!_') {
      const part = this.truth(node.args);
      return (facts, doubt) => not(part(facts, doubt));
    }
    if (node.op === '?:') return this.#choice(node.args.map((part) => this.truth(part)));
    const promise = allMetForText(node);
    if (promise !== null) return allMetFor(parseDurationMs(promise), promise);
    const isOfRanges = readPaths(node).some(({ path }) => isMeasured(path));
    if (isOfRanges && COMPARISONS.includes(node.op)) return this.#comparison(node);
    if (isOfRanges && node.op === 'call' && node.args[0] === 'agree') {
      const [a, b, tolerance] = node.args[1].map((part) => this.#term(part)) as [Term, Term, Term];
      return (facts, doubt) => {
        const ranges = [a(facts, doubt), b(facts, doubt), tolerance(facts, doubt)];
        return ranges.includes(null) ? 'unknown' : rangesAgree(...(ranges as [Range, Range, Range]));
      };
    }
    return ofFact(node) ?? ofText(node) ?? this.#leaf(node);
  }

  #junction(operator: '&&' | '||', parts: readonly Expression[]): Expression {
    const [left, right] = parts as [Expression, Expression];
    const [decisive, join] = operator === '&&' ? (['false', and] as const) : (['true', or] as const);
    return (facts, doubt) => {
      const first = left(facts, doubt);
      return first === decisive ? first : join([first, right(facts, doubt)]);
    };
  }

  #choice(parts: readonly Expression[]): Expression {
    const [condition, yes, no] = parts as [Expression, Expression, Expression];
    return (facts, doubt) => {
      const chosen = condition(facts, doubt);
      if (chosen !== 'unknown') return (chosen === 'true' ? yes : no)(facts, doubt);
      const answer = yes(facts, doubt);
      return answer === no(facts, doubt) ? answer : 'unknown';
    };
  }

  #comparison(node: ASTNode): Expression {
    const operator = node.op as Comparison;
    const [left, right] = (node.args as [ASTNode, ASTNode]).map((part) => this.#term(part)) as [Term, Term];
    return (facts, doubt) => {
      const a = left(facts, doubt);
      const b = right(facts, doubt);
      return a === null || b === null ? 'unknown' : compareRanges(operator, a, b);
    };
  }

  #term(node: ASTNode): Term {
    const path = pathOf(node);
    if (path !== null && isMeasured(path)) {
      const asked = interned(path);
      return (facts, doubt) => rangeOf(asked, facts.read(asked), doubt);
    }
    const isOfRanges = readPaths(node).some((read) => isMeasured(read.path));
    if (isOfRanges && ARITHMETIC.includes(node.op)) {
      const operator = node.op as Arithmetic;
      const [left, right] = (node.args as [ASTNode, ASTNode]).map((part) => this.#term(part)) as [Term, Term];
      return (facts, doubt) => {
        const a = left(facts, doubt);
        const b = right(facts, doubt);
        return a === null || b === null ? null : combineRanges(operator, a, b);
      };
    }
    if (isOfRanges && node.op === '-_') {
      const part = this.#term(node.args);
      return (facts, doubt) => {
        const range = part(facts, doubt);
        return range === null ? null : { lower: -range.upper, upper: -range.lower };
      };
    }
    const evaluate = this.#evaluation(node);
    return (facts, doubt) => {
      const value = Number(evaluate(facts, doubt)?.value);
      return Number.isFinite(value) ? { lower: value, upper: value } : null;
    };
  }

  #leaf(node: ASTNode): Expression {
    const evaluate = this.#evaluation(node);
    return (facts, doubt) => {
      const answer = evaluate(facts, doubt);
      if (answer === null) return 'unknown';
      if (typeof answer.value === 'boolean') return truth(answer.value);
      doubt.errors.push(`"${celText(node)}" is ${String(answer.value)}, which is neither true nor false`);
      return 'unknown';
    };
  }

  /** What CEL makes of a part of the expression; null, and why, when anything it reads is not known or it fails. */
  #evaluation(node: ASTNode): (facts: Facts, doubt: Doubt) => Evaluation {
    if (node.op === 'value') {
      const constant = { value: node.args };
      return () => constant;
    }
    const paths = readPaths(node)
      .map(({ path }) => interned(path.slice(0, path[0] === 'target' ? 2 : PATH_LENGTH_MAX)))
      .sort((left, right) => left.length - right.length);
    const text = celText(node);
    const program: ParseResult = this.#environment.parse(text);
    return (facts, doubt) => {
      const context: Record<string, unknown> = {};
      let isKnown = true;
      for (const path of paths) {
        const fact = facts.read(path);
        if ('value' in fact) {
          place(context, path, fact.value);
        } else {
          note(path, fact, doubt);
          isKnown = false;
        }
      }
      if (!isKnown) return null;
      try {
        return { value: program(context) as unknown };
      } catch (error) {
        doubt.errors.push(`"${text}" cannot be evaluated: ${reasonOf(error)}`);
        return null;
      }
    };
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0] as string;
}

function rangeOf(path: readonly string[], fact: Fact, doubt: Doubt): Range | null {
  if ('value' in fact && typeof fact.value === 'number') return { lower: fact.value, upper: fact.value };
  note(path, fact, doubt);
  return 'lower' in fact ? fact : null;
}

/** The value at its place in the tree that CEL reads; a shorter path was placed before a longer one. */
function place(context: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = context;
  for (const name of path.slice(0, -1)) {
    const next = (at[name] as Record<string, unknown> | undefined) ?? {};
    at[name] = next;
    at = next;
  }
  const last = path.at(-1) as string;
  if (at[last] === undefined) at[last] = value;
}

function allMetFor(durationMs: number | null, text: string): Expression {
  return (facts, doubt) => {
    const answer = durationMs === null ? 'unknown' : facts.allMetFor(durationMs);
    if (answer === 'unknown') {
      doubt.unknown.set(
        `intent.all_met_for("${text}")`,
        'not every intent is known to have been met for so long',
      );
    }
    return answer;
  };
}

/** A fact that is true or false by itself; of what a request says only the language knows whether it is. */
function ofFact(node: ASTNode): Expression | null {
  const path = pathOf(node);
  if (path === null || !['data', 'intent', 'incident'].includes(path[0] as string)) return null;
  const asked = interned(path);
  return (facts, doubt) => {
    const fact = facts.read(asked);
    if ('value' in fact && typeof fact.value === 'boolean') return truth(fact.value);
    note(asked, fact, doubt);
    return 'unknown';
  };
}

/** Texts are compared here: a rule's `action.kind == "…"` is asked of every question, and CEL takes 0.7 us for it. */
function ofText(node: ASTNode): Expression | null {
  if (node.op !== '==' && node.op !== '!=') return null;
  const [left, right] = node.args;
  const literal = right.op === 'value' && typeof right.args === 'string' ? right.args : null;
  const path = pathOf(left);
  const isText =
    path !== null && ['action.kind', 'action.stage', 'actor.id', 'actor.type'].includes(path.join('.'));
  if (literal === null || !isText) return null;
  const isEqual = node.op === '==';
  const asked = interned(path);
  return (facts, doubt) => {
    const fact = facts.read(asked);
    if ('value' in fact) return truth((fact.value === literal) === isEqual);
    note(asked, fact, doubt);
    return 'unknown';
  };
}

/** One expression, parsed once. @throws ParseError, and TypeError of the language */
export function compileExpression(text: string, environment: Environment): Expression {
  const program = environment.parse(text);
  const checked = program.check();
  if (!checked.valid) throw checked.error;
  return new Compiler(environment).truth(program.ast);
}
