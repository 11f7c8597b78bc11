import { z } from 'zod';
import type { DesignIntent, ServiceIntent } from '../../core/system-history.ts';

const ratio = z.number();
const localObjective = z
  .object({
    service: z.string().optional(),
    edge: z.string().optional(),
    minimise: z.string().optional(),
    maximise: z.string().optional(),
  })
  .refine((of) => (of.service ?? of.edge) !== undefined && (of.minimise ?? of.maximise) !== undefined, {
    error: 'needs a service or an edge, and what to minimise or maximise',
  });

/** `intent.json` of a run; whatever is left out was not intended by anybody. */
export const runIntentSchema = z.object({
  topology: z.array(z.object({ from: z.string(), to: z.string() })).optional(),
  services: z
    .record(
      z.string(),
      z.object({
        min: z.number().nullish(),
        max: z.number().nullish(),
        target_utilisation: ratio.nullish(),
        cpu_limit: z.number().nullish(),
        autoscaled: z.boolean().default(true),
      }),
    )
    .default({}),
  retry_budget: ratio.nullish(),
  cache: z
    .object({ service: z.string(), ttl_max_s: z.number().nullish(), stale_ratio_max: ratio.nullish() })
    .optional(),
  zone_share: z.object({ service: z.string(), min: ratio, max: ratio }).optional(),
  fallback: z.object({ edge: z.string(), max_ratio: ratio, max_continuous_minutes: z.number() }).optional(),
  objectives: z
    .object({
      global: z
        .array(
          z.object({
            metric: z.string(),
            min: z.number().nullish(),
            max: z.number().nullish(),
            max_ratio_to_reference: ratio.nullish(),
          }),
        )
        .default([]),
      local: z.record(z.string(), localObjective).default({}),
    })
    .default({ global: [], local: {} }),
  gated_actors: z.array(z.string()).default([]),
});
export type RunIntent = z.infer<typeof runIntentSchema>;

export function designIntentOf(run: RunIntent): DesignIntent {
  return {
    edges: run.topology ?? null,
    services: new Map(
      Object.entries(run.services).map(([name, service]) => [name, serviceIntentOf(service)]),
    ),
    retryBudgetRatio: run.retry_budget ?? null,
    caches: [run.cache ?? []].flat().map(({ service, ttl_max_s, stale_ratio_max }) => ({
      service,
      ttlSMax: ttl_max_s ?? null,
      staleRatioMax: stale_ratio_max ?? null,
    })),
    poolShares: [run.zone_share ?? []].flat(),
    fallbacks: [run.fallback ?? []].flat().map(({ edge, max_ratio, max_continuous_minutes }) => ({
      edge,
      ratioMax: max_ratio,
      continuousMinutesMax: max_continuous_minutes,
    })),
    objectives: {
      global: run.objectives.global.map(({ metric, min, max, max_ratio_to_reference }) => ({
        metric,
        min: min ?? null,
        max: max ?? null,
        ratioToReferenceMax: max_ratio_to_reference ?? null,
      })),
      local: Object.entries(run.objectives.local).map(([actor, of]) => ({
        actor,
        subject: (of.service ?? of.edge) as string,
        metric: (of.minimise ?? of.maximise) as string,
        wants: of.minimise === undefined ? 'more' : 'less',
      })),
    },
    gatedActors: run.gated_actors,
  };
}

function serviceIntentOf(service: RunIntent['services'][string]): ServiceIntent {
  return {
    replicasMin: service.min ?? null,
    replicasMax: service.max ?? null,
    cpuTarget: service.target_utilisation ?? null,
    cpuLimitCores: service.cpu_limit ?? null,
    isAutoscaled: service.autoscaled,
  };
}
