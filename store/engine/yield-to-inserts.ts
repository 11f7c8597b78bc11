import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

const THREADS = '/proc/self/task';
/** As the engine names the threads that merge parts. */
const MERGING = 'MergeMutate';
const NICER = 5;

/**
 * Lets merges step back behind inserts when the machine is full: a merge may come later, while somebody waits to see
 * the rows. Linux only; elsewhere, or where a sandbox forbids it, everything works, only less evenly.
 */
export function yieldToInserts(): void {
  try {
    const nice = Math.min(constants.priority.PRIORITY_LOW, getPriority() + NICER);
    for (const thread of readdirSync(THREADS)) {
      if (readFileSync(`${THREADS}/${thread}/comm`, 'utf8').trim() === MERGING)
        setPriority(Number(thread), nice);
    }
  } catch {
    // See above.
  }
}
