import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** As the engine names its threads for background merges. */
const MERGE_THREAD = 'MergeMutate';
/** Below the inserts of the same process, which somebody waits to see. */
const NICER = 5;
const LOOK_EVERY_MS = 2_000;

/**
 * Lets merges step back behind inserts and queries when the machine is full. The engine starts their threads when
 * it first merges, so they are looked for again and again. On Linux only; elsewhere nothing happens.
 */
export function yieldMerges(): { stop(): void } {
  const nicer = new Set<string>();
  const look = () => {
    for (const threadId of threadIds()) {
      if (nicer.has(threadId) || nameOf(threadId) !== MERGE_THREAD) continue;
      nicer.add(threadId);
      try {
        setPriority(Number(threadId), Math.min(19, getPriority() + NICER));
      } catch {
        // Some sandboxes forbid it, or the thread has just ended: it merges all the same.
      }
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function threadIds(): string[] {
  try {
    return readdirSync('/proc/self/task');
  } catch {
    return [];
  }
}

function nameOf(threadId: string): string {
  try {
    return readFileSync(`/proc/self/task/${threadId}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
