/** A point of a finding's series; null is unknown. Some series count minutes from the start of what was looked at. */
export type SeriesPoint =
  | { readonly startMs: number; readonly value: number | null }
  | { readonly minute: number; readonly value: number | null };

interface Step {
  readonly start?: unknown;
  readonly at?: unknown;
  readonly minute?: unknown;
  readonly value?: unknown;
  readonly state?: unknown;
}

/**
 * The series a detector put into `evidence.series`, a list of `{at (RFC 3339 or ms) or minute, value}`, or into
 * `evidence.steps`, a list of `{start (RFC 3339), value, state}`; a step `too-few` is unknown. Empty when it put none.
 * Findings come back from the store as JSON, so no shape is taken for granted.
 */
export function evidenceSeries(evidence: Readonly<Record<string, unknown>>): SeriesPoint[] {
  const series = pointsOf(evidence['series']);
  return series.length > 0 ? series : pointsOf(evidence['steps']);
}

function pointsOf(steps: unknown): SeriesPoint[] {
  if (!Array.isArray(steps)) return [];
  const points = steps.flatMap((step: Step | null): SeriesPoint[] => {
    const value = knownValue(step);
    const startMs = timeOf(step?.at ?? step?.start);
    if (!Number.isNaN(startMs)) return [{ startMs, value }];
    return typeof step?.minute === 'number' && Number.isFinite(step.minute)
      ? [{ minute: step.minute, value }]
      : [];
  });
  // Two clocks in one picture would be none.
  const isDated = points.some((point) => 'startMs' in point);
  return points.filter((point) => 'startMs' in point === isDated);
}

function knownValue(step: Step | null): number | null {
  const value = step?.value;
  return step?.state !== 'too-few' && typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function timeOf(at: unknown): number {
  // Beyond this a time is no date, and telling it would throw.
  if (typeof at === 'number') return Math.abs(at) <= 8.64e15 ? at : Number.NaN;
  return typeof at === 'string' ? Date.parse(at) : Number.NaN;
}
