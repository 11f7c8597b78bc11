import { getPriority, setPriority } from 'node:os';
import type { Role } from './settings.ts';

/** By how much a role is nicer than those that somebody waits for: senders for `ingest`, actors for `api`. */
const NICER: Partial<Readonly<Record<Role, number>>> = { store: 5, judge: 5 };

/**
 * Lets inserts, merges and judgement step back when the machine is full, so that an acknowledgement or a decision does
 * not queue behind them. To be called first: on Linux it holds for this thread and for those that it starts later.
 */
export function yieldToCallers(role: Role): void {
  const nicer = NICER[role];
  if (nicer === undefined) return;
  try {
    setPriority(Math.min(19, getPriority() + nicer));
  } catch {
    // Some sandboxes forbid it; everything works, only less evenly.
  }
}
