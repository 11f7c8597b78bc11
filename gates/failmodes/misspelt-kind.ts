import { RULES } from './rules.ts';

/** Insertions, deletions and replacements from one word to the other. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, char] of [...left].entries()) {
    const next = [index + 1];
    for (let at = 1; at <= right.length; at++) {
      const replaced = (row[at - 1] as number) + (char === right[at - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[at] as number) + 1, (next[at - 1] as number) + 1));
    }
    row = next;
  }
  return row[right.length] as number;
}

const KINDS = [...new Set(RULES.flatMap(({ kinds }) => kinds))];
const LENGTH_MAX = 60;

/** The kind that was meant, when a kind is none of its group but nearly one that rules read. */
export function misspeltKind(group: string, kind: string): string | null {
  if (kind.length > LENGTH_MAX || KINDS.includes(`${group}/${kind}`)) return null;
  const near = KINDS.filter((one) => one.startsWith(`${group}/`))
    .map((one) => one.slice(group.length + 1))
    .filter((one) => distance(one.toLowerCase(), kind.toLowerCase()) <= 2);
  return near[0] ?? null;
}
