import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import type { ConstraintFile } from '../constraints/constraint-set.ts';
import { mismatch as error, type Mismatch } from '../constraints/mismatch.ts';
import { checkNames, type ExpressionComplaint } from './check-names.ts';
import { compileExpression, type Expression } from './compile-expression.ts';
import { type PolicyNames, policyLanguage } from './policy-language.ts';
import { possibleAnswers } from './possible-answers.ts';

/** What cel-js throws, as far as it is read here. */
interface Fault {
  readonly summary?: string;
  readonly message: string;
  readonly range?: { readonly start: number };
}

function complaintOf(thrown: unknown, hint: string): ExpressionComplaint {
  const { summary, message, range } = thrown as Fault;
  const said = summary ?? (message.split('\n')[0] as string);
  return { offset: range?.start ?? 0, message: said, hint, severity: 'error' };
}

function typeHint(thrown: unknown): string {
  const { message } = thrown as Fault;
  if (/\bdouble\b.*\bint\b|\bint\b.*\bdouble\b/.test(message)) return 'write numbers with a point: 5.0';
  return 'see the facts and functions in docs/constraints.md';
}

/** An expression that was understood, or what is wrong with it. */
type Reading =
  | { readonly complaints: readonly ExpressionComplaint[]; readonly node: ASTNode; readonly ask: Expression }
  | { readonly complaints: readonly ExpressionComplaint[]; readonly node: null };

function readExpression(text: string, of: { language: Environment; names: PolicyNames }): Reading {
  let node: ASTNode;
  try {
    node = of.language.parse(text).ast;
  } catch (thrown) {
    return {
      complaints: [complaintOf(thrown, 'see https://cel.dev for how expressions are written')],
      node: null,
    };
  }
  const complaints = checkNames(node, of.names);
  if (complaints.some(({ severity }) => severity === 'error')) return { complaints, node: null };
  const checked = of.language.check(text);
  if (!checked.valid) {
    return { complaints: [...complaints, complaintOf(checked.error, typeHint(checked.error))], node: null };
  }
  if (checked.type !== 'bool') {
    const message = `this is ${checked.type}, and a rule is true or false`;
    const complaint = { offset: 0, message, hint: 'compare it with something', severity: 'error' as const };
    return { complaints: [...complaints, complaint], node: null };
  }
  return { complaints, node, ask: compileExpression(text, of.language) };
}

const NEVER_TRUE: Readonly<Record<'when' | 'unless' | 'require', string>> = {
  when: 'this is never true: the policy never applies',
  unless: 'this is never true: it excuses nothing',
  require: 'this is never true: the policy stops everything it applies to',
};

function checkAnswers(
  part: 'when' | 'unless' | 'require',
  text: string,
  reading: Reading,
): ExpressionComplaint[] {
  if (reading.node === null || reading.complaints.length > 0) return [];
  const at = { offset: 0, severity: 'warning' as const };
  const answers = possibleAnswers(reading.node, reading.ask);
  const isAlways = (answer: 'true' | 'false') => answers.size === 1 && answers.has(answer);
  if (isAlways('false') && text.trim() !== 'false') {
    return [
      { ...at, message: NEVER_TRUE[part], hint: 'correct it; to stop everything on purpose write false' },
    ];
  }
  if (part === 'require' && isAlways('true')) {
    return [
      { ...at, message: 'this is always true: it requires nothing', hint: 'correct it, or drop the policy' },
    ];
  }
  return [];
}

/** Every expression of a file: its form, names, types, and whether it can be true at all; one vocabulary a file. */
export function lintPolicies({ policies, sources, intent }: ConstraintFile): Mismatch[] {
  if (policies.length === 0) return [];
  const names = {
    sources: sources.map(({ id }) => id),
    intents: intent.map(({ id }) => id),
    signals: Object.fromEntries(sources.map(({ id, signal }) => [id, signal])),
  };
  const language = policyLanguage(names);
  return policies.flatMap((policy, index) => {
    const twice = policies.findIndex(({ id }) => id === policy.id) < index;
    const used = [...names.sources, ...names.intents].includes(policy.id);
    const path = ['policies', index];
    const repeated =
      twice || used ? [error([...path, 'id'], `id "${policy.id}" is used twice`, 'give it another id')] : [];
    const ofParts = (['when', 'require', 'unless'] as const).flatMap((part): Mismatch[] => {
      const text = policy[part];
      if (text === undefined) return [];
      const reading = readExpression(text, { language, names });
      return [...reading.complaints, ...checkAnswers(part, text, reading)].map(({ offset, ...said }) => ({
        ...said,
        path: [...path, part],
        within: { text, offset },
      }));
    });
    return [...repeated, ...ofParts];
  });
}
