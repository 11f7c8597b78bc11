/**
 * How many simulated runs a test looks at. In the suite a few, of fixed seeds and with the same bound: an estimator
 * that is broken misses it with few runs as well. Whether 95 % are 94 % is told by many: calibrations.long.ts has
 * them all, and `npm run eval -- calibration` more.
 */
export function runCount(of: { readonly suite: number; readonly long: number }): number {
  return process.env['PLUMBLINE_TEST_LONG'] ? of.long : of.suite;
}
