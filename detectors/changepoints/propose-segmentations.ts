import { longRunVariance } from './long-run-variance.ts';
import { partition } from './partition.ts';
import { type SegmentModel, segmentCost } from './segment-cost.ts';
import { segmentResiduals } from './segment-residuals.ts';

/** Shortest segment: what is shorter is a spike. */
const LENGTH_MIN = 3;
/** A change has to explain more than this much of what is left to chance: c x long-run variance x log n. */
const NOISE_FACTORS = [2, 3, 4];
/** A change has to explain at least this share of all that varies: what nobody would see in a plot is no regime. */
const SHARES = [0.01, 0.02, 0.04];
/** Penalties are tried in steps of a fifth, from the smallest share to all there is to explain. */
const PENALTY_STEP = 1.2;

interface Candidate {
  readonly penalty: number;
  readonly changes: readonly number[];
  readonly longRunVariance: number;
}

/**
 * Nine opinions of one model: for each noise factor and share, the segmentation with the smallest penalty that is
 * consistent with itself, that is, a penalty no smaller than the factor times log n times the long-run variance of
 * the residuals it leaves. Noise and changes are so estimated together: a penalty from the raw series takes changes
 * for noise and finds nothing, one from differences takes slow wandering for changes (F1 0.44 on real series).
 * No opinion has more than sqrt(n) / 2 changes.
 * @param channels standardised so that all squares together sum to n
 */
export function proposeSegmentations(
  channels: readonly (readonly number[])[],
  model: SegmentModel,
): (readonly number[])[] {
  const candidates = penaltyPath(channels, model);
  const n = channels[0]?.length ?? 0;
  const countMax = Math.sqrt(n) / 2;
  return NOISE_FACTORS.flatMap((factor) =>
    SHARES.map((share) => {
      const chosen = candidates.find(
        (candidate) =>
          candidate.changes.length <= countMax &&
          candidate.penalty >= factor * candidate.longRunVariance * Math.log(n) &&
          candidate.penalty >= share * n * (1 - 1e-9),
      );
      return chosen?.changes ?? [];
    }),
  );
}

/** Ascending penalties. Between two penalties with equally many changes lies nothing new, so it is not computed. */
function penaltyPath(channels: readonly (readonly number[])[], model: SegmentModel): Candidate[] {
  const cost = segmentCost(channels, model);
  const n = cost.length;
  const least = (SHARES[0] as number) * n;
  const count = Math.ceil(Math.log(n / least) / Math.log(PENALTY_STEP));
  const penalties = Array.from({ length: count + 1 }, (_, i) => least * PENALTY_STEP ** i);
  const found: (readonly number[])[] = new Array(penalties.length);
  const solve = (i: number): readonly number[] => {
    found[i] ??= partition(cost, { penalty: penalties[i] as number, lengthMin: LENGTH_MIN });
    return found[i];
  };
  const fill = (low: number, high: number): void => {
    if (high - low < 2) return;
    if (solve(low).length === solve(high).length) {
      found.fill(solve(low), low + 1, high);
      return;
    }
    const middle = (low + high) >> 1;
    solve(middle);
    fill(low, middle);
    fill(middle, high);
  };
  // No change explains more than all squares: at the last penalty there is none, without looking.
  found[penalties.length - 1] = [];
  fill(0, penalties.length - 1);
  const variances = new Map<readonly number[], number>();
  return penalties.map((penalty, i) => {
    const changes = solve(i);
    let variance = variances.get(changes);
    if (variance === undefined) {
      variance = varianceLeft(channels, changes, model);
      variances.set(changes, variance);
    }
    return { penalty, changes, longRunVariance: variance };
  });
}

function varianceLeft(
  channels: readonly (readonly number[])[],
  changes: readonly number[],
  model: SegmentModel,
): number {
  const fitted = (changes.length + 1) * (model === 'linear' ? 2 : 1);
  return channels.reduce(
    (sum, values) => sum + longRunVariance(segmentResiduals(values, changes, model), { fitted }),
    0,
  );
}
