import type { RunIntent } from './run-intent.ts';

/** What a run's people intended, as the constraint file that says so (JSON is YAML). */
export function constraintsOf(intent: RunIntent): string {
  const { topology, services, retry_budget, cache, zone_share, fallback, objectives, gated_actors } = intent;
  const edges = (topology ?? []).map(({ from, to }) => `${from} -> ${to}`);
  const entry = topology?.find(({ from }) => topology.every(({ to }) => to !== from))?.from ?? 'web';
  const set = {
    apiVersion: 'constraints/v1alpha1',
    kind: 'ConstraintSet',
    metadata: { name: 'run', owner: 'people' },
    scope: { service: entry },
    design: {
      topology: {
        edges,
        ...(zone_share === undefined
          ? {}
          : { zones: { [zone_share.service]: { minShare: zone_share.min, maxShare: zone_share.max } } }),
      },
      services: Object.fromEntries(
        Object.entries(services).map(([name, { min, max, target_utilisation, cpu_limit, autoscaled }]) => [
          name,
          {
            ...(min == null && max == null ? {} : { replicas: { min, max } }),
            autoscaled,
            ...(cpu_limit == null ? {} : { cpuLimit: cpu_limit }),
            ...(target_utilisation == null ? {} : { utilisationTarget: target_utilisation }),
          },
        ]),
      ),
      ...(retry_budget == null ? {} : { retries: { budget: retry_budget } }),
      ...(fallback === undefined
        ? {}
        : {
            fallbacks: {
              [fallback.edge.replace('->', ' -> ')]: {
                maxRatio: fallback.max_ratio,
                maxContinuous: `${fallback.max_continuous_minutes}m`,
              },
            },
          }),
      ...(cache === undefined
        ? {}
        : {
            cache: {
              [cache.service]: {
                ...(cache.ttl_max_s == null ? {} : { ttlMax: `${cache.ttl_max_s}s` }),
                ...(cache.stale_ratio_max == null ? {} : { staleRatioMax: cache.stale_ratio_max }),
              },
            },
          }),
    },
    objectives: {
      global: objectives.global.map(({ metric, min, max_ratio_to_reference }) => ({
        id: metric.replaceAll('_', '-'),
        metric: OUR_NAME[metric] ?? metric,
        ...(min == null ? {} : { target: `>= ${100 * min}%` }),
        ...(max_ratio_to_reference == null ? {} : { maxRatioToReference: max_ratio_to_reference }),
      })),
      local: Object.entries(objectives.local).map(([actor, { service, edge, minimise, maximise }]) => ({
        id: actor,
        actor,
        ...(service === undefined ? {} : { service }),
        ...(edge === undefined ? {} : { edge: edge.replace('->', ' -> ') }),
        ...(minimise === undefined ? {} : { minimise }),
        ...(maximise === undefined ? {} : { maximise }),
      })),
    },
    automation: gated_actors.map((actor) => ({ actor, gate: 'required' })),
  };
  return JSON.stringify(set, null, 1);
}

const OUR_NAME: Readonly<Record<string, string>> = { success: 'ok_ratio', cost_per_1k: 'cost_per_request' };
