import type { StreamTally } from '../../core/stream-tally.ts';
import { FAULT } from '../../core/structure-tally.ts';
import type { StructureInput, StructurePart } from './check-structure.ts';
import { countEpochs } from './stream-epochs.ts';
import { deltaCoverage } from './stream-faults.ts';

/** The numbers behind a verdict of structure. */
export function describeStructure(
  of: StructureInput & {
    readonly parts: readonly StructurePart[];
    readonly overflowed: readonly StreamTally[];
  },
): Record<string, unknown> {
  const sum = (pick: (tally: StructureInput['tallies'][number]) => number) =>
    of.tallies.reduce((total, tally) => total + pick(tally), 0);
  return {
    records: sum((tally) => tally.records),
    refused: of.refusals.reduce((total, tally) => total + tally.items, 0),
    withoutInstance: sum((tally) => tally.withoutInstance),
    roots: sum((tally) => tally.roots),
    dropped: {
      attributes: sum((tally) => tally.dropped.attributes),
      events: sum((tally) => tally.dropped.events),
      links: sum((tally) => tally.dropped.links),
    },
    atAttributeLimit: sum((tally) =>
      [...tally.faults].reduce(
        (n, [bits, count]) => n + ((bits & FAULT.atAttributeLimit) === 0 ? 0 : count),
        0,
      ),
    ),
    faulty: Object.fromEntries(of.parts.map((part) => [part.id, [part.slow.faulty, part.slow.all]])),
    streams: of.streams === null ? null : describeStreams(of.streams, of.overflowed),
  };
}

function describeStreams(
  { streams, seriesCount, seriesRead }: NonNullable<StructureInput['streams']>,
  overflowed: readonly StreamTally[],
) {
  return {
    seriesCount,
    seriesLeftOut: seriesCount - seriesRead,
    ...countEpochs(streams),
    deltaCoverage: deltaCoverage(streams),
    overflowedMetrics: [...new Set(overflowed.map((stream) => stream.metricName))].sort().slice(0, 5),
  };
}
