import type { ActionRecord } from './action-record.ts';
import { serviceOf } from './action-record.ts';
import type { Controller } from './controllers.ts';
import { type KubernetesEvent, kubernetesEvent } from './kubernetes-event.ts';
import type { RecognisedAction } from './recognised-action.ts';
import { workloadOf } from './workload-of.ts';

interface Told {
  readonly actor: Controller;
  readonly kind: string;
  readonly to?: number | null;
  /** Other than the event's object. */
  readonly target?: string | undefined;
  /** Where several events tell of one act: theirs in common. */
  readonly key?: string;
}

/** What an event of this reason tells; null: nothing was done. */
type Reading = (event: KubernetesEvent) => Told | null;

/**
 * Events by their reason, in the words of the controllers' sources. Events that only tell of a plan, of a failure or of
 * pods that follow from what was decided before are not here.
 * @see kubernetes/pkg/controller/podautoscaler, keda/pkg/eventreason, argo-rollouts/utils/conditions,
 *   flagger/pkg/controller, karpenter/pkg/controllers/disruption/events, autoscaler/cluster-autoscaler
 */
export const EVENT_READINGS: Readonly<Record<string, Reading>> = {
  SuccessfulRescale: ({ message }) => ({ actor: 'hpa', ...rescaled(message) }),

  KEDAScaleTargetActivated: ({ message }) => ({
    actor: 'keda',
    kind: 'scale.up',
    to: lastTo(message),
    target: scaleTarget(message),
  }),
  KEDAScaleTargetDeactivated: ({ message }) => {
    const to = lastTo(message);
    return {
      actor: 'keda',
      kind: to === 0 ? 'scale.to_zero' : 'scale.down',
      to,
      target: scaleTarget(message),
    };
  },
  KEDAJobsCreated: () => ({ actor: 'keda', kind: 'scale.out' }),

  RolloutUpdated: argo('rollout.start'),
  RolloutStepCompleted: argo('rollout.advance'),
  RolloutResumed: argo('rollout.advance'),
  RolloutCompleted: argo('rollout.complete'),
  RolloutAborted: argo('rollback'),
  TrafficWeightUpdated: ({ message }) => ({
    actor: 'argo-rollouts',
    kind: 'weight.set',
    to: lastTo(message),
  }),
  SwitchService: argo('shift'),

  Synced: ({ objectKind, message }) => (objectKind === 'Canary' ? flagger(message) : null),

  DisruptionTerminating: ({ objectKind, message }) =>
    // Told of the node and of its claim: once is enough.
    objectKind === 'Node' ? { actor: 'karpenter', kind: disrupted(message) } : null,
  DisruptionLaunching: () => ({ actor: 'karpenter', kind: 'capacity.add' }),
  Launched: ({ objectKind }) =>
    objectKind === 'NodeClaim' ? { actor: 'karpenter', kind: 'capacity.add' } : null,

  ScaledUpGroup: (event) =>
    groupGrown(event, /group (\S+)/.exec(event.message)?.[1], numberIn(/size to (\d+)/, event.message)),
  // On every pod that waits for it, with all groups: "pod triggered scale-up: [{group 1->2 (max: 5)}]".
  TriggeredScaleUp: (event) =>
    groupGrown(event, /\[\{(\S+) /.exec(event.message)?.[1], numberIn(/->(\d+)/, event.message)),
  ScaleDown: ({ objectKind, objectName, message }) =>
    // Of a node first that it is marked, then that it is gone; of each of its pods that it goes.
    objectKind === 'Node' && /removed/.test(message) ? nodeRemoved(objectName) : null,
  ScaleDownEmpty: ({ message }) => nodeRemoved(/node "?([^"\s]+)/.exec(message)?.[1] ?? ''),

  EvictedByVPA: () => ({ actor: 'vpa', kind: 'rightsize.pods' }),
  InPlaceResizedByVPA: () => ({ actor: 'vpa', kind: 'rightsize.pods' }),

  Killing: ({ message }) =>
    /failed (liveness|startup) probe/.test(message) ? { actor: 'kubelet', kind: 'restart.one' } : null,
  TaintManagerEviction: ({ message }) =>
    /^Marking for deletion/.test(message) ? { actor: 'node-controller', kind: 'restart.evict' } : null,
  Preempted: () => ({ actor: 'scheduler', kind: 'restart.evict' }),
  Descheduled: () => ({ actor: 'descheduler', kind: 'consolidate.pods' }),
};

/** Events of controllers of Kubernetes that tell of something done. */
export function recogniseEvent(record: ActionRecord): RecognisedAction | null {
  const event = kubernetesEvent(record);
  if (event === null || !Object.hasOwn(EVENT_READINGS, event.reason)) return null;
  const told = EVENT_READINGS[event.reason]?.(event) ?? null;
  if (told === null) return null;
  return {
    timeMs: event.timeMs,
    actor: told.actor,
    target: told.target ?? serviceOf(record) ?? workloadOf(event.objectKind, event.objectName),
    kind: told.kind,
    to: told.to ?? null,
    decisionId: null,
    key: `event|${told.key ?? event.key}`,
    rank: 'controller',
    isPerson: false,
  };
}

function argo(kind: string): Reading {
  return ({ objectKind }) => (objectKind === 'Rollout' ? { actor: 'argo-rollouts', kind } : null);
}

/** The event has the new size only; its reason tells the way, where it is one of the autoscaler's own. */
function rescaled(message: string): Pick<Told, 'kind' | 'to'> {
  const to = numberIn(/New size: (\d+)/, message);
  if (to === 0) return { kind: 'scale.to_zero', to };
  if (/above target|below Spec\.MinReplicas/.test(message)) return { kind: 'scale.up', to };
  if (/below target|above Spec\.MaxReplicas/.test(message)) return { kind: 'scale.down', to };
  return { kind: 'scale', to };
}

/** All of Flagger's events have one reason. */
function flagger(message: string): Told | null {
  const of = (kind: string, to: number | null = null): Told => ({ actor: 'flagger', kind, to });
  if (/^New revision detected/.test(message)) return of('rollout.start');
  if (/^Advance .* canary weight/.test(message))
    return of('rollout.advance', numberIn(/weight (\d+)/, message));
  if (/^Copying .* template spec/.test(message)) return of('promote');
  if (/^Rolling back/.test(message)) return of('rollback');
  return /^Promotion completed/.test(message) ? of('rollout.complete') : null;
}

function disrupted(message: string): string {
  return /Underutilized|Empty/.test(message) ? 'consolidate.node' : 'capacity.replace';
}

/** "apps/v1.Deployment shop/cart from 0 to 1" */
function scaleTarget(message: string): string | undefined {
  return / [\w.-]+\/([\w.-]+) from /.exec(message)?.[1];
}

/** Told of the group, and of each pod that waited for it, within a loop of the autoscaler. */
function groupGrown({ timeMs }: KubernetesEvent, group = '', to: number | null): Told {
  const key = `${group}|${to}|${Math.floor(timeMs / 600_000)}`;
  return { actor: 'cluster-autoscaler', kind: 'capacity.add', to, target: group, key };
}

function nodeRemoved(node: string): Told {
  return { actor: 'cluster-autoscaler', kind: 'consolidate.node', target: node, key: `node removed|${node}` };
}

function lastTo(message: string): number | null {
  return numberIn(/\bto (\d+)/, message);
}

function numberIn(pattern: RegExp, text: string): number | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}
