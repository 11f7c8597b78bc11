/**
 * Where a change may have begun: the index of the first of the last 1, 2, 4, … of `count` windows, and of all. A fault
 * that began inside is at least half of one of them, and the looks are few enough to be corrected for.
 */
export function suffixStarts(count: number): number[] {
  const starts: number[] = [];
  for (let length = 1; length < count; length *= 2) starts.push(count - length);
  return count === 0 ? [] : [...starts, 0];
}
