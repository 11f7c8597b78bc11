/**
 * How seldom a statistic as large as this is seen where nothing happened: rank / (n + 1), ties against it. Exact where
 * the placebos are exchangeable with it under the null; windows that overlap resolve no finer than so many windows side
 * by side, whatever their number.
 * @param placebos the same statistic at other times, or of what was not touched; NaN is left out
 * @returns 1 of no placebo: nothing is shown then
 * @see Abadie, Diamond and Hainmueller 2010, doi:10.1198/jasa.2009.ap08746
 */
export function placeboRank(statistic: number, placebos: Iterable<number>): number {
  let n = 0;
  let atLeast = 0;
  for (const placebo of placebos) {
    if (Number.isNaN(placebo)) continue;
    n++;
    if (placebo >= statistic) atLeast++;
  }
  return (1 + atLeast) / (n + 1);
}
