import { describe, expect, it } from 'vitest';
import type { IntentTarget, StabilisedBadRule } from '../../core/expectation.ts';
import { randomFrom } from '../../core/random-from.ts';
import { detectStabilisedBadState } from '../../detectors/stabilised-bad-state.ts';
import { START_MS, STEP_MS, simulateSeries } from './simulated-series.ts';

const rule: StabilisedBadRule = { outsideIntentForMs: 60_000, changeRatioPerHour: 0.2 };
const okRatio: IntentTarget = {
  constraint: 'shop/ok',
  serviceName: 's',
  metric: 'ok_ratio',
  comparator: '>=',
  target: 0.99,
  why: '',
};
const p95: IntentTarget = { ...okRatio, metric: 'p95_ms', comparator: '<=', target: 250 };

/** Load that wanders: each step's requests remember the last one's, from a few to thousands. */
function wanderingLoad(random: () => number): () => number {
  let level = 5;
  return () => {
    level = Math.min(8, Math.max(2, level + random() - 0.5));
    return Math.round(Math.exp(level));
  };
}

function findingsOf(
  intent: IntentTarget,
  of: { seed: number; errorRatio: number; slowRatio: number },
): number {
  const random = randomFrom(of.seed);
  const phase = {
    steps: 60,
    requests: wanderingLoad(random),
    errorRatio: of.errorRatio,
    slowRatio: of.slowRatio,
    durationMs: 100,
  };
  const series = simulateSeries([phase], random);
  let found = 0;
  for (let step = 6; step <= 60; step += 6) {
    const nowMs = START_MS + step * STEP_MS + 10_000;
    const known = series.slice(0, step);
    if (detectStabilisedBadState({ series: known, intent, rule, nowMs, previous: null }) !== null) found++;
  }
  return found;
}

describe('false alarms of detectStabilisedBadState, the shortest rule there is (six steps)', () => {
  it.each([
    ['errors exactly at the target', okRatio, { errorRatio: 0.01, slowRatio: 0 }],
    ['slow requests exactly at the target', p95, { errorRatio: 0, slowRatio: 0.05 }],
  ] as const)('none in 4,000 looks: %s', (_name, intent, health) => {
    let found = 0;
    for (let seed = 1; seed <= 400; seed++) found += findingsOf(intent, { seed, ...health });
    // Stated: 6e-10 each. What 4,000 looks can show: less than one in a thousand, at 95 %.
    expect(found).toBe(0);
  });

  it('does find what is clearly worse than the target', () => {
    let found = 0;
    for (let seed = 1; seed <= 20; seed++)
      found += findingsOf(okRatio, { seed, errorRatio: 0.3, slowRatio: 0 });
    expect(found).toBeGreaterThan(180);
  });
});
