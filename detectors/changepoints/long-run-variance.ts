/** Beyond it a series of a few hundred samples cannot tell a slow return from none. */
const PHI_MAX = 0.95;

/**
 * How much a series moves by itself over long spans: the variance of its residuals, times (1 + phi) / (1 - phi) of
 * their first autocorrelation (AR(1)). A mean over w samples has this, over w, as its variance; the variance alone
 * makes slow wandering look like one change after another.
 * @param of.fitted parameters the residuals have already paid for
 */
export function longRunVariance(residuals: readonly number[], of: { readonly fitted: number }): number {
  let products = 0;
  let squares = 0;
  for (let i = 0; i < residuals.length; i++) {
    const residual = residuals[i] as number;
    squares += residual * residual;
    products += residual * (residuals[i + 1] ?? 0);
  }
  if (squares === 0) return 0;
  const phi = Math.min(PHI_MAX, Math.max(0, products / squares));
  return ((squares / Math.max(1, residuals.length - of.fitted)) * (1 + phi)) / (1 - phi);
}
