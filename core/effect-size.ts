/** How far from normal, 0 = not at all: half and double are equally far. null where the ratio is not known. */
export function effectSize({ effect: { ratio } }: { effect: { ratio: number } }): number | null {
  if (Number.isNaN(ratio)) return null;
  return ratio >= 1 ? ratio - 1 : 1 / ratio - 1;
}

/** At least twice as far as before; what is not known, or was without bounds before, has not doubled. */
export function isDoubled(before: number | null, now: number | null): boolean {
  if (before === null || now === null || !Number.isFinite(before) || before <= 0) return false;
  return now >= 2 * before;
}
