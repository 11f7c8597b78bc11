/** A point of a finding's series; null is unknown. */
export interface SeriesPoint {
  readonly startMs: number;
  readonly value: number | null;
}

interface Step {
  readonly start?: unknown;
  readonly value?: unknown;
  readonly state?: unknown;
}

/**
 * The series a detector put into `evidence.steps`, a list of `{start (RFC 3339), value, state}`; a step `too-few`
 * is unknown. Empty when it put none. Findings come back from the store as JSON, so no shape is taken for granted.
 */
export function evidenceSeries(evidence: Readonly<Record<string, unknown>>): SeriesPoint[] {
  const steps: unknown = evidence['steps'];
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((step: Step | null) => {
    const startMs = typeof step?.start === 'string' ? Date.parse(step.start) : Number.NaN;
    if (Number.isNaN(startMs)) return [];
    const isKnown =
      step?.state !== 'too-few' && typeof step?.value === 'number' && Number.isFinite(step.value);
    return [{ startMs, value: isKnown ? (step.value as number) : null }];
  });
}
