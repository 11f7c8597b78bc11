import type { SamplingEdgeWindow, SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { sourceKey } from '../../core/source.ts';
import { windowWeight } from './window-weight.ts';

/**
 * Heaviest weight of each service and of those it calls or is called by: weights go with traces, so one that is common
 * next door may be here and unseen in a small sample.
 * @returns by `sourceKey` of the service's traces
 */
export function heaviestWeights(
  windows: readonly SamplingWindow[],
  edges: readonly SamplingEdgeWindow[],
): ReadonlyMap<string, number> {
  const own = new Map<string, number>();
  for (const window of windows) {
    const key = sourceKey(window.source);
    own.set(key, Math.max(own.get(key) ?? 0, windowWeight(window) ?? 0));
  }
  const heaviest = new Map(own);
  const raise = (key: string, other: string) =>
    heaviest.set(key, Math.max(heaviest.get(key) ?? 0, own.get(other) ?? 0));
  for (const { child, parentNamespace, parentName } of edges) {
    if (parentName === '') continue;
    const parent = { ...child, serviceNamespace: parentNamespace, serviceName: parentName };
    raise(sourceKey(child), sourceKey(parent));
    raise(sourceKey(parent), sourceKey(child));
  }
  return heaviest;
}
