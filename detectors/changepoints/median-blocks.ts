import { median } from 'simple-statistics';

/** A long series as medians of equal blocks, so that at most `countMax` are left; the last block may be shorter. */
export function medianBlocks(
  values: readonly number[],
  countMax: number,
): { readonly values: readonly number[]; readonly blockLength: number } {
  const blockLength = Math.max(1, Math.ceil(values.length / countMax));
  if (blockLength === 1) return { values, blockLength };
  const count = Math.ceil(values.length / blockLength);
  const medians = Array.from({ length: count }, (_, k) =>
    median(values.slice(k * blockLength, (k + 1) * blockLength)),
  );
  return { values: medians, blockLength };
}
