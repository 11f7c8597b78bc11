import { describe, expect, it } from 'vitest';
import { judgeWindows, type WindowEstimate } from '../../validators/judge-windows.ts';

const limits = { warn: 0.01, fail: 0.05 };

function window(lower: number | null, upper = 0, mayPass = true, estimate = lower ?? 0): WindowEstimate {
  const interval = lower === null ? null : { estimate, lower, upper };
  return { interval, n: 100, startMs: 0, endMs: 1, mayPass };
}

describe('judgeWindows', () => {
  it.each([
    ['the fast window fails alone', window(0.06, 0.2), window(0, 0.001), 'fail', 'fast'],
    ['the fast window passes alone', window(0, 0.01), window(0.2, 0.3), 'pass', 'fast'],
    ['the slow window passes what the fast one cannot', window(0, 0.2), window(0, 0.009), 'pass', 'slow'],
    ['the slow window passes where the fast one is empty', window(null), window(0, 0.009), 'pass', 'slow'],
    ['the slow window never fails', window(0, 0.2), window(0.5, 0.6), 'unknown', 'fast'],
    ['nor alone', window(null), window(0.5, 0.6), 'unknown', 'slow'],
    ['a fast window above warn withholds the pass', window(0.02, 0.2), window(0, 0.009), 'unknown', 'fast'],
    ['an estimate above warn is enough', window(0, 0.2, true, 0.02), window(0, 0.009), 'unknown', 'fast'],
    ['exactly at warn it does not', window(0.01, 0.2), window(0, 0.009), 'pass', 'slow'],
    ['a pass may be forbidden', window(0, 0.001, false), window(0, 0.001, false), 'unknown', 'fast'],
    ['a fail may not', window(0.06, 0.2, false), window(0, 0.2), 'fail', 'fast'],
    ['no upper bound is no pass', window(0, Number.POSITIVE_INFINITY), window(null), 'unknown', 'fast'],
    ['no upper bound may be a fail', window(0.06, Number.POSITIVE_INFINITY), window(null), 'fail', 'fast'],
    ['nothing at all is unknown', window(null), window(null), 'unknown', 'slow'],
  ] as const)('%s', (_name, fast, slow, outcome, decisive) => {
    const judged = judgeWindows({ fast, slow }, limits);
    expect(judged.outcome).toBe(outcome);
    expect(judged.decisive).toBe(decisive === 'fast' ? fast : slow);
  });
});
