import type { Verdict } from '../core/verdict.ts';
import { amountText } from './amount-text.ts';
import { currentOutcome } from './verdict-group.ts';

/** `pass (1.2 s)`, or `unknown` alone when there is nothing to say it with. */
export function outcomeText(verdict: Verdict, nowMs: number): string {
  const outcome = currentOutcome(verdict, nowMs);
  return verdict.estimate === null ? outcome : `${outcome} (${amountText(verdict.estimate, verdict.unit)})`;
}
