import { type ASTNode, serialize } from '@marcbachmann/cel-js';

function list(nodes: readonly ASTNode[]): string {
  return nodes.map(celText).join(', ');
}

/**
 * A part of an expression as text that reads back as the same part. The library's own `serialize` leaves out
 * parentheses that matter: `a == (b != c)` becomes `a == b != c`, which is another question.
 */
export function celText(node: ASTNode): string {
  switch (node.op) {
    case 'value':
    case 'id':
      return serialize(node);
    case '.':
    case '.?':
      return `${celText(node.args[0])}${node.op}${node.args[1]}`;
    case '[]':
      return `${celText(node.args[0])}[${celText(node.args[1])}]`;
    case '[?]':
      return `${celText(node.args[0])}[?${celText(node.args[1])}]`;
    case 'call':
      return `${node.args[0]}(${list(node.args[1])})`;
    case 'rcall':
      return `${celText(node.args[1])}.${node.args[0]}(${list(node.args[2])})`;
    case 'list':
      return `[${list(node.args)}]`;
    case 'map':
      return `{${node.args.map(([key, value]) => `${celText(key)}: ${celText(value)}`).join(', ')}}`;
    case '?:': {
      const [condition, yes, no] = node.args;
      return `(${celText(condition)} ? ${celText(yes)} : ${celText(no)})`;
    }
    case '!_':
      return `(!${celText(node.args)})`;
    case '-_':
      return `(-${celText(node.args)})`;
    default:
      return `(${celText(node.args[0])} ${node.op} ${celText(node.args[1])})`;
  }
}
