import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import { ContractChannel, type ContractState } from '../../../detectors/changepoints/contract-channel.ts';
import {
  type ContractReference,
  contractReference,
  type TimedValue,
} from '../../../detectors/changepoints/contract-reference.ts';
import { runCount } from '../../run-count.ts';
import { simulatedNoise } from './simulated-noise.ts';

const STEP_MS = 300_000;
const DAY = 288;

function samplesOf(values: readonly (number | null)[]): TimedValue[] {
  return values.map((value, i) => ({ atMs: i * STEP_MS, value }));
}

function noise(days: number, of: { seed: number; phi?: number }): number[] {
  const random = randomFrom(of.seed);
  return simulatedNoise({ length: days * DAY, phi: of.phi ?? 0.5, random }).map((y) => 100 + 10 * y);
}

function watch(samples: readonly TimedValue[], referenceDays: number): ContractState[] {
  const until = referenceDays * DAY;
  const reference = contractReference(samples.slice(0, until), { stepMs: STEP_MS }) as ContractReference;
  const channel = new ContractChannel(reference);
  return samples.map((sample) => channel.push(sample)).slice(until);
}

describe('ContractChannel', () => {
  it('notices a step of 3 sigma within two hours, and has not learned it three days later', () => {
    const states = watch(samplesOf(noise(7, { seed: 1 }).map((y, i) => y + (i >= 4 * DAY ? 30 : 0))), 4);
    const since = states.find(({ state }) => state === 'deviates')?.sinceMs ?? Number.NaN;
    expect((since - 4 * DAY * STEP_MS) / 3_600_000).toBeLessThan(2);
    expect(states.at(-1)).toMatchObject({ state: 'deviates', sinceMs: since });
    expect(states.at(-1)?.mean).toBeGreaterThan(2);
  });

  it('is not calmed by less noise', () => {
    const values = noise(6, { seed: 2 }).map((y, i) => (i >= 4 * DAY ? 100 + (y - 100) / 2 + 30 : y));
    expect(watch(samplesOf(values), 4).at(-1)?.state).toBe('deviates');
  });

  it('returns when the series does', () => {
    const values = noise(7, { seed: 3 }).map((y, i) => y + (i >= 4 * DAY && i < 5 * DAY ? 30 : 0));
    const states = watch(samplesOf(values), 4);
    expect(states[DAY - 1]?.state).toBe('deviates');
    expect(states.at(-1)).toMatchObject({ state: 'within', sinceMs: null });
  });

  it('knows the hours of the day: their own level is no deviation, and at night it is one', () => {
    const daily = (i: number) => (i % DAY < DAY / 2 ? 0 : 60);
    const same = noise(6, { seed: 4 }).map((y, i) => y + daily(i));
    expect(watch(samplesOf(same), 4).some(({ state }) => state === 'deviates')).toBe(false);
    const night = same.map((y, i) => (i >= 5 * DAY ? y + 60 - daily(i) : y));
    expect(watch(samplesOf(night), 4)[DAY + DAY / 4]?.state).toBe('deviates');
  });

  it('records a slow drift before the level leaves', () => {
    const values = noise(12, { seed: 5 }).map((y, i) => y + Math.max(0, i - 6 * DAY) * (20 / (4 * DAY)));
    const states = watch(samplesOf(values), 6);
    const drift = states.findIndex((state) => state.drift !== null);
    const level = states.findIndex(({ state }) => state === 'deviates');
    expect(drift).toBeGreaterThan(-1);
    expect(drift).toBeLessThan(level);
    expect(states[drift]?.drift?.slope).toBeGreaterThan(0);
  });

  it('takes a deviation inside the tolerance for no evidence, however long it lasts', () => {
    const values = noise(14, { seed: 6, phi: 0 }).map((y, i) => y + (i >= 4 * DAY ? 4 : 0));
    expect(watch(samplesOf(values), 4).every(({ state }) => state === 'within')).toBe(true);
  });

  it('says nothing while samples are missing, and goes on after them', () => {
    const values = noise(7, { seed: 7 }).map((y, i) => (i >= 4 * DAY && i < 5 * DAY ? null : y));
    const states = watch(samplesOf(values), 4);
    expect(states.every(({ state }) => state === 'within')).toBe(true);
    expect(states.every(({ z }) => Number.isFinite(z))).toBe(true);
  });

  it.each([
    ['nothing', []],
    ['too few samples', [1, 2, 3]],
    ['no spread', new Array(DAY).fill(5)],
    ['no samples', new Array(DAY).fill(null)],
  ])('has no reference of %s', (_name, values) => {
    expect(contractReference(samplesOf(values), { stepMs: STEP_MS })).toBeNull();
  });
});

describe('false states of ContractChannel', () => {
  // Stated: at most 0.1 states per series-week, and drift no more than twice that.
  it.each([
    [1, 0.5],
    [4, 0.9],
    [14, 0],
  ])('with a reference of %i days, phi %f', (days, phi) => {
    const runs = runCount({ suite: 10, long: 100 });
    let [deviating, drifting] = [0, 0];
    for (let seed = 1; seed <= runs; seed++) {
      const states = watch(samplesOf(noise(days + 7, { seed: 50 + seed, phi })), days);
      if (states.some(({ state }) => state === 'deviates')) deviating++;
      if (states.some(({ drift }) => drift !== null)) drifting++;
    }
    expect(deviating / runs).toBeLessThanOrEqual(0.1);
    expect(drifting / runs).toBeLessThanOrEqual(0.2);
  });
});
