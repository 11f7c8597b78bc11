import type { ASTNode } from '@marcbachmann/cel-js';
import { STAGES } from '../../core/decision.ts';
import { nearestName } from '../../core/nearest-name.ts';
import { parseDurationMs } from '../../core/time.ts';
import { FAIL_MODES, stageOf } from '../fail-modes.ts';
import {
  ACTION_FACTS,
  ACTOR_FACTS,
  DATA_FACTS,
  type DataFact,
  INTENT_FACTS,
  idOf,
  MEASURED_OF,
  type PolicyNames,
  wordOf,
} from './policy-language.ts';
import { allMetForText, partsOf, pathOf, type ReadPath, readPaths } from './read-paths.ts';

/** What is wrong with an expression, at which of its characters, counted from 0. */
export interface ExpressionComplaint {
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
  readonly severity: 'error' | 'warning';
}

function hintOf(word: string, known: readonly string[], none: string): string {
  const nearest = nearestName(word, known);
  if (nearest !== null) return `did you mean ${nearest}?`;
  return known.length === 0 ? none : `known: ${known.join(', ')}`;
}

/** Where the step of a path at `index` is written. */
function offsetOf(node: ASTNode, index: number): number {
  let at = node;
  while ((pathOf(at)?.length ?? 0) > index + 1) at = (at.args as [ASTNode])[0];
  if (at.op === '.') return at.range.end - at.args[1].length;
  return at.op === '[]' ? at.args[1].range.start : at.range.start;
}

interface Step {
  readonly known: readonly string[];
  readonly what: string;
  readonly none: string;
}

/** What may follow the steps before; null: anything, or nothing. */
function stepAfter(path: readonly string[], { sources, intents }: PolicyNames): Step | null {
  const [root, second] = path;
  const none = 'there is none';
  if (path.length === 1) {
    if (root === 'data')
      return { known: sources.map(wordOf), what: 'source', none: 'declare it under sources' };
    if (root === 'intent')
      return { known: intents.map(wordOf), what: 'intent', none: 'declare it under intent' };
    if (root === 'action') return { known: Object.keys(ACTION_FACTS), what: 'fact of an action', none };
    if (root === 'actor') return { known: Object.keys(ACTOR_FACTS), what: 'fact of an actor', none };
    if (root === 'incident') return { known: ['open'], what: 'fact of an incident', none };
  }
  if (path.length === 2 && root === 'data')
    return { known: Object.keys(DATA_FACTS), what: 'fact of a source', none };
  if (path.length === 2 && root === 'intent')
    return { known: Object.keys(INTENT_FACTS), what: 'fact of an intent', none };
  if (path.length === 2 && second === 'blast_radius') {
    return { known: Object.keys(ACTION_FACTS.blast_radius), what: 'fact of a blast radius', none };
  }
  return null;
}

function isKnown(name: string, path: readonly string[], { known }: Step, names: PolicyNames): boolean {
  if (path.length !== 1) return known.includes(name);
  if (path[0] === 'data') return idOf(name, names.sources) !== undefined;
  return path[0] === 'intent' ? idOf(name, names.intents) !== undefined : known.includes(name);
}

/** Nobody measures it, so that the rule would wait for ever. */
function checkMeasured(
  [, word, fact]: readonly [string, string, DataFact],
  { node, names }: { node: ASTNode; names: PolicyNames },
): ExpressionComplaint[] {
  const signal = names.signals?.[idOf(word, names.sources) ?? ''];
  if (signal === undefined || MEASURED_OF[signal].includes(fact)) return [];
  const message = `${fact} of ${signal} is not measured: it would be unknown for ever`;
  const hint = `measured of ${signal}: ${MEASURED_OF[signal].join(', ')}`;
  return [{ offset: offsetOf(node, 2), message, hint, severity: 'warning' }];
}

function checkPath({ path, node, isPresence }: ReadPath, names: PolicyNames): ExpressionComplaint[] {
  const whole = isPresence ? (pathOf(node) ?? path) : path;
  for (let length = 1; length <= whole.length; length++) {
    const before = whole.slice(0, length);
    const step = stepAfter(before, names);
    const name = whole[length];
    if (step === null) continue;
    if (name === undefined) {
      const message = `${before.join('.')} is no fact by itself`;
      const hint = `name one of it: ${step.known.map((one) => `${before.join('.')}.${one}`).join(', ') || step.none}`;
      return [{ offset: node.range.start, message, hint, severity: 'error' }];
    }
    if (!isKnown(name, before, step, names)) {
      const message = `there is no ${step.what} "${name}"`;
      return [
        {
          offset: offsetOf(node, length),
          message,
          hint: hintOf(name, step.known, step.none),
          severity: 'error',
        },
      ];
    }
  }
  if (whole[0] === 'data' && !isPresence) {
    return checkMeasured(whole as unknown as [string, string, DataFact], { node, names });
  }
  const isOfRequest = whole[0] === 'target' || ['from', 'to'].includes(whole[1] as string);
  if (!isPresence || isOfRequest) return [];
  const message = `has() of ${whole.join('.')}: whether it is known is not what a rule may turn on`;
  const hint = 'ask for its value: a rule whose facts are not known holds by itself';
  return [{ offset: node.range.start, message, hint, severity: 'error' }];
}

function checkCall(node: ASTNode): ExpressionComplaint[] {
  const promise = allMetForText(node);
  if (promise !== null && parseDurationMs(promise) === null) {
    const hint = 'write it like "30m"';
    return [
      {
        offset: node.range.start,
        message: `"${promise}" is not a duration (ms, s, m, h, d)`,
        hint,
        severity: 'error',
      },
    ];
  }
  if (node.op !== 'call' || node.args[0] !== 'opa') return [];
  const message = 'policies elsewhere (opa) are not asked: no decision waits for another server';
  return [{ offset: node.range.start, message, hint: 'write the rule in CEL', severity: 'error' }];
}

const KINDS = FAIL_MODES.map(({ kind }) => kind).filter((kind) => !kind.includes('*'));

/** A word held against the kind or the stage of an action that no action has. */
function checkWords(node: ASTNode): ExpressionComplaint[] {
  if (node.op !== '==' && node.op !== '!=') return [];
  const [left, right] = node.args;
  const name = pathOf(left)?.join('.');
  if (right.op !== 'value' || typeof right.args !== 'string') return [];
  const word = right.args;
  const at = { offset: right.range.start, severity: 'warning' as const };
  if (name === 'action.stage' && !(STAGES as readonly string[]).includes(word)) {
    return [{ ...at, message: `no action is of the stage "${word}"`, hint: hintOf(word, STAGES, '') }];
  }
  if (name !== 'action.kind' || stageOf(word) !== null) return [];
  const nearest = nearestName(word, KINDS);
  return nearest === null
    ? []
    : [{ ...at, message: `"${word}" is no kind that is described`, hint: `did you mean ${nearest}?` }];
}

function everyNode(node: ASTNode): ASTNode[] {
  return [node, ...partsOf(node).flatMap(everyNode)];
}

/** Names that nothing bears, in the order they are written. */
export function checkNames(node: ASTNode, names: PolicyNames): ExpressionComplaint[] {
  const nodes = everyNode(node);
  const calls = nodes.flatMap(checkCall);
  if (calls.some(({ severity }) => severity === 'error')) return calls;
  return [...readPaths(node).flatMap((read) => checkPath(read, names)), ...nodes.flatMap(checkWords)];
}
