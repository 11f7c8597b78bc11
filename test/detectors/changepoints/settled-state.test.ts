import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import {
  type SettledRecord,
  type SettledStep,
  settledState,
} from '../../../detectors/changepoints/settled-state.ts';
import { simulatedNoise } from './simulated-noise.ts';

const STEP_MS = 300_000;
const SIX_HOURS = 72;

/** Within for six hours, then away from the reference by `level`, deviating, for as long as asked. */
function stepsOf(of: {
  count: number;
  level: (i: number) => number;
  noise?: number;
  change?: Partial<SettledStep>;
}): SettledStep[] {
  const noise = simulatedNoise({ length: SIX_HOURS + of.count, phi: 0.2, random: randomFrom(11) });
  return noise.map((y, i) => ({
    atMs: i * STEP_MS,
    score: (of.noise ?? 0.5) * y + (i >= SIX_HOURS ? of.level(i - SIX_HOURS) : 0),
    deviates: i >= SIX_HOURS,
    triggered: false,
    ...(i >= SIX_HOURS ? of.change : {}),
  }));
}

/** The record as of the first step at which there is one, asked at every step as a job would. */
function openingOf(steps: readonly SettledStep[]): { index: number; record: SettledRecord } | null {
  for (let index = SIX_HOURS; index < steps.length; index++) {
    const record = settledState(steps.slice(0, index + 1), { previous: null });
    if (record !== null) return { index, record };
  }
  return null;
}

describe('settledState', () => {
  it.each([
    ['at rest', 0.5],
    ['calmer than normal', 0.02],
  ])('opens after six hours of a bad state %s', (_name, noise) => {
    const opening = openingOf(stepsOf({ count: 2 * SIX_HOURS, level: () => 6, noise }));
    expect(opening?.index).toBeGreaterThanOrEqual(2 * SIX_HOURS - 1);
    expect(opening?.index).toBeLessThan(2 * SIX_HOURS + 24);
    expect(opening?.record.sinceMs).toBe(SIX_HOURS * STEP_MS);
    expect(opening?.record.divergence).toBeGreaterThan(4.5);
  });

  it.each([
    ['it is not six hours old', { count: SIX_HOURS - 1, level: () => 6 }],
    ['the trigger is still there', { count: 100, level: () => 6, change: { triggered: true } }],
    ['the contract does not deviate', { count: 100, level: () => 6, change: { deviates: false } }],
    ['it still grows', { count: 100, level: (i: number) => 4 + i * 0.05 }],
    ['it swings', { count: 100, level: () => 6, noise: 3 }],
    ['it is near what was accepted', { count: 100, level: () => 2 }],
    ['samples are missing', { count: 100, level: () => 6, change: { score: null } }],
  ])('does not open while %s', (_name, of) => {
    expect(openingOf(stepsOf(of))).toBeNull();
  });

  it('stays open whatever time brings', () => {
    const previous = { sinceMs: 1, divergence: 5 };
    expect(settledState(stepsOf({ count: 1, level: () => 0 }), { previous })).toBe(previous);
  });
});
