import type { MaskHistory, MaskSeries } from '../../core/mask-metrics.ts';
import { mergeKnown } from './merge-known.ts';
import type { MaskMinutes } from './read-mask-minutes.ts';

type Series = Partial<Record<MaskSeries, Float64Array>>;

/** Series that are also the service's own, whomever it calls. */
const OF_SERVICE = ['retries', 'fallbacks', 'timeouts', 'breakerOpen', 'callsRefused'] as const;
type OfService = (typeof OF_SERVICE)[number];

export interface CombinedMasks {
  readonly masks: readonly MaskHistory[];
  readonly services: ReadonlyMap<string, Readonly<Partial<Record<OfService, Float64Array>>>>;
}

/**
 * What several libraries of a caller say, taken together. A library may see what another below it did, so that the largest
 * number is told, not their sum: what is hidden is no less than that.
 */
export function combineMasks(minutes: readonly MaskMinutes[]): CombinedMasks {
  const byCallee = Map.groupBy(minutes, ({ from, to }) => `${from}\u001f${to}`);
  const masks = [...byCallee.values()].map((group) => ({
    from: (group[0] as MaskMinutes).from,
    to: (group[0] as MaskMinutes).to,
    series: group.map(({ series }) => series).reduce((a, b) => merged(a, b, () => Math.max)),
  }));
  const services = new Map<string, Partial<Record<OfService, Float64Array>>>();
  for (const [service, own] of Map.groupBy(minutes, ({ from }) => from)) {
    const libraries = [...Map.groupBy(own, ({ library }) => library).values()].map((of) =>
      of
        .map(({ series }) => series)
        .reduce((a, b) => merged(a, b, (name) => (name === 'breakerOpen' ? Math.max : sum))),
    );
    const all = libraries.reduce((a, b) => merged(a, b, () => Math.max));
    services.set(
      service,
      Object.fromEntries(OF_SERVICE.flatMap((name) => (all[name] ? [[name, all[name]]] : []))),
    );
  }
  return { masks, services };
}

function sum(a: number, b: number): number {
  return a + b;
}

function merged(
  one: Series,
  other: Series,
  mergeOf: (name: MaskSeries) => (a: number, b: number) => number,
): Series {
  const all: Series = { ...one };
  for (const [name, values] of Object.entries(other) as [MaskSeries, Float64Array][]) {
    const before = one[name];
    all[name] = before === undefined ? values : mergeKnown(before, values, mergeOf(name));
  }
  return all;
}
