import type { StreamTally } from '../../core/stream-tally.ts';
import { identityOf } from './writer-of.ts';

export interface EpochCounts {
  readonly epochs: number;
  /** Epochs after a series' first in the window whose start is known: start before time. */
  readonly resets: number;
  /** Those that begin with a zero-length point: a reset was noticed, when it was is unknown. */
  readonly unknownResets: number;
  /** Cumulative series that were sent without a start: their resets cannot be told from falls. */
  readonly withoutStart: number;
}

/** Epochs and resets of cumulative streams (quality.md S6): facts about a restart, no fault. */
export function countEpochs(streams: readonly StreamTally[]): EpochCounts {
  const cumulative = streams.filter((stream) => stream.temporality === 'cumulative');
  const started = cumulative.filter((stream) => stream.epochStartMs > 0);
  const later = [...Map.groupBy(started, identityOf).values()].flatMap((own) =>
    [...own].sort((a, b) => a.epochStartMs - b.epochStartMs).slice(1),
  );
  const isUnknown = ({ points, epochStartMs }: StreamTally) =>
    points[0] !== undefined && points[0].timeMs <= epochStartMs;
  return {
    epochs: started.length,
    resets: later.filter((stream) => !isUnknown(stream)).length,
    unknownResets: later.filter(isUnknown).length,
    withoutStart: cumulative.length - started.length,
  };
}
