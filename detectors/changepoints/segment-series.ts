import { type AgreedChange, agreeOnChanges } from './agree-on-changes.ts';
import { clipSpikes } from './clip-spikes.ts';
import { medianBlocks } from './median-blocks.ts';
import { type ChangeName, nameChange } from './name-change.ts';
import { proposeSegmentations } from './propose-segmentations.ts';
import { removeSeason } from './remove-season.ts';

/** Longer series are first made shorter: the search is quadratic where little changes. */
const SAMPLES_MAX = 1_000;
/** Fewer samples have no two segments worth the name. */
const SAMPLES_MIN = 8;
/** Straight lines see both kinds of change; the step model has a word where it agrees. */
const WEIGHT = { linear: 1, constant: 0.5 } as const;

export interface SeriesChange extends AgreedChange {
  readonly name: ChangeName;
}

/**
 * Where did the regime of a finished series change? An offline consensus: eighteen segmentations (piecewise constant
 * and piecewise linear, nine penalties each), of which those changes are kept that two thirds of the weight share.
 *
 * One fixed default: nothing is tuned to a series. Missing samples (null, NaN) are left out and indices counted with
 * them; short spikes are clipped; a strong season is taken out; more than 1,000 samples become medians of blocks,
 * to which the indices are exact then.
 * A few milliseconds for 100 samples, a tenth of a second for 500, below 0.6 s for 2,000 (measured on a busy core).
 * @param channels one or more series of one length over the same times; changes are sought in all together
 * @returns changes in order, index = first sample of the new regime; none of a series too short or constant
 */
export function segmentSeries(channels: readonly (readonly (number | null)[])[]): SeriesChange[] {
  const length = channels[0]?.length ?? 0;
  const known = [...Array(length).keys()].filter((i) => channels.every((values) => isKnown(values[i])));
  const blocks = channels.map((values) =>
    medianBlocks(
      known.map((i) => values[i] as number),
      SAMPLES_MAX,
    ),
  );
  const blockLength = blocks[0]?.blockLength ?? 1;
  const clean = blocks.map(({ values }) => removeSeason(clipSpikes(values)));
  const standard = clean.flatMap(({ values }) => standardise(values) ?? []);
  const n = clean[0]?.values.length ?? 0;
  if (standard.length === 0 || n < SAMPLES_MIN) return [];
  const scaled = standard.map((values) => values.map((value) => value / Math.sqrt(standard.length)));
  const opinions = (['linear', 'constant'] as const).flatMap((model) =>
    proposeSegmentations(scaled, model).map((changes) => ({ changes, weight: WEIGHT[model] })),
  );
  const agreed = agreeOnChanges(opinions, n);
  return agreed.map(({ index, stability }, k) => ({
    index: known[index * blockLength] as number,
    stability,
    name: nameChange(standard, {
      from: agreed[k - 1]?.index ?? 0,
      change: index,
      to: agreed[k + 1]?.index ?? n,
    }),
  }));
}

function isKnown(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Mean 0 and variance 1 over the whole series; null of one that does not vary. */
function standardise(values: readonly number[]): number[][] | null {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  // Rounding alone makes a constant series vary in its last digits.
  if (!(deviation > 1e-12 * Math.max(1, Math.abs(mean)))) return null;
  return [values.map((value) => (value - mean) / deviation)];
}
