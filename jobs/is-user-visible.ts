import type { Finding } from '../core/finding.ts';

/** People wrote what callers are to get, and they do not get it: no budget is in the way of that. */
export function isUserVisible({ state, evidence }: Finding): boolean {
  if (state === 'closed') return false;
  const intent = evidence['intent'] as { target?: unknown } | undefined;
  const deviations = (evidence['deviations'] ?? []) as readonly { code?: unknown }[];
  return intent?.target !== undefined || deviations.some(({ code }) => code === 'objective-missed');
}
