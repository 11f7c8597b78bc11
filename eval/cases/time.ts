import { randomFrom } from '../../core/random-from.ts';
import { boundSkew } from '../../validators/time/bound-skew.ts';
import { checkLateShare, LATE_AGES } from '../../validators/time/check-late-share.ts';
import { completenessAtAge } from '../../validators/time/completeness-at-age.ts';
import { type Ages, cohortRange, matureCohorts } from '../../validators/time/mature-cohorts.ts';
import { NOW_MS } from '../simulators/checkout.ts';
import { pairTally } from '../simulators/clock-pair-of.ts';
import { cohortsOf, type Sending, shareHere, simulatedArrivals } from '../simulators/simulated-arrivals.ts';
import { simulatedCalls } from '../simulators/simulated-calls.ts';
import type { CaseGroup, CoverageCase } from './case.ts';
import { NOMINAL } from './observe-loss.ts';

const LAST_MINUTE: Ages = { youngestMs: 0, oldestMs: 60_000 };
const HALF_A_MINUTE: Ages = { youngestMs: 30_000, oldestMs: 50_000 };
const SKEW_WINDOW_MS = 120_000;
const SENDING: Sending = {
  perSecond: 8,
  instances: 1,
  batchMs: 5_000,
  lateRatio: 0.04,
  stallBatches: 1,
  lateMsMin: 5_000,
  lateMsMax: 60_000,
};

/** T4, T7 and the late share. */
export function time(): CaseGroup {
  return {
    name: 'time',
    title: 'T4, T7: completeness at age, late share, clock skew',
    coverage: [
      ...atAge('the last minute', LAST_MINUTE, [
        ['4 % of 5 s batches late', {}],
        ['4 % of 5 s batches late, in threes', { stallBatches: 3 }],
        ['0.1 % of 5 s batches late', { lateRatio: 0.001 }],
        ['30 % of 5 s batches late', { lateRatio: 0.3 }],
        ['4 % of 1 s batches late, four instances', { batchMs: 1_000, instances: 4 }],
      ]),
      ...atAge('30 to 50 s', HALF_A_MINUTE, [['4 % of 5 s batches late', {}]]),
      ...[0.01, 0.05, 0.2].flatMap((ratio) => [1, 3].map((stalls) => lateShare(ratio, stalls))),
      ...[20, 300, -300, 5_000, -5_000].flatMap((ms) => [20, 200].map((count) => skew(ms, count))),
    ],
    alarms: [],
  };
}

/** The lower end is of what is here of the very events that are asked about. */
function atAge(
  text: string,
  ages: Ages,
  settings: readonly (readonly [string, Partial<Sending>])[],
): CoverageCase[] {
  return settings.map(([fault, change]) => ({
    check: `T4 completeness at age, ${text}`,
    fault,
    holds: 'lower',
    goal: { min: 0.95, max: 1 },
    run: (seed) => {
      const sending = { ...SENDING, ...change, minutes: 20, random: randomFrom(seed) };
      const arrivals = simulatedArrivals(sending);
      const cohorts = matureCohorts(cohortsOf(arrivals, cohortRange(ages, NOW_MS)), NOW_MS);
      const truth = shareHere(arrivals, ages);
      return {
        lower: truth === null ? null : completenessAtAge(cohorts).lower,
        upper: null,
        truth: truth ?? 0,
      };
    },
  }));
}

/** Late batches come after two and a half minutes, so that each is late for certain, whatever the age of its events. */
function lateShare(ratio: number, stallBatches: number): CoverageCase {
  // A stall begins with one of the batches that are in none: of so many in all is each a part.
  const begins = ratio / stallBatches;
  const truth = (stallBatches * begins) / (1 + (stallBatches - 1) * begins);
  const late = { lateRatio: ratio, stallBatches, lateMsMin: 150_000, lateMsMax: 150_000 };
  return {
    check: 'Late share',
    fault: `${100 * ratio} % of 5 s batches late${stallBatches === 1 ? '' : `, ${stallBatches} in a row`}`,
    holds: 'interval',
    goal: NOMINAL,
    run: (seed) => {
      const arrivals = simulatedArrivals({ ...SENDING, ...late, minutes: 26, random: randomFrom(seed) });
      const { interval } = checkLateShare(cohortsOf(arrivals, cohortRange(LATE_AGES, NOW_MS)), NOW_MS);
      return { lower: interval?.lower ?? null, upper: interval?.upper ?? null, truth };
    },
  };
}

/** Seconds; where no skew fits the calls there is no number. */
function skew(skewMs: number, count: number): CoverageCase {
  return {
    check: `T7 clock skew of a pair, ${count} calls`,
    fault: `${skewMs} ms, 1 % outlive their callers`,
    holds: 'interval',
    unit: 's',
    goal: { min: 0.99, max: 1 },
    run: (seed) => {
      const random = randomFrom(seed);
      const calls = simulatedCalls({ count, skewMs, random, outlivingRatio: 0.01, asyncRatio: 0.01 });
      const { lower, upper, isStep } = boundSkew(pairTally('a', 'b', calls), SKEW_WINDOW_MS);
      const end = (ms: number) => (isStep ? null : ms / 1_000);
      return { lower: end(lower), upper: end(upper), truth: skewMs / 1_000 };
    },
  };
}
