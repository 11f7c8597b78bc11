import type { Decision, DecisionRequest } from '../../core/decision.ts';

type Facts = Readonly<Record<string, unknown>>;

/**
 * How an action goes beyond the `limits` of its allow; null when it stays inside. An allow is bounded, and most
 * protocols have no word for that: where they can only say yes or no, beyond the limits is no.
 */
export function beyondLimits(
  { action }: Pick<DecisionRequest, 'action'>,
  { limits }: Pick<Decision, 'limits'>,
): string | null {
  const { maxTo = {}, minTo = {}, maxIncreaseRatio } = limits as { maxTo?: Facts; minTo?: Facts } & Facts;
  for (const [name, value] of Object.entries(action.to ?? {})) {
    if (typeof value !== 'number') continue;
    const most = numberOf(maxTo[name]) ?? grown(numberOf(action.from?.[name]), numberOf(maxIncreaseRatio));
    const least = numberOf(minTo[name]);
    if (most !== null && value > most) return `at most ${most} ${name} are allowed now, not ${value}`;
    if (least !== null && value < least) return `at least ${least} ${name} must stay, not ${value}`;
  }
  return null;
}

function grown(from: number | null, ratio: number | null): number | null {
  return from === null || ratio === null ? null : Math.max(from + 1, Math.ceil(from * (1 + ratio)));
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
