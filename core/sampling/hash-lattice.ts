/** Bits of R that the Collector's `hash_seed` decides by; the rest is filled up from what is left of a 32-bit hash. */
const LATTICE = 2 ** 14;
/** T with nothing below its top 14 bits, of 14 hex digits. */
const ALIGNED = /^[0-9a-f]{3}[048c]0{10}$/;
const HEAD_DIGITS = 4;

/** Cells of the lattice that a threshold keeps, and the cell of one R among them. */
export interface LatticeCell {
  readonly cell: number;
  readonly cells: number;
}

/**
 * The cell of an explicit R that bears the print of the Collector's `hash_seed` mode: its lowest 14 bits are the
 * complement of the highest. By chance one R in 16,384 does. Null of any other R, and under a threshold that the mode
 * does not make. Only the 14 bits are random then: a fine U would be judged by what nobody promised.
 * @param randomness R, and `threshold` T, in 14 hex digits, R >= T
 */
export function latticeCell({
  randomness,
  threshold,
}: {
  readonly randomness: string;
  readonly threshold: string;
}): LatticeCell | null {
  if (!ALIGNED.test(threshold)) return null;
  const top = topOf(randomness);
  const low = Number.parseInt(randomness.slice(-HEAD_DIGITS), 16) % LATTICE;
  if (top + low !== LATTICE - 1) return null;
  const first = topOf(threshold);
  return { cell: top - first, cells: LATTICE - first };
}

/** How many cells of the lattice a threshold keeps; it must be one that lies on the lattice. */
export function latticeCells(threshold: string): number {
  return LATTICE - topOf(threshold);
}

function topOf(hex: string): number {
  return Math.floor(Number.parseInt(hex.slice(0, HEAD_DIGITS), 16) / 4);
}
