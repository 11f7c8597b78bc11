import { amountText } from './amount-text.ts';

interface Step {
  readonly requests?: unknown;
  readonly spans?: unknown;
  readonly unknownRatio?: unknown;
}

/** What a finding's series counts: requests, or spans of which nobody knows how many requests they stand for. */
export interface EvidenceCounts {
  readonly areKnown: boolean;
  readonly text: string;
}

/**
 * The counts a detector put into `evidence.steps`, in plain words; null when it put none. Findings come back from the
 * store as JSON, so no shape is taken for granted.
 */
export function evidenceCounts(evidence: Readonly<Record<string, unknown>>): EvidenceCounts | null {
  const listed: unknown = evidence['steps'];
  const steps = (Array.isArray(listed) ? listed : []).flatMap((step: Step | null) =>
    typeof step?.spans === 'number' ? [{ ...step, spans: step.spans }] : [],
  );
  const spans = steps.reduce((sum, step) => sum + step.spans, 0);
  if (spans === 0) return null;
  const unknown = steps.reduce((sum, step) => sum + numberOr0(step.unknownRatio) * step.spans, 0);
  const unknownShare = `${amountText(unknown / spans, 'ratio')} of the spans are of unknown weight`;
  if (steps.some(({ requests }) => requests === null)) {
    return {
      areKnown: false,
      text: `of ${spans} spans as received; how many requests they stand for is unknown, ${unknownShare}`,
    };
  }
  const requests = steps.reduce((sum, step) => sum + numberOr0(step.requests), 0);
  return {
    areKnown: true,
    text: `of ${requests} requests (adjusted count), seen through ${spans} spans; ${unknownShare}`,
  };
}

function numberOr0(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
