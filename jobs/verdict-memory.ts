import { sourceKey } from '../core/source.ts';
import type { Verdict } from '../core/verdict.ts';

/** A verdict that stays the same is still written this often, each at its own time: it expires after three of these. */
const RENEW_MS = 5_000;
const FORGET_MS = 600_000;
/** An estimate that moved by less than this part of the warn limit is the same estimate: an age grows every tick. */
const MOVED_RATIO = 0.1;

/** The verdict last written of each source and dimension. */
export type VerdictMemory = Map<string, Verdict>;

/** Which verdicts say something new, or must be renewed. Does not remember them: see `rememberWritten`. */
export function verdictsToWrite(memory: VerdictMemory, verdicts: readonly Verdict[]): Verdict[] {
  return verdicts.filter((verdict) => {
    const key = keyOf(verdict);
    const last = memory.get(key);
    return last === undefined || isDue(key, last, verdict) || differs(last, verdict);
  });
}

/** Spread over the period by the key: thousands that began together would else be written together for ever. */
function isDue(key: string, last: Verdict, next: Verdict): boolean {
  const phase = phaseOf(key);
  const period = ({ evaluatedAtMs }: Verdict) => Math.floor((evaluatedAtMs + phase) / RENEW_MS);
  return period(next) !== period(last);
}

function phaseOf(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) >>> 0;
  return hash % RENEW_MS;
}

/** To be called once they are written, and not before: a write that failed must be tried again. */
export function rememberWritten(memory: VerdictMemory, written: readonly Verdict[], nowMs: number): void {
  for (const verdict of written) memory.set(keyOf(verdict), verdict);
  for (const [key, verdict] of memory) if (verdict.evaluatedAtMs < nowMs - FORGET_MS) memory.delete(key);
}

function keyOf(verdict: Verdict): string {
  return `${sourceKey(verdict.source)}\u001f${verdict.dimension}`;
}

function differs(last: Verdict, next: Verdict): boolean {
  if (last.outcome !== next.outcome || codes(last) !== codes(next)) return true;
  if (last.estimate === null || next.estimate === null) return last.estimate !== next.estimate;
  return Math.abs(next.estimate - last.estimate) > MOVED_RATIO * next.limits.warn;
}

function codes(verdict: Verdict): string {
  return verdict.reasons.map((reason) => reason.code).join();
}
