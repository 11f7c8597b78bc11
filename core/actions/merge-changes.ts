import type { RecognisedChange } from './recognise-change.ts';

/** Of records with the same key the first: pipelines repeat themselves. In order of time. */
export function mergeChanges(changes: readonly RecognisedChange[]): RecognisedChange[] {
  const byKey = new Map<string, RecognisedChange>();
  for (const change of changes) {
    const known = byKey.get(change.key);
    if (known === undefined || change.timeMs < known.timeMs) byKey.set(change.key, change);
  }
  return [...byKey.values()].sort((a, b) => a.timeMs - b.timeMs || (a.key < b.key ? -1 : 1));
}
