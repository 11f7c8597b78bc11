/** Requests of one weight, and how many of them are bad. */
export interface WeighedTrials {
  readonly weight: number;
  readonly trials: number;
  readonly bad: number;
}

/** The trials in requests, and the one weight that as noisy a share of as many would have. */
export interface WeighedShare {
  readonly bad: number;
  readonly all: number;
  /** `bad / unit` of `all / unit` requests, each seen by itself, tell as much; 1 where all weigh 1. */
  readonly unit: number;
}

/**
 * How much a weighted share of bad requests tells of a share that may be `allowed`. The noise of
 * sum w (bad - allowed), its squares over its sum, is a weight: so a few heavy bad spans are few, whatever they stand
 * for, and a light one among heavy good ones is not taken for heavy (errors kept, the rest sampled). How noisy the good
 * ones are is taken as of so many as `allowed` would leave beside the bad: where chance left too few, they would look
 * surer than they are.
 *
 * Kish's number of samples does not look at which spans are bad: a test on it calls up to 13 % of steps violated where
 * 1 % may be (5 spans of weight 20 among 1,000 of weight 1), and misses errors that were all kept.
 * @param allowed 0 to 1
 * @see Fay and Feuer 1997, Statistics in Medicine 16, 791, on weighted sums of Poisson counts
 */
export function weighedShare(groups: readonly WeighedTrials[], allowed: number): WeighedShare {
  const bad = sumOf(groups, (group) => group.weight * group.bad);
  const good = sumOf(groups, (group) => group.weight * (group.trials - group.bad));
  const badSpread = (1 - allowed) ** 2;
  const goodSpread = Math.max(allowed ** 2, good === 0 ? 0 : (allowed * (1 - allowed) * bad) / good);
  const spread = (group: WeighedTrials) => badSpread * group.bad + goodSpread * (group.trials - group.bad);
  const noise = sumOf(groups, (group) => group.weight * spread(group));
  const squares = sumOf(groups, (group) => group.weight ** 2 * spread(group));
  if (noise > 0) return { bad, all: bad + good, unit: squares / noise };
  // Nothing is bad and nothing may be, or everything is and may: the mean weight of all is left.
  const all = sumOf(groups, (group) => group.weight * group.trials);
  return {
    bad,
    all,
    unit: all === 0 ? 1 : sumOf(groups, ({ weight, trials }) => weight ** 2 * trials) / all,
  };
}

function sumOf(groups: readonly WeighedTrials[], of: (group: WeighedTrials) => number): number {
  return groups.reduce((sum, group) => sum + of(group), 0);
}
