import type { Path } from '../../../gates/failmodes/part.ts';
import type { Edit } from '../../../gates/failmodes/rule.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects of Kubernetes
type Tree = any;

function change(tree: Tree, path: Path, end: (holder: Tree, key: string | number) => void): Tree {
  const copy = structuredClone(tree);
  let holder = copy;
  for (const [index, key] of path.slice(0, -1).entries()) {
    holder[key] ??= typeof path[index + 1] === 'number' ? [] : {};
    holder = holder[key];
  }
  end(holder, path.at(-1) as string | number);
  return copy;
}

/** The object with a fix in it, and what the fix adds beside it: as a person would do who follows it. */
export function applyEdits(object: unknown, edits: readonly Edit[]): unknown[] {
  let fixed = object;
  const added: unknown[] = [];
  for (const edit of edits) {
    if ('add' in edit) added.push(edit.add);
    else if ('set' in edit) {
      fixed = change(fixed, edit.set, (holder, key) => {
        holder[key] = edit.to;
      });
    } else {
      fixed = change(fixed, edit.remove, (holder, key) => {
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete holder[key];
      });
    }
  }
  return [fixed, ...added];
}
