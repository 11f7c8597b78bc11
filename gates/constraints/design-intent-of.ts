import type {
  AutomationIntent,
  DesignIntent,
  GlobalObjective,
  LocalObjective,
  ServiceIntent,
} from '../../core/system-history.ts';
import type { ConstraintSet } from './constraint-set.ts';
import { type GLOBAL_METRICS, KNOBS } from './design-sections.ts';
import { measuredSlis } from './measured-slis.ts';

const SETTING_OF: Readonly<Record<(typeof KNOBS)[number], AutomationIntent['bounds'][number]['setting']>> = {
  replicas: 'replicasDesired',
  replicasMin: 'replicasMin',
  replicasMax: 'replicasMax',
  utilisationTarget: 'cpuTarget',
  cpuLimit: 'cpuLimitCores',
  cacheTtlS: 'cacheTtlS',
  zoneShare: 'poolShare',
};

/** As histories call what users saw, and how many of our units make one of theirs. */
const USERS_CALL_IT: Readonly<
  Record<(typeof GLOBAL_METRICS)[number], { readonly metric: string; readonly factor: number }>
> = {
  ok_ratio: { metric: 'success', factor: 1 },
  p50_ms: { metric: 'p50_ms', factor: 1 },
  p99_ms: { metric: 'p99_ms', factor: 1 },
  cost_per_request: { metric: 'cost_per_1k', factor: 1_000 },
};

function edgeOf(text: string): { readonly from: string; readonly to: string } {
  const [from = '', to = ''] = text.split('->');
  return { from, to };
}

function serviceIntent({
  replicas,
  autoscaled,
  cpuLimit,
  utilisationTarget,
  tolerance,
}: ConstraintSet['design']['services'][string]): ServiceIntent {
  const { min, max } = replicas ?? {};
  return {
    replicasMin: min ?? null,
    replicasMax: max ?? null,
    cpuTarget: utilisationTarget ?? null,
    cpuLimitCores: cpuLimit ?? null,
    isAutoscaled: autoscaled ?? (min === undefined || min !== max),
    toleranceRatio: tolerance,
  };
}

/** Of two sets that speak about one service the first is heard, setting by setting. */
function mergeServices(sets: readonly ConstraintSet[]): Map<string, ServiceIntent> {
  const services = new Map<string, ServiceIntent>();
  for (const [name, written] of sets.flatMap(({ design }) => Object.entries(design.services))) {
    const [second, first] = [serviceIntent(written), services.get(name)];
    services.set(
      name,
      first === undefined
        ? second
        : {
            replicasMin: first.replicasMin ?? second.replicasMin,
            replicasMax: first.replicasMax ?? second.replicasMax,
            cpuTarget: first.cpuTarget ?? second.cpuTarget,
            cpuLimitCores: first.cpuLimitCores ?? second.cpuLimitCores,
            isAutoscaled: first.isAutoscaled,
            toleranceRatio: first.toleranceRatio ?? second.toleranceRatio,
          },
    );
  }
  return services;
}

function ofMetric({ metadata, objectives }: ConstraintSet): GlobalObjective[] {
  return objectives.global.flatMap(({ id, metric, target, maxRatioToReference }) => {
    if (metric === undefined) return [];
    const { metric: name, factor } = USERS_CALL_IT[metric];
    return [
      {
        constraint: `${metadata.name}/${id}`,
        metric: name,
        min: target?.comparator === '>=' ? target.value * factor : null,
        max: target?.comparator === '<=' ? target.value * factor : null,
        ratioToReferenceMax: maxRatioToReference ?? null,
      },
    ];
  });
}

function localObjectives({ metadata, scope, objectives }: ConstraintSet): LocalObjective[] {
  return objectives.local.flatMap(({ id, actor, service, edge, minimise, maximise }) => {
    const metric = minimise ?? maximise;
    if (metric === undefined) return [];
    return [
      {
        constraint: `${metadata.name}/${id}`,
        actor,
        subject: edge ?? service ?? scope.service,
        metric,
        wants: minimise === undefined ? ('more' as const) : ('less' as const),
      },
    ];
  });
}

function automationIntents({ metadata, automation }: ConstraintSet): AutomationIntent[] {
  return automation.map(({ actor, identity, gate, standing, bounds }) => ({
    constraint: `${metadata.name}/${actor}`,
    actor,
    identity: identity ?? null,
    gate,
    standingKinds: standing,
    bounds: KNOBS.flatMap((knob) => {
      const written = bounds[knob];
      if (written === undefined) return [];
      return [{ setting: SETTING_OF[knob], min: written.min ?? null, max: written.max ?? null }];
    }),
  }));
}

/**
 * What people intended, over all sets together: calls, zones, budgets and objectives of every set add up. A service
 * or an actor that two sets describe is as the first says.
 */
export function designIntentOf(sets: readonly ConstraintSet[]): DesignIntent {
  const designs = sets.map(({ design }) => design);
  const edges = designs.flatMap(({ topology }) => topology?.edges ?? []);
  const measured = sets.flatMap((set) => measuredSlis(set, edges));
  const automation = [...Map.groupBy(sets.flatMap(automationIntents), ({ actor }) => actor).values()].map(
    ([first]) => first as AutomationIntent,
  );
  return {
    edges: edges.length === 0 ? null : [...new Set(edges)].map(edgeOf),
    forbiddenEdges: designs.flatMap(({ topology }) => topology?.forbid ?? []),
    services: mergeServices(sets),
    retryBudgetRatio: designs.find(({ retries }) => retries !== undefined)?.retries?.budget ?? null,
    caches: designs.flatMap(({ cache }) =>
      Object.entries(cache).map(([service, { ttlMax, staleRatioMax }]) => ({
        service,
        ttlSMax: ttlMax === undefined ? null : ttlMax / 1_000,
        staleRatioMax: staleRatioMax ?? null,
      })),
    ),
    poolShares: designs.flatMap(({ topology }) =>
      Object.entries(topology?.zones ?? {}).map(([service, { minShare, maxShare }]) => ({
        service,
        min: minShare,
        max: maxShare,
      })),
    ),
    fallbacks: designs.flatMap(({ fallbacks }) =>
      Object.entries(fallbacks).map(([edge, { maxRatio, maxContinuous }]) => ({
        edge,
        ratioMax: maxRatio,
        continuousMinutesMax: maxContinuous / 60_000,
      })),
    ),
    objectives: {
      global: [...sets.flatMap(ofMetric), ...measured.flatMap(({ ofAll }) => ofAll ?? [])],
      local: sets.flatMap(localObjectives),
      ofRequests: measured.flatMap(({ ofRequests }) => ofRequests ?? []),
    },
    gatedActors: automation.filter(({ gate }) => gate === 'required').map(({ actor }) => actor),
    automation,
  };
}
