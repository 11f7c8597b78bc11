/** 1 in each minute in which the breaker went from closed to mostly open. */
export function openingsOf(open: Float64Array): Float64Array {
  return open.map((now, i) =>
    Number.isNaN(now) ? now : now >= 0.5 && i > 0 && (open[i - 1] as number) < 0.5 ? 1 : 0,
  );
}
