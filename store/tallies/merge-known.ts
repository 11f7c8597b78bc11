/** Two series minute by minute; where one is not known, the other alone. */
export function mergeKnown(
  one: Float64Array,
  other: Float64Array,
  merge: (a: number, b: number) => number,
): Float64Array {
  return one.map((a, minute) => {
    const b = other[minute] as number;
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) ? b : a;
    return merge(a, b);
  });
}
