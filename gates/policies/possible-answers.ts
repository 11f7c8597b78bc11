import type { ASTNode } from '@marcbachmann/cel-js';
import { STAGES } from '../../core/decision.ts';
import type { Ternary } from '../../core/ternary.ts';
import type { Expression } from './compile-expression.ts';
import type { Fact } from './fact.ts';
import { DATA_FACTS, INTENT_FACTS } from './policy-language.ts';
import { partsOf, readPaths } from './read-paths.ts';

/** More combinations of values than these are not tried: then every answer is thought possible. */
const TRIALS_MAX = 1_024;
const NO_FACT: Fact = { unknown: 'not tried' };

/** Functions of texts whose answers the tried texts cover. */
const COVERED: readonly string[] = ['agree', 'has', 'all_met_for', 'startsWith', 'endsWith', 'contains'];

interface Literals {
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
  readonly isCovered: boolean;
}

function literalsOf(node: ASTNode): Literals {
  const parts = partsOf(node).map(literalsOf);
  const own = node.op === 'value' ? node.args : null;
  const name = node.op === 'call' || node.op === 'rcall' ? node.args[0] : null;
  return {
    texts: [...parts.flatMap(({ texts }) => texts), ...(typeof own === 'string' ? [own] : [])],
    numbers: [
      ...parts.flatMap(({ numbers }) => numbers),
      ...(typeof own === 'number' || typeof own === 'bigint' ? [Number(own)] : []),
    ],
    isCovered: (name === null || COVERED.includes(name)) && parts.every(({ isCovered }) => isCovered),
  };
}

const OTHER = 'x';
const KIND = /^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/;

function textsFor(name: string, { texts, isCovered }: Literals): readonly string[] | null {
  if (name === 'action.stage') return STAGES;
  if (!isCovered) return null;
  const tried = [OTHER, ...texts.flatMap((text) => [text, `${text}${OTHER}`, `${OTHER}${text}`])];
  return [...new Set(name === 'action.kind' ? tried.filter((text) => KIND.test(text)) : tried)];
}

/** Every number there can be, cut where the expression may change its mind. */
function rangesFor(max: number, { numbers }: Literals): Fact[] {
  const cuts = [...new Set([0, ...numbers.filter((one) => one > 0 && one < max), max])].sort((a, b) => a - b);
  const points = cuts.map((value): Fact => ({ value, isTrusted: true }));
  const between = cuts
    .slice(1)
    .map((upper, index): Fact => ({ lower: cuts[index] as number, upper, isTrusted: true }));
  return [...points, ...between];
}

/** The values to try for what is read at a path; null: it stays unknown. */
function factsFor(path: readonly string[], literals: Literals): readonly Fact[] | null {
  const name = path.join('.');
  const [root, , fact] = path;
  const values = (all: readonly unknown[]) => all.map((value): Fact => ({ value, isTrusted: true }));
  if (
    ['action.kind', 'action.stage', 'actor.id', 'actor.type'].includes(name) ||
    (root === 'target' && path.length === 2)
  ) {
    const texts = textsFor(name, literals);
    return texts === null ? null : values(texts);
  }
  if (name === 'action.reversible' || name === 'incident.open') return values([true, false]);
  const type =
    root === 'data'
      ? DATA_FACTS[fact as keyof typeof DATA_FACTS]
      : INTENT_FACTS[fact as keyof typeof INTENT_FACTS];
  if (root !== 'data' && root !== 'intent') return null;
  if (type === 'bool') return values([true, false]);
  return rangesFor(['completeness', 'wrong', 'value'].includes(fact as string) ? 1 : 1e15, literals);
}

/**
 * Which answers an expression can give at all, as far as it can be told by trying: texts that it names and others,
 * both truths, every stretch of numbers. What cannot be tried stays unknown, so an answer that is missing here is
 * really never given.
 */
export function possibleAnswers(node: ASTNode, ask: Expression): ReadonlySet<Ternary> {
  const literals = literalsOf(node);
  const byName = new Map<string, readonly Fact[]>();
  for (const { path } of readPaths(node)) {
    const facts = factsFor(path, literals);
    if (facts !== null) byName.set(path.join('\u001f'), facts);
  }
  const names = [...byName.keys()];
  const trials = names.reduce((product, name) => product * (byName.get(name) as readonly Fact[]).length, 1);
  const answers = new Set<Ternary>();
  if (trials > TRIALS_MAX) return answers.add('unknown');
  for (let trial = 0; trial < trials; trial++) {
    let rest = trial;
    const chosen = new Map<string, Fact>();
    for (const name of names) {
      const facts = byName.get(name) as readonly Fact[];
      chosen.set(name, facts[rest % facts.length] as Fact);
      rest = Math.floor(rest / facts.length);
    }
    const read = (path: readonly string[]) => chosen.get(path.join('\u001f')) ?? NO_FACT;
    answers.add(ask({ read, allMetFor: () => 'unknown' }, { unknown: new Map(), errors: [] }));
  }
  return answers;
}
