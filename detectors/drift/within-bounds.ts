/** Inside what people wrote, to the last printed digit. */
export function isWithinBounds(
  value: number,
  { min, max }: { readonly min: number | null; readonly max: number | null },
): boolean {
  const slack = 1e-6 * Math.abs(value);
  return (min === null || value >= min - slack) && (max === null || value <= max + slack);
}
