/** One stretch of time in which a rule was broken. */
export interface Stretch {
  readonly onsetMinute: number;
  readonly detectedMinute: number;
  readonly closedMinute: number | null;
  /** Step at which it was detected. */
  readonly index: number;
}

/**
 * Stretches of steps that break a rule: detected once `lasting` known steps in a row did, over when `quiet` known steps in a row did not. A
 * step that says nothing (null) neither breaks nor mends.
 * @param isBroken by step, in order
 */
export function stretchesOf(
  isBroken: (index: number) => boolean | null,
  of: {
    readonly fromIndex: number;
    readonly untilIndex: number;
    readonly stepMinutes: number;
    readonly lasting: number;
    readonly quiet: number;
  },
): Stretch[] {
  const stretches: Stretch[] = [];
  let broken = 0;
  let whole = 0;
  let onset = 0;
  let open: Omit<Stretch, 'closedMinute'> | null = null;
  const endOf = (index: number) => (index + 1) * of.stepMinutes - 1;
  for (let index = of.fromIndex; index < of.untilIndex; index++) {
    const state = isBroken(index);
    if (state === null) continue;
    if (state) {
      if (broken === 0) onset = index * of.stepMinutes;
      broken++;
      whole = 0;
      if (open === null && broken >= of.lasting) {
        open = { onsetMinute: onset, detectedMinute: endOf(index), index };
      }
    } else {
      broken = 0;
      whole++;
      if (open !== null && whole >= of.quiet) {
        stretches.push({ ...open, closedMinute: endOf(index) });
        open = null;
      }
    }
  }
  if (open !== null) stretches.push({ ...open, closedMinute: null });
  return stretches;
}

/** When a stretch was detected by a stricter rule, too; null: not while it lasted. */
export function confirmedIn(stretch: Stretch, stricter: readonly Stretch[]): number | null {
  const until = stretch.closedMinute ?? Number.POSITIVE_INFINITY;
  return (
    stricter.find(({ detectedMinute }) => detectedMinute >= stretch.detectedMinute && detectedMinute < until)
      ?.detectedMinute ?? null
  );
}
