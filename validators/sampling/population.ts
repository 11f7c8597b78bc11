import type { PopulationWindow, SamplingWindow } from '../../core/sampling/sampling-window.ts';

/** What an independent counter says of one source, windows of one counter alone. */
export interface Population {
  readonly requests: number;
  readonly errors: number | null;
  /** Not cumulative, as in the windows. */
  readonly byDuration: readonly number[] | null;
  readonly sdkSampled: number | null;
}

/** Null where there is no window. What one window does not tell is not known of all. */
export function sumPopulation(windows: readonly PopulationWindow[]): Population | null {
  if (windows.length === 0) return null;
  return {
    requests: windows.reduce((sum, { requests }) => sum + requests, 0),
    errors: total(windows.map(({ errors }) => errors)),
    byDuration: windows.reduce<number[] | null>(
      (sum, { byDuration }) =>
        sum === null || byDuration === null ? null : byDuration.map((count, bin) => count + (sum[bin] ?? 0)),
      [],
    ),
    sdkSampled: total(windows.map(({ sdkSampled }) => sdkSampled)),
  };
}

/** Windows of spans that the counter has too; of others nobody knows the population. */
export function windowsCounted(
  windows: readonly SamplingWindow[],
  populations: readonly PopulationWindow[],
): SamplingWindow[] {
  const counted = new Set(populations.map(({ startMs }) => startMs));
  return windows.filter(({ startMs }) => counted.has(startMs));
}

function total(values: readonly (number | null)[]): number | null {
  return values.reduce((sum, value) => (sum === null || value === null ? null : sum + value), 0);
}
