import type { ASTNode } from '@marcbachmann/cel-js';
import { ROOTS } from './policy-language.ts';

/** One place of an expression that reads a fact, such as `data.traces.rate`. */
export interface ReadPath {
  readonly path: readonly string[];
  readonly node: ASTNode;
  /** Whether only its being there is asked: `has(action.to.replicas)`. */
  readonly isPresence: boolean;
}

const ALL_MET_FOR = 'all_met_for';

/** The names and literal indices that lead to a node; null for anything else. */
export function pathOf(node: ASTNode): readonly string[] | null {
  if (node.op === 'id') return (ROOTS as readonly string[]).includes(node.args) ? [node.args] : null;
  if (node.op === '.') {
    const before = pathOf(node.args[0]);
    return before === null ? null : [...before, node.args[1]];
  }
  if (node.op === '[]') {
    const [object, index] = node.args;
    const before = pathOf(object);
    const isText = index.op === 'value' && typeof index.args === 'string';
    return before === null || !isText ? null : [...before, index.args as string];
  }
  return null;
}

/** `intent.all_met_for("30m")`: its text; null for any other node. */
export function allMetForText(node: ASTNode): string | null {
  if (node.op !== 'rcall') return null;
  const [name, receiver, [duration]] = node.args;
  const isOurs = name === ALL_MET_FOR && receiver.op === 'id' && receiver.args === 'intent';
  return isOurs && duration?.op === 'value' && typeof duration.args === 'string' ? duration.args : null;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

/** The parts of a node, in the order they are written. */
export function partsOf(node: ASTNode): ASTNode[] {
  if (isNode(node.args)) return [node.args];
  return Array.isArray(node.args) ? (node.args as unknown[]).flat(2).filter(isNode) : [];
}

/** Every longest path that a node reads, in the order they are written. */
export function readPaths(node: ASTNode): ReadPath[] {
  if (allMetForText(node) !== null) return [];
  const path = pathOf(node);
  if (path !== null) return [{ path, node, isPresence: false }];
  if (node.op === 'call' && node.args[0] === 'has') {
    return node.args[1].flatMap((asked) => {
      const whole = pathOf(asked);
      return whole === null
        ? readPaths(asked)
        : [{ path: whole.slice(0, -1), node: asked, isPresence: true }];
    });
  }
  return partsOf(node).flatMap(readPaths);
}
