import { z } from 'zod';
import * as values from './constraint-values.ts';

const counts = z.strictObject({ min: z.int().min(0).optional(), max: z.int().min(0).optional() });

const topology = z.strictObject({
  /** Every call that is meant, of the whole system: once any is written, every other is drift. Left out: not declared. */
  edges: z.array(values.edge).min(1).optional(),
  forbid: z.array(values.forbiddenCalls).default([]),
  /** By service: which share of its traffic each of its zones shall have. */
  zones: z
    .record(z.string().min(1), z.strictObject({ minShare: values.ratio, maxShare: values.ratio }))
    .default({}),
});

const service = z.strictObject({
  replicas: counts.optional(),
  /** Left out: yes, unless replicas has one size. */
  autoscaled: z.boolean().optional(),
  /** Cores. */
  cpuLimit: z.number().positive().optional(),
  utilisationTarget: values.ratio.optional(),
  /** How far a setting may be from what is written, as a share of it. */
  tolerance: values.ratio.optional(),
});

const fallback = z.strictObject({ maxRatio: values.ratio, maxContinuous: values.duration });

const cache = z.strictObject({
  ttlMax: values.duration.optional(),
  staleRatioMax: values.ratio.optional(),
});

/** How people meant the system to be built and set; what is not written is not held against anybody. */
export const design = z.strictObject({
  topology: topology.optional(),
  services: z.record(z.string().min(1), service).default({}),
  /** Retries per call, over all callers. */
  retries: z.strictObject({ budget: values.ratio }).optional(),
  /** By edge. */
  fallbacks: z.record(values.edge, fallback).default({}),
  /** By service. */
  cache: z.record(z.string().min(1), cache).default({}),
});

/** What users of the whole can be held to, as their requests are rolled up by the minute. */
export const GLOBAL_METRICS = ['ok_ratio', 'p50_ms', 'p99_ms', 'cost_per_request'] as const;

/** An own description, an OpenSLO v1 document as it is, or the file that holds one. */
const sli = z.strictObject({
  /** Left out: the requests of users, wherever they come in. */
  service: z.string().min(1).optional(),
  /** As http.route spells it, with the method: `POST /checkout`. */
  route: z.string().min(1).optional(),
  good: values.goodRequests.optional(),
  /** Relative to the constraint file, below its folder. */
  file: z.string().min(1).optional(),
  apiVersion: z.literal('openslo/v1').optional(),
  kind: z.enum(['SLI', 'SLO']).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  spec: z.record(z.string(), z.unknown()).optional(),
});

const globalObjective = z.strictObject({
  id: values.identifier,
  metric: z.enum(GLOBAL_METRICS).optional(),
  sli: sli.optional(),
  target: values.target.optional(),
  /** Against the accepted period at equal load: 1.05 lets it be 5 % more. */
  maxRatioToReference: z.number().positive().optional(),
  window: values.duration.optional(),
  why: z.string().default(''),
});

const LOCAL_METRICS = ['cost', 'p50_ms', 'p99_ms', 'latency_ms', 'cache_hit_ratio'] as const;

const localObjective = z.strictObject({
  id: values.identifier,
  actor: values.actorName,
  /** Left out, with edge: the service of this file. */
  service: z.string().min(1).optional(),
  edge: values.edge.optional(),
  minimise: z.enum(LOCAL_METRICS).optional(),
  maximise: z.enum(LOCAL_METRICS).optional(),
});

/** `global`: what everybody wants together. `local`: what one automation works for, as its owner says. */
export const objectives = z.strictObject({
  global: z.array(globalObjective).default([]),
  local: z.array(localObjective).default([]),
});

export const KNOBS = [
  'replicas',
  'replicasMin',
  'replicasMax',
  'utilisationTarget',
  'cpuLimit',
  'cacheTtlS',
  'zoneShare',
] as const;

/** An actor that acts by itself, and whether it has to ask. */
export const automation = z.strictObject({
  actor: values.actorName,
  /** What it is called where it authenticates, where that differs. */
  identity: values.actorName.optional(),
  /** `required`: it asks before each action. `standing`: it may act within its bounds without asking. */
  gate: z.enum(['required', 'standing']),
  /** Kinds that an actor which has to ask may do without. */
  standing: z.array(values.kindGlob).default([]),
  bounds: z
    .partialRecord(
      z.enum(KNOBS),
      z.strictObject({ min: z.number().min(0).optional(), max: z.number().min(0).optional() }),
    )
    .default({}),
});

export type GlobalObjectiveText = z.infer<typeof globalObjective>;
export type SliText = z.infer<typeof sli>;
