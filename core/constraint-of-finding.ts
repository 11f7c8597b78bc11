import type { Finding } from './finding.ts';

/** `set/id` of the constraint that a finding is held against; null where people wrote none. */
export function constraintOfFinding({ evidence, effect }: Finding): string | null {
  const intent = evidence['intent'] as { constraint?: unknown } | undefined;
  if (typeof intent?.constraint === 'string') return intent.constraint;
  // Objectives of requests bear it in the name of what is measured.
  return /\(([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+)\)$/.exec(effect.metric)?.[1] ?? null;
}
