/** A map of bins as two lists: JSON would make the keys text. */
export interface BinRows {
  readonly Bins: readonly number[];
  readonly Counts: readonly string[];
}

export function binsOf({ Bins, Counts }: BinRows): ReadonlyMap<number, number> {
  return new Map(Bins.map((bin, i) => [bin, Number(Counts[i])]));
}
