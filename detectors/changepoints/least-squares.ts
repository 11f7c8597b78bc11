/** What is left of `values` after the columns (few, each of the same length) by least squares: Gram-Schmidt. */
export function leastSquaresResiduals(
  values: readonly number[],
  columns: readonly (readonly number[])[],
): number[] {
  const basis: number[][] = [];
  for (const column of columns) {
    const rest = without(column, basis);
    const length = Math.sqrt(dot(rest, rest));
    // A column the others already span adds nothing.
    if (length > 1e-9) basis.push(rest.map((value) => value / length));
  }
  return without(values, basis);
}

function without(values: readonly number[], basis: readonly (readonly number[])[]): number[] {
  return basis.reduce<number[]>(
    (rest, unit) => {
      const share = dot(rest, unit);
      return rest.map((value, i) => value - share * (unit[i] as number));
    },
    [...values],
  );
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}
