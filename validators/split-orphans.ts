/** One callee's orphans and what was found of its callers; `expected` is what the caller's usual share would be. */
export interface OrphanCell {
  readonly callee: string;
  readonly orphans: number;
  readonly callers: readonly { readonly caller: string; readonly found: number; readonly expected: number }[];
}

/** A caller of which nothing was found still counts with this part of what is usual, else it could not be blamed. */
const FLOOR_RATIO = 0.01;
const ROUNDS_MAX = 200;

/**
 * Who lost the parents of these orphans? Each caller is taken to lose the same share of its spans whichever callee
 * it called, so orphans(callee) = sum over callers of found x odds(caller), and the odds follow by expectation
 * maximisation for Poisson counts. Its first round is the plain split of each callee's orphans by the callers'
 * shares; alone that gives every caller of a callee the same loss, whoever lost. The later rounds use that a caller
 * whose other callees have no orphans is not the one. Where callees are shared in the same way by the same
 * callers, nothing can tell these apart and the plain split stands.
 * @returns orphans put down to a caller, by callee and caller; a callee without callers is not in it
 * @see Lange and Carson 1984, J. Comput. Assist. Tomogr. 8, 306-316; quality.md 3.7
 */
export function splitOrphans(cells: readonly OrphanCell[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const known = cells.filter((cell) => cell.callers.length > 0);
  let odds = new Map<string, number>();
  let split = splitBy(known, odds);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const next = oddsOf(known, split);
    const moved = Math.max(
      0,
      ...[...next].map(([caller, value]) => Math.abs(value - (odds.get(caller) ?? 1))),
    );
    odds = next;
    split = splitBy(known, odds);
    if (moved < 1e-6) break;
  }
  return split;
}

function splitBy(cells: readonly OrphanCell[], odds: ReadonlyMap<string, number>) {
  const split = new Map<string, Map<string, number>>();
  for (const cell of cells) {
    const weights = cell.callers.map((one) => weightOf(one) * (odds.get(one.caller) ?? 1));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const share = (i: number) => (total > 0 ? (weights[i] as number) / total : 1 / weights.length);
    split.set(cell.callee, new Map(cell.callers.map(({ caller }, i) => [caller, cell.orphans * share(i)])));
  }
  return split;
}

function oddsOf(cells: readonly OrphanCell[], split: ReadonlyMap<string, ReadonlyMap<string, number>>) {
  const sums = new Map<string, { lost: number; found: number }>();
  for (const cell of cells) {
    for (const one of cell.callers) {
      const sum = sums.get(one.caller) ?? { lost: 0, found: 0 };
      sum.lost += split.get(cell.callee)?.get(one.caller) ?? 0;
      sum.found += weightOf(one);
      sums.set(one.caller, sum);
    }
  }
  return new Map([...sums].map(([caller, { lost, found }]) => [caller, found > 0 ? lost / found : 0]));
}

function weightOf({ found, expected }: { readonly found: number; readonly expected: number }): number {
  return Math.max(found, FLOOR_RATIO * expected);
}
