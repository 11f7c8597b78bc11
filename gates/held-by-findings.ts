import type { Finding } from '../core/finding.ts';
import { rfc3339 } from '../core/time.ts';
import type { Question } from './question.ts';
import { NO_OBJECTION, type Vote } from './vote.ts';

/** Service names a finding is about: `checkout`, `shop/checkout`, or both ends of `cart->checkout`. */
function servicesOf(subject: string): string[] {
  return subject
    .split('->')
    .map((part) => (part.trim().split(/[ #]/)[0] as string).split('/').at(-1) as string);
}

/** Taking capacity away, or trading safety for cost, while the service is known to be in a bad state. */
function isAtRisk({ kind, stages }: Question): boolean {
  return stages.includes('optimisation') || ['scale.down', 'scale.in', 'scale.to_zero'].includes(kind);
}

/** Confirmed and not closed. Where its data went away it stays open: missing data never resolves anything. */
function isOpen({ state, closedAtMs, evidence }: Finding): boolean {
  const wasConfirmed = state === 'cannot-say' && typeof evidence['confirmedAt'] === 'string';
  return closedAtMs === null && (state === 'confirmed' || wasConfirmed);
}

/** A confirmed stabilised-bad-state finding about the target holds scale-down and optimisation until it closes. */
export function heldByFindings(question: Question, findings: readonly Finding[]): Vote {
  const { target } = question;
  if (target === null || !isAtRisk(question)) return NO_OBJECTION;
  const open = findings.filter(
    (finding) =>
      finding.kind === 'stabilised-bad-state' &&
      isOpen(finding) &&
      servicesOf(finding.subject).includes(target.serviceName),
  );
  if (open.length === 0) return NO_OBJECTION;
  return {
    outcome: 'hold',
    reasons: open.map(({ id, subject, effect, onsetAtMs, reasons }) => ({
      code: 'FINDING_OPEN',
      text: `${subject} has settled in a bad state (${effect.metric}). ${reasons.map(({ text }) => text).join(' ')}`.trim(),
      constraint: 'built-in',
      severity: 'blocking' as const,
      since: rfc3339(onsetAtMs),
      evidence: `/api/v1/findings/${encodeURIComponent(id)}`,
    })),
    wouldAllowIf: open.map(({ id, subject }) => `finding ${id} about ${subject} is closed`),
    retryAfterS: 30,
  };
}
