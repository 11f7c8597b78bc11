const MINUTE_MS = 60_000;

/**
 * A stretch that is read from tallies of minutes as far as whole minutes go, and from those of 5 s from there on.
 * @param range.splitMs where the shorter window within it begins
 */
export function minutesOf(range: { readonly fromMs: number; readonly splitMs: number }) {
  return {
    fromMs: Math.ceil(range.fromMs / MINUTE_MS) * MINUTE_MS,
    minutesUntilMs: Math.floor(range.splitMs / MINUTE_MS) * MINUTE_MS,
  };
}
