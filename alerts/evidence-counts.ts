import { amountText } from './amount-text.ts';

interface Step {
  readonly requests?: unknown;
  readonly spans?: unknown;
  readonly unknownRatio?: unknown;
}

interface CountedStep {
  /** Null is unknown. */
  readonly requests: number | null;
  readonly spans: number;
  readonly unknownRatio: number;
}

/**
 * What a finding's series counts, in plain words: requests, and spans of which nobody knows how many requests they stand
 * for. Empty where a detector put no counts into `evidence.steps`; findings come back from the store as JSON, so no shape
 * is taken for granted.
 */
export function evidenceCounts(evidence: Readonly<Record<string, unknown>>): string[] {
  const listed: unknown = evidence['steps'];
  const steps = (Array.isArray(listed) ? listed : []).flatMap(countedStep);
  const [known, unknown] = [
    steps.filter(({ requests }) => requests !== null),
    steps.filter(({ requests }) => requests === null),
  ];
  return [
    ...(spansOf(known) === 0
      ? []
      : [
          `of ${requestsOf(known)} requests (adjusted count), seen through ${spansOf(known)} spans; ${unknownShare(known)}`,
        ]),
    ...(spansOf(unknown) === 0
      ? []
      : [
          `of ${spansOf(unknown)} spans as received, how many requests they stand for is unknown; ${unknownShare(unknown)}`,
        ]),
  ];
}

function countedStep(step: Step | null): CountedStep[] {
  const { requests, spans, unknownRatio } = step ?? {};
  if (typeof spans !== 'number' || typeof unknownRatio !== 'number') return [];
  return [{ requests: typeof requests === 'number' ? requests : null, spans, unknownRatio }];
}

function unknownShare(steps: readonly CountedStep[]): string {
  const unknown = steps.reduce((sum, step) => sum + step.unknownRatio * step.spans, 0);
  return `${amountText(unknown / spansOf(steps), 'ratio')} of the spans are of unknown weight`;
}

function spansOf(steps: readonly CountedStep[]): number {
  return steps.reduce((sum, step) => sum + step.spans, 0);
}

function requestsOf(steps: readonly CountedStep[]): number {
  return steps.reduce((sum, step) => sum + (step.requests ?? 0), 0);
}
