import type { Call } from './clock-pair-of.ts';

/** Calls over a network to a callee whose clock is ahead by `skewMs`. */
export function simulatedCalls(of: {
  count: number;
  skewMs: number;
  random: () => number;
  /** Children that go on after their caller gave up, by up to 2.5 s. */
  outlivingRatio?: number;
  /** Callees that answer at once and go on working. */
  asyncRatio?: number;
}): Call[] {
  const { random } = of;
  const exponential = (mean: number) => -mean * Math.log(1 - random());
  const delay = () => 0.2 + exponential(1.5) + (random() < 0.02 ? exponential(50) : 0);
  return Array.from({ length: of.count }, () => {
    const [there, back] = [delay(), delay()];
    const isOutliving = random() < (of.outlivingRatio ?? 0);
    const isAsync = random() < (of.asyncRatio ?? 0);
    const overMs = isOutliving ? random() * 2_500 : isAsync ? exponential(100) : 0;
    // An outliving child ends after its parent by so much, another `back` before it.
    const endMs = overMs > 0 ? overMs : -back;
    return { startDiffMs: of.skewMs + there, endDiffMs: of.skewMs + endMs };
  });
}
