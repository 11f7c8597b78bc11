import { leastSquaresResiduals } from './least-squares.ts';

export type ChangeName = 'step' | 'ramp' | 'kink' | 'variance';

interface Explanation {
  readonly name: ChangeName;
  readonly criterion: number;
}

/** Samples each side that are looked at: a change is named by what is near it. */
const REACH = 200;

/**
 * What kind of change is it? The explanation with the smallest Bayesian criterion over the samples between the
 * neighbouring changes, of innovations after an AR(1), so that slow noise explains nothing: a step between two levels,
 * a ramp from one level to another over a quarter or half of what follows, a kink in a line (or out of a level), or the variance
 * alone. Of several channels the one that gains most names it.
 */
export function nameChange(
  channels: readonly (readonly number[])[],
  at: { readonly from: number; readonly change: number; readonly to: number },
): ChangeName {
  const from = Math.max(at.from, at.change - REACH);
  const to = Math.min(at.to, at.change + REACH);
  const explanations = channels.flatMap((values) => explain(values.slice(from, to), at.change - from));
  return explanations.reduce((best, next) => (next.criterion < best.criterion ? next : best)).name;
}

function explain(values: readonly number[], change: number): Explanation[] {
  const after = values.length - change;
  const ones = values.map(() => 1);
  const line = values.map((_, i) => i / values.length);
  const step = values.map((_, i) => (i >= change ? 1 : 0));
  const hinge = values.map((_, i) => Math.max(0, i - change) / values.length);
  const ramp = (width: number) => values.map((_, i) => Math.min(1, Math.max(0, (i - change) / width)));
  const nothing = mean0(values);
  const of = (name: ChangeName, columns: readonly (readonly number[])[]): Explanation => ({
    name,
    criterion: criterionOf([innovations(leastSquaresResiduals(values, columns))], columns.length + 1),
  });
  const calm = innovations(nothing);
  return [
    of('step', [ones, step]),
    of('step', [ones, line, step]),
    ...[4, 2].map((part) => of('ramp', [ones, ramp(Math.max(2, after / part))])),
    of('kink', [ones, hinge]),
    of('kink', [ones, line, hinge]),
    { name: 'variance' as const, criterion: criterionOf([calm.slice(0, change), calm.slice(change)], 3) },
  ].map((explanation) => ({
    ...explanation,
    criterion: explanation.criterion - criterionOf([calm], 1),
  }));
}

function mean0(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

function innovations(residuals: readonly number[]): number[] {
  let products = 0;
  let squares = 0;
  for (let i = 1; i < residuals.length; i++) {
    products += (residuals[i] as number) * (residuals[i - 1] as number);
    squares += (residuals[i - 1] as number) ** 2;
  }
  const phi = squares === 0 ? 0 : Math.min(0.99, Math.max(0, products / squares));
  return residuals.map((residual, i) => (i === 0 ? residual : residual - phi * (residuals[i - 1] as number)));
}

/** -2 log likelihood of normal innovations with a variance per part, plus log n for each parameter. */
function criterionOf(parts: readonly (readonly number[])[], parameters: number): number {
  const n = parts.reduce((sum, part) => sum + part.length, 0);
  const fit = parts.reduce((sum, part) => {
    const square = part.reduce((total, value) => total + value * value, 0);
    return sum + part.length * Math.log(square / Math.max(1, part.length) + 1e-9);
  }, 0);
  return fit + parameters * Math.log(n);
}
