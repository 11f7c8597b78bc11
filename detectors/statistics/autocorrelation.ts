/**
 * By how much the variance of a mean grows because neighbours resemble each other: (1 + r) / (1 - r) with r the
 * lag-1 autocorrelation, kept within [0, 0.9]. Steps of a few seconds are not independent draws; intervals that take
 * them as such come out too narrow.
 * @param residuals in time order, mean 0
 * @see Zwiers and von Storch 1995, doi:10.1175/1520-0442(1995)008<0336:TSCIAI>2.0.CO;2
 */
export function varianceInflation(residuals: readonly number[]): number {
  const squares = residuals.reduce((sum, value) => sum + value * value, 0);
  if (squares === 0) return 1;
  const products = residuals.reduce((sum, value, i) => sum + value * (residuals[i - 1] ?? 0), 0);
  const r = Math.min(0.9, Math.max(0, products / squares));
  return (1 + r) / (1 - r);
}
