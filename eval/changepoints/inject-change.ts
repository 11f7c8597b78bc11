export const INJECTIONS = ['no change', 'step', 'calmer step', 'slow ramp', 'steep ramp'] as const;
export type Injection = (typeof INJECTIONS)[number];

/** Samples from the change until a ramp has reached its height: 20 hours of five minutes. */
const RAMP_SAMPLES = 240;

/**
 * Adds a known change from sample `from` on, in standard deviations of what was before: a step of 3, the same with
 * half the noise, a ramp to 3 or 6 in 240 samples that stays there.
 */
export function injectChange(
  values: readonly (number | null)[],
  of: { readonly injection: Injection; readonly from: number },
): (number | null)[] {
  const before = values.slice(0, of.from).filter((value) => value !== null);
  const mean = before.reduce((sum, value) => sum + value, 0) / before.length;
  const deviation = Math.sqrt(before.reduce((sum, value) => sum + (value - mean) ** 2, 0) / before.length);
  const ramp = (i: number) => Math.min(1, (i + 1 - of.from) / RAMP_SAMPLES);
  const changed: Readonly<Record<Injection, (value: number, i: number) => number>> = {
    'no change': (value) => value,
    step: (value) => value + 3 * deviation,
    'calmer step': (value) => mean + (value - mean) / 2 + 3 * deviation,
    'slow ramp': (value, i) => value + 3 * deviation * ramp(i),
    'steep ramp': (value, i) => value + 6 * deviation * ramp(i),
  };
  return values.map((value, i) => (value === null || i < of.from ? value : changed[of.injection](value, i)));
}
