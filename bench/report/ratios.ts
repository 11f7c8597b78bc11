import { quantileSorted } from 'simple-statistics';

/** What one side took in one round, per item. */
export interface Sample {
  readonly wallUs: number;
  readonly cpuUs: number;
}

/** Samples of the sides of one comparison, round by round: sides of a round ran one after the other. */
export type Rounds = Readonly<Record<string, readonly Sample[]>>;

export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * How many times as fast as `base` a side is: the ratio within each round, then the median over the rounds, so that
 * a machine whose speed drifts between rounds does not matter.
 */
export function ratioOf(rounds: Rounds, side: string, base: string, of: keyof Sample): Ratio {
  const sides = (rounds[side] ?? []).map((sample, round) => [sample, rounds[base]?.[round]] as const);
  const ratios = sides.map(([ours, theirs]) => (theirs?.[of] ?? Number.NaN) / ours[of]);
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return quantileSorted(sorted, q);
}

/** A comparison as rows of text: medians per item, and the ratios to `base`. */
export function ratioRows(rounds: Rounds, base: string): string[][] {
  return Object.entries(rounds).map(([side, samples]) => {
    const wallUs = median(samples.map((sample) => sample.wallUs));
    const cpuUs = median(samples.map((sample) => sample.cpuUs));
    const ratios = (['wallUs', 'cpuUs'] as const).map((of) => ratioText(ratioOf(rounds, side, base, of)));
    return [side, (1_000 / wallUs).toFixed(1), wallUs.toFixed(2), cpuUs.toFixed(2), ...ratios];
  });
}

export const RATIO_HEADS = [
  'side',
  'k items/s',
  'wall µs',
  'CPU µs',
  '× wall (min to max)',
  '× CPU (min to max)',
];

function ratioText({ median, min, max }: Ratio): string {
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`;
}
