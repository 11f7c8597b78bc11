import type { DecisionRequest, Stage } from '../../core/decision.ts';

type Facts = Readonly<Record<string, unknown>>;

/** One kind of action, in full: allowed where all is well. */
export interface ActionKind {
  readonly stage: Stage;
  readonly kind: string;
  /** What must come of it on data that is unknown, or known to be bad. */
  readonly onUnknown: 'allow' | 'allow-capped' | 'hold' | 'deny';
  /** With `allow-capped`: growth beyond the present size. */
  readonly capRatio?: number;
  readonly facts: Partial<DecisionRequest['action']>;
  /** Numbers that the actor has to say it saw. */
  readonly saw?: Readonly<Record<string, number>>;
}

const replicas = (from: number, to: number) => ({ from: { replicas: from }, to: { replicas: to } });
const one: Facts = { count: 1, of: 12 };

function kind(
  stage: Stage,
  onUnknown: ActionKind['onUnknown'],
  name: string,
  facts: ActionKind['facts'] = { blastRadius: one },
  more: Pick<ActionKind, 'capRatio' | 'saw'> = {},
): ActionKind {
  return { stage, kind: name, onUnknown, facts, ...more };
}

const failover = { saw: { outage_s: 600, replica_lag_s: 1 } };

/**
 * Every stage, both directions, with the fail mode as people decided on it. Written down here a second time and not
 * read from the product: who loosens a row there has to loosen it here as well.
 */
export const ACTION_KINDS: readonly ActionKind[] = [
  kind('provisioning', 'allow-capped', 'capacity.add', replicas(8, 9), { capRatio: 0.25 }),
  kind('provisioning', 'allow-capped', 'quota.raise', { to: { quota: 120 } }, { capRatio: 0.25 }),
  kind('provisioning', 'hold', 'quota.lower'),
  kind('provisioning', 'hold', 'capacity.remove'),
  kind('provisioning', 'hold', 'template.change'),
  kind('deployment', 'hold', 'rollout.start'),
  kind('deployment', 'hold', 'rollout.advance'),
  kind('deployment', 'deny', 'promote'),
  kind('deployment', 'deny', 'schema.migrate'),
  kind('deployment', 'allow', 'rollback'),
  kind('scaling', 'allow-capped', 'scale.up', replicas(8, 10), { capRatio: 0.5 }),
  kind('scaling', 'allow-capped', 'scale.out', replicas(8, 10), { capRatio: 0.5 }),
  kind('scaling', 'hold', 'scale.down', replicas(8, 6)),
  kind('scaling', 'hold', 'scale.in', replicas(8, 6)),
  kind('scaling', 'deny', 'scale.to_zero', {}),
  kind('routing', 'hold', 'shift.to_new'),
  kind('routing', 'hold', 'weight.up'),
  kind('routing', 'hold', 'drain'),
  kind('routing', 'allow', 'restore'),
  kind('routing', 'allow', 'fail_open'),
  kind('recovery', 'allow', 'restart.one'),
  kind('recovery', 'hold', 'restart.many'),
  kind('recovery', 'hold', 'reimage'),
  kind('recovery', 'deny', 'failover.cross_region', { blastRadius: one }, failover),
  kind('recovery', 'deny', 'promote_db', { blastRadius: one }, failover),
  kind('optimisation', 'hold', 'rightsize.down'),
  kind('optimisation', 'hold', 'consolidate'),
  kind('optimisation', 'hold', 'spot.move'),
  kind('optimisation', 'hold', 'sampling.reduce'),
  kind('optimisation', 'hold', 'cache.ttl'),
  kind('decommissioning', 'deny', 'delete'),
  kind('decommissioning', 'deny', 'wipe'),
  kind('decommissioning', 'deny', 'revoke'),
  kind('decommissioning', 'deny', 'retention.cut'),
];

/** More capacity, the known-good version, traffic given back, one restart. */
export function isSafe({ onUnknown }: ActionKind): boolean {
  return onUnknown.startsWith('allow');
}
