import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import { captureRecapture } from '../../../validators/graph/capture-recapture.ts';

describe('captureRecapture', () => {
  it('estimates how many there were, as Chapman does', () => {
    // Seber's textbook figures: 10 marked, 15 caught, 5 of them marked.
    expect(captureRecapture({ callers: 10, callees: 15, pairs: 5 })?.total.estimate).toBeCloseTo(28.33, 2);
    expect(captureRecapture({ callers: 100, callees: 100, pairs: 100 })).toMatchObject({
      callersLostRatio: 0,
      calleesLostRatio: 0,
      total: { estimate: 100, lower: 100, upper: 100 },
      meaning: 'independent part, lower bound',
    });
  });

  it('knows nothing without a pair, and refuses more pairs than spans', () => {
    expect(captureRecapture({ callers: 10, callees: 10, pairs: 0 })).toBeNull();
    expect(() => captureRecapture({ callers: 10, callees: 10, pairs: 11 })).toThrow(RangeError);
  });

  /** Calls of which each side loses some alone, and both lose some together. */
  function runs(of: { callersLost: number; calleesLost: number; together: number }) {
    const random = randomFrom(11);
    const all = 5_000;
    let [covered, estimates, callersLost] = [0, 0, 0];
    for (let run = 0; run < 300; run++) {
      let [callers, callees, pairs] = [0, 0, 0];
      for (let call = 0; call < all; call++) {
        if (random() < of.together) continue;
        const [a, b] = [random() >= of.callersLost, random() >= of.calleesLost];
        callers += a ? 1 : 0;
        callees += b ? 1 : 0;
        pairs += a && b ? 1 : 0;
      }
      const result = captureRecapture({ callers, callees, pairs });
      const { estimate, lower, upper } = result?.total ?? { estimate: 0, lower: 0, upper: 0 };
      if (lower <= all && all <= upper) covered++;
      estimates += estimate / 300;
      callersLost += (result?.callersLostRatio ?? 0) / 300;
    }
    return { covered: covered / 300, ratio: estimates / all, callersLost };
  }

  it('covers the number of calls where the sides lose independently', () => {
    const { covered, ratio, callersLost } = runs({ callersLost: 0.1, calleesLost: 0.05, together: 0 });
    expect(covered).toBeGreaterThanOrEqual(0.92);
    expect(covered).toBeLessThanOrEqual(0.98);
    expect(ratio).toBeCloseTo(1, 3);
    expect(callersLost).toBeCloseTo(0.1, 2);
  });

  it('does not see what both lost together, and each side stays right', () => {
    const { ratio, callersLost } = runs({ callersLost: 0.1, calleesLost: 0.05, together: 0.05 });
    expect(ratio).toBeCloseTo(0.95, 2);
    expect(callersLost).toBeCloseTo(0.1, 2);
  });
});
