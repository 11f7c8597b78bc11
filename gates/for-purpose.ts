import type { SamplingPurpose } from '../core/sampling/sampling-purpose.ts';
import type { Outcome, Reason } from '../core/verdict.ts';
import type { TrustReading } from './trust.ts';

/** Insufficient and unverifiable are both unknown; their codes say which. */
const STATE: Readonly<Record<string, Outcome>> = { pass: 'pass', fail: 'fail' };

/**
 * A reading of sampling, asked for one purpose: what was shown of it decides, not the marks alone. Unknown where
 * nothing was settled, and what has expired stays so.
 */
export function forPurpose(reading: TrustReading, purpose: SamplingPurpose, nowMs: number): TrustReading {
  const { verdict, validUntilMs } = reading;
  if (verdict === null || validUntilMs === null || validUntilMs < nowMs) return reading;
  const judged = (verdict.evidence['purposes'] as Purposes | undefined)?.[purpose];
  if (judged === undefined) {
    const text = `Whether the sampling is right for ${purpose} is judged by whole minutes, once their spans had time to arrive: two to three minutes after the first; and what was judged is forgotten after five.`;
    return { ...reading, state: 'unknown', reasons: [{ code: 'SAMPLING_NOT_SETTLED', text }] };
  }
  return { ...reading, state: STATE[judged.outcome] ?? 'unknown', reasons: judged.reasons };
}

type Purposes = Partial<
  Record<SamplingPurpose, { readonly outcome: string; readonly reasons: readonly Reason[] }>
>;
