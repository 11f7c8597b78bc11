import type { MaskHistory } from './mask-metrics.ts';

/** What a service says of itself each minute; the names in OpenTelemetry they come from stand beside them. */
const SERVICE_SERIES = [
  'requests', // count of http.server.request.duration, rpc.server.call.duration
  'errors', // the same with error.type
  'rejected', // the same with 429 or 503
  'meanMs',
  'p50Ms',
  'p99Ms',
  'selfMs', // from traces: span time without children; means less those of calls are no own time, for calls overlap
  'criticalPathMs', // from traces: share of the request's critical path
  'cpuRatio', // k8s.container.cpu.limit.utilization
  'inflight', // http.server.active_requests
  'queueLength', // db.client.connection.pending_requests, or a queue's gauge
  'replicas', // k8s.hpa.pod.current
  'replicasReady', // k8s.deployment.pod.available
  'replicasDesired', // k8s.hpa.pod.desired
  'replicasMin', // k8s.hpa.pod.min
  'replicasMax', // k8s.hpa.pod.max
  'cpuTarget', // k8s.hpa.metric.target.cpu.average_utilization
  'cpuLimitCores', // k8s.container.cpu.limit
  'version', // service.version, numbered in order of first sight
  'restarts', // increments of k8s.container.restart.count
  'memoryRatio', // container.memory.working_set over its limit
  'retries', // client spans with http.request.resend_count
  'timeouts', // client spans with error.type timeout
  'fallbacks', // no convention
  'breakerOpen', // no convention; share of the minute
  'callsRefused', // no convention; by a breaker or a full pool, as what they were for
  'cost', // a billing metric
  'cacheHits', // no convention, as all that follow
  'cacheMisses',
  'cacheTtlS',
  'staleAnswers',
] as const;
export type ServiceSeries = (typeof SERVICE_SERIES)[number];

/** A minute each; NaN where nothing is known. A series that nobody sends is not there. */
export interface ServiceHistory {
  readonly name: string;
  readonly series: Readonly<Partial<Record<ServiceSeries, Float64Array>>>;
}

/** What a caller saw of a callee, in steps of `EDGE_STEP_MINUTES`; NaN where nothing is known, 0 where nothing was called. */
export interface EdgeHistory {
  readonly from: string;
  readonly to: string;
  readonly calls: Float64Array;
  /** Calls with what was tried again. */
  readonly attempts: Float64Array;
  readonly failures: Float64Array;
  /** As the caller felt it: retries included. */
  readonly latencyMs: Float64Array;
}
export const EDGE_STEP_MINUTES = 10;

/** One part of a service that traffic is shared between: a zone, a cell. A minute each. */
export interface PoolHistory {
  readonly service: string;
  readonly pool: string;
  readonly shareRatio: Float64Array;
  readonly p50Ms: Float64Array;
  readonly replicas: Float64Array;
}

/** What users of the whole saw. A minute each. */
export interface UserHistory {
  readonly requests: Float64Array;
  readonly ok: Float64Array;
  readonly p50Ms: Float64Array;
  readonly p99Ms: Float64Array;
  readonly cost: Float64Array;
}

/** Something an automation did, as it says itself, its controller or an audit log; a person's doing by hand too. */
export interface RecordedAction {
  readonly minute: number;
  readonly actor: string;
  readonly service: string;
  readonly kind: string;
  /** What it was set to, where that is a number. */
  readonly to: number | null;
  readonly decisionId: string | null;
  /** By hand: a person, and no automation. */
  readonly isPerson?: boolean | undefined;
}

export interface RecordedDecision {
  readonly minute: number;
  readonly id: string;
  readonly actor: string;
  readonly service: string;
  readonly kind: string;
  readonly outcome: 'allow' | 'deny' | 'hold';
  /** Until when it holds; left out: nobody said. */
  readonly validUntilMinute?: number | undefined;
}

/** A change that a person recorded and approved. */
export interface RecordedChange {
  readonly minute: number;
  readonly service: string;
  readonly summary: string;
  /** What it was said to move, in people's words; null: nothing that anybody should see. */
  readonly expects: string | null;
}

export interface ServiceIntent {
  readonly replicasMin: number | null;
  readonly replicasMax: number | null;
  readonly cpuTarget: number | null;
  readonly cpuLimitCores: number | null;
  readonly isAutoscaled: boolean;
  /** How far a setting may be from what is intended; left out: the detector's own. */
  readonly toleranceRatio?: number | undefined;
}

/** What an automation works for, as its owner says. */
export interface LocalObjective {
  /** `set/id` of the constraint it comes from. */
  readonly constraint?: string | undefined;
  readonly actor: string;
  /** A service, or an edge `a->b`. */
  readonly subject: string;
  /** `cost`, `p50_ms`, `latency_ms`, `cache_hit_ratio`, … */
  readonly metric: string;
  readonly wants: 'less' | 'more';
}

/** What everybody wants together. */
export interface GlobalObjective {
  /** `set/id` of the constraint it comes from. */
  readonly constraint?: string | undefined;
  readonly metric: string;
  readonly min: number | null;
  readonly max: number | null;
  readonly ratioToReferenceMax: number | null;
}

/** What people want of some of the requests. Of a route, a duration or a status other than 500 no series tells. */
export interface RequestObjective extends GlobalObjective {
  readonly service: string;
  /** null: all that the service answers. */
  readonly route: string | null;
  /** Requests with this status or a higher one are not good; null: errors are not. */
  readonly statusBelow: number | null;
  /** Requests that take longer are not good; null: however long. */
  readonly durationMsBelow: number | null;
}

/** An actor that acts by itself. */
export interface AutomationIntent {
  readonly constraint: string;
  readonly actor: string;
  /** What it is called where it authenticates. */
  readonly identity: string | null;
  /** `standing`: it may act within its bounds without asking. */
  readonly gate: 'required' | 'standing';
  /** Globs of kinds that it may do without asking. */
  readonly standingKinds: readonly string[];
  readonly bounds: readonly {
    readonly setting: ServiceSeries | 'poolShare';
    readonly min: number | null;
    readonly max: number | null;
  }[];
}

/** Calls that nobody may make; callers and callees are globs. */
interface ForbiddenEdges {
  readonly from: string;
  readonly to: string;
  /** Callers that may. */
  readonly except: readonly string[];
}

/** What people intended; what is not said is null or empty, and then nothing is held against it. */
export interface DesignIntent {
  /** null: no topology was declared. */
  readonly edges: readonly { readonly from: string; readonly to: string }[] | null;
  /** Ranks before what is only not declared. */
  readonly forbiddenEdges?: readonly ForbiddenEdges[] | undefined;
  readonly services: ReadonlyMap<string, ServiceIntent>;
  readonly retryBudgetRatio: number | null;
  readonly caches: readonly {
    readonly service: string;
    readonly ttlSMax: number | null;
    readonly staleRatioMax: number | null;
  }[];
  readonly poolShares: readonly { readonly service: string; readonly min: number; readonly max: number }[];
  readonly fallbacks: readonly {
    readonly edge: string;
    readonly ratioMax: number;
    readonly continuousMinutesMax: number;
  }[];
  readonly objectives: {
    readonly global: readonly GlobalObjective[];
    readonly local: readonly LocalObjective[];
    readonly ofRequests?: readonly RequestObjective[] | undefined;
  };
  /** Actors that must ask a gate before they act. */
  readonly gatedActors: readonly string[];
  readonly automation?: readonly AutomationIntent[] | undefined;
}

/**
 * One system over time: what detectors of drift look at. Minute 0 begins at `startMs`; arrays have `minutes` elements
 * (edges a tenth, rounded up).
 */
export interface SystemHistory {
  readonly startMs: number;
  readonly minutes: number;
  readonly services: ReadonlyMap<string, ServiceHistory>;
  readonly edges: readonly EdgeHistory[];
  /** What libraries of callers count; left out: nobody exports any. */
  readonly masks?: readonly MaskHistory[] | undefined;
  readonly pools: readonly PoolHistory[];
  readonly users: UserHistory | null;
  readonly actions: readonly RecordedAction[];
  readonly decisions: readonly RecordedDecision[];
  readonly changes: readonly RecordedChange[];
  readonly intent: DesignIntent;
}
