/**
 * Why a value that was read from JSON cannot be written as JSON again; null: it can. What recurses over it (hashing,
 * JSON.stringify) runs out of stack where somebody nests it by the thousand, and JSON reads 1e999 as Infinity.
 */
export function jsonFault(value: unknown, depthMax: number): string | null {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= depthMax; depth++) {
    if (level.some((item) => typeof item === 'number' && !Number.isFinite(item)))
      return 'holds a number that is too large to be one';
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
    if (level.length === 0) return null;
  }
  return `nested deeper than ${depthMax} levels`;
}
