import { stringify } from 'yaml';
import type { Part, Path } from './part.ts';
import type { Edit } from './rule.ts';

/** Kubernetes reads YAML 1.1, where a bare Off, yes or 1_0 is no text. */
const AS_KUBERNETES_READS = { lineWidth: 0, compat: 'yaml-1.1' } as const;

/** What a person knows an item of a list by. */
const NAMES = ['name', 'alert', 'uid', 'containerName', 'type', 'metricName'];

type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function namesOf(item: Part): Tree {
  const named = NAMES.map((name) => [name, item.at(name).value]).filter(
    ([, value]) => typeof value === 'string',
  );
  return Object.fromEntries(named);
}

/** `to` under its path, and nothing else of the object; items of lists keep what they are known by. */
function nested(root: Part, path: Path, to: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  const inner = nested(root.at(key), rest, to);
  if (typeof key === 'string') return { [key]: inner };
  return [rest.length > 0 && isTree(inner) ? { ...namesOf(root.at(key)), ...inner } : inner];
}

function merged(left: unknown, right: unknown): unknown {
  if (isTree(left) && isTree(right)) {
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    return Object.fromEntries(
      keys.map((key) => [
        key,
        key in left && key in right ? merged(left[key], right[key]) : (left[key] ?? right[key]),
      ]),
    );
  }
  if (!Array.isArray(left) || !Array.isArray(right)) return right;
  const [one, other] = [left.at(-1), right[0]];
  const isSame =
    isTree(one) && isTree(other) && NAMES.some((name) => name in one && one[name] === other[name]);
  return isSame ? [...left.slice(0, -1), merged(one, other), ...right.slice(1)] : [...left, ...right];
}

function pathText(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
}

/** The fix as YAML to paste: what to remove, what to set, what to add beside the object. */
export function renderFix(root: Part, edits: readonly Edit[]): string {
  const removed = edits.flatMap((edit) => ('remove' in edit ? [`# remove ${pathText(edit.remove)}`] : []));
  const set = edits.flatMap((edit) => ('set' in edit ? [nested(root, edit.set, edit.to)] : []));
  const added = edits.flatMap((edit) =>
    'add' in edit ? [`---\n${stringify(edit.add, AS_KUBERNETES_READS).trimEnd()}`] : [],
  );
  const [first, ...others] = set;
  const written =
    first === undefined ? [] : [stringify(others.reduce(merged, first), AS_KUBERNETES_READS).trimEnd()];
  return [...removed, ...written, ...added].join('\n');
}
