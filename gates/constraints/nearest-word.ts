/** Edits (insert, delete, replace) between two short words: rows of the Levenshtein table, O(a * b). */
function editCount(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}

/** The known word a person most likely meant, or null when none is near (at most a third of it differs, or 2). */
export function nearestWord(written: string, known: readonly string[]): string | null {
  const ranked = known
    .map((word) => ({ word, edits: editCount(written.toLowerCase(), word.toLowerCase()) }))
    .sort((left, right) => left.edits - right.edits);
  const best = ranked[0];
  if (best === undefined) return null;
  return best.edits <= Math.max(2, Math.floor(best.word.length / 3)) ? best.word : null;
}
