/** A setting that is held this long and then differs was set by somebody; what never rests is a measurement. */
const REST_MINUTES = 30;
/** Printed digits and shares that do not add up to 1 are no step. */
const SAME_RATIO = 0.005;

/** A setting was changed. */
export interface GaugeStep {
  /** First minute with the new value. */
  readonly minute: number;
  /** Last minute with the old one: the change lies between. */
  readonly heldUntilMinute: number;
  readonly before: number;
  readonly after: number;
  /** First known minute after it at which the old value was back; null: it lasted as long as is known. */
  readonly revertedMinute: number | null;
  /** Second minute known with the value no longer the old one; null: seen once so far. */
  readonly seenTwiceMinute: number | null;
}

/**
 * Steps of a setting from rest: held for half an hour, then different. Gaps do not end a rest; zero is *not set*, and
 * counts as unknown. What moves before it came to rest again is part of the step before.
 */
export function gaugeSteps(values: Float64Array): GaugeStep[] {
  const steps: GaugeStep[] = [];
  let held = Number.NaN;
  let heldMinutes = 0;
  let lastMinute = -1;
  for (let minute = 0; minute < values.length; minute++) {
    const value = values[minute] as number;
    if (!(value > 0)) continue;
    if (isSame(value, held)) {
      heldMinutes++;
    } else {
      if (heldMinutes >= REST_MINUTES)
        steps.push(stepAt(values, { minute, before: held, heldUntilMinute: lastMinute }));
      held = value;
      heldMinutes = 1;
    }
    lastMinute = minute;
  }
  return steps;
}

export function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME_RATIO * Math.abs(b);
}

function stepAt(
  values: Float64Array,
  { minute, before, heldUntilMinute }: Pick<GaugeStep, 'minute' | 'before' | 'heldUntilMinute'>,
): GaugeStep {
  const nextMinute = (from: number, wants: (value: number) => boolean) => {
    for (let at = from; at < values.length; at++) {
      const value = values[at] as number;
      if (value > 0 && wants(value)) return at;
    }
    return null;
  };
  return {
    minute,
    heldUntilMinute,
    before,
    after: values[minute] as number,
    revertedMinute: nextMinute(minute + 1, (value) => isSame(value, before)),
    seenTwiceMinute: nextMinute(minute + 1, (value) => !isSame(value, before)),
  };
}
