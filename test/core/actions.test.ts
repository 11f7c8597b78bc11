import { describe, expect, it } from 'vitest';
import type { ActionRecord } from '../../core/actions/action-record.ts';
import { actorOfUser, isSameActor } from '../../core/actions/controllers.ts';
import { decisionOf } from '../../core/actions/decision-of.ts';
import { mergeActions } from '../../core/actions/merge-actions.ts';
import { recogniseAction } from '../../core/actions/recognise-action.ts';
import { recogniseChange } from '../../core/actions/recognise-change.ts';
import { EVENT_READINGS } from '../../core/actions/recognise-event.ts';
import { serviceOfWorkload, workloadOf } from '../../core/actions/workload-of.ts';
import type { RecordedDecision } from '../../core/system-history.ts';
import { stageOf } from '../../gates/fail-modes.ts';
import { actionRecord, auditEntry, k8sEvent } from './action-records.ts';

/** `actor kind target to`, or null. */
function told(record: ActionRecord): string | null {
  const action = recogniseAction(record);
  return action && `${action.actor} ${action.kind} ${action.target} ${action.to}`;
}

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 10, 2, 12);
const audit = (of: Parameters<typeof auditEntry>[0]) =>
  actionRecord({ body: JSON.stringify(auditEntry(of)) });

describe('events of controllers', () => {
  it.each([
    [
      'SuccessfulRescale',
      'New size: 5; reason: cpu resource utilization (percentage of request) above target',
      'HorizontalPodAutoscaler',
      'cart',
      'hpa scale.up cart 5',
    ],
    [
      'SuccessfulRescale',
      'New size: 2; reason: All metrics below target',
      'HorizontalPodAutoscaler',
      'keda-hpa-cart',
      'hpa scale.down cart 2',
    ],
    [
      'SuccessfulRescale',
      'New size: 4; reason: Current number of replicas above Spec.MaxReplicas',
      'HorizontalPodAutoscaler',
      'cart',
      'hpa scale.down cart 4',
    ],
    ['SuccessfulRescale', 'New size: 4; reason: ', 'HorizontalPodAutoscaler', 'cart', 'hpa scale cart 4'],
    ['FailedRescale', 'New size: 4; reason: x; error: denied', 'HorizontalPodAutoscaler', 'cart', null],
    [
      'KEDAScaleTargetActivated',
      'Scaled apps/v1.Deployment shop/cart from 0 to 1, triggered by s0-kafka',
      'ScaledObject',
      'cart-so',
      'keda scale.up cart 1',
    ],
    [
      'KEDAScaleTargetDeactivated',
      'Deactivated apps/v1.Deployment shop/cart from 3 to 0',
      'ScaledObject',
      'cart-so',
      'keda scale.to_zero cart 0',
    ],
    ['KEDAScaleTargetActivationFailed', 'Failed to scale', 'ScaledObject', 'cart-so', null],
    [
      'RolloutUpdated',
      'Rollout updated to revision 5',
      'Rollout',
      'cart',
      'argo-rollouts rollout.start cart null',
    ],
    [
      'RolloutStepCompleted',
      'Rollout step 1/4 completed (setWeight: 20)',
      'Rollout',
      'cart',
      'argo-rollouts rollout.advance cart null',
    ],
    [
      'RolloutCompleted',
      'Rollout completed update to revision 5 (6d4): Completed all 4 canary steps',
      'Rollout',
      'cart',
      'argo-rollouts rollout.complete cart null',
    ],
    [
      'RolloutAborted',
      'Rollout aborted update to revision 5: Metric "gate" assessed Failed',
      'Rollout',
      'cart',
      'argo-rollouts rollback cart null',
    ],
    [
      'TrafficWeightUpdated',
      'Traffic weight updated from 10 to 25',
      'Rollout',
      'cart',
      'argo-rollouts weight.set cart 25',
    ],
    ['RolloutPaused', 'Rollout is paused (CanaryPauseStep)', 'Rollout', 'cart', null],
    [
      'Synced',
      'New revision detected! Scaling up cart.shop',
      'Canary',
      'cart',
      'flagger rollout.start cart null',
    ],
    ['Synced', 'Advance cart.shop canary weight 15', 'Canary', 'cart', 'flagger rollout.advance cart 15'],
    [
      'Synced',
      'Copying cart.shop template spec to cart-primary.shop',
      'Canary',
      'cart',
      'flagger promote cart null',
    ],
    [
      'Synced',
      'Rolling back cart.shop failed checks threshold reached 5',
      'Canary',
      'cart',
      'flagger rollback cart null',
    ],
    ['Synced', 'Halt cart.shop advancement success rate 69.17% < 99%', 'Canary', 'cart', null],
    ['Synced', 'Service synced', 'Service', 'cart', null],
    [
      'DisruptionLaunching',
      'Launching NodeClaim: Underutilized',
      'NodeClaim',
      'default-x7k',
      'karpenter capacity.add  null',
    ],
    [
      'DisruptionTerminating',
      'Disrupting Node: Underutilized/Delete',
      'Node',
      'ip-10-0-0-7',
      'karpenter consolidate.node  null',
    ],
    [
      'DisruptionTerminating',
      'Disrupting Node: Drifted/Replace',
      'Node',
      'ip-10-0-0-7',
      'karpenter capacity.replace  null',
    ],
    ['DisruptionTerminating', 'Disrupting NodeClaim: Underutilized/Delete', 'NodeClaim', 'default-x7k', null],
    ['Unconsolidatable', 'Cannot consolidate: pdb', 'Node', 'ip-10-0-0-7', null],
    [
      'ScaledUpGroup',
      'Scale-up: setting group asg-1 size to 3 instead of 2 (max: 5)',
      'ConfigMap',
      'cluster-autoscaler-status',
      'cluster-autoscaler capacity.add asg-1 3',
    ],
    [
      'TriggeredScaleUp',
      'pod triggered scale-up: [{asg-1 2->3 (max: 5)}]',
      'Pod',
      'cart-6d4cf56db6-x7k2p',
      'cluster-autoscaler capacity.add asg-1 3',
    ],
    [
      'ScaleDown',
      'node removed by cluster autoscaler',
      'Node',
      'ip-10-0-0-7',
      'cluster-autoscaler consolidate.node ip-10-0-0-7 null',
    ],
    ['ScaleDown', 'deleting pod for node scale down', 'Pod', 'cart-6d4cf56db6-x7k2p', null],
    [
      'ScaleDownEmpty',
      'Scale-down: removing empty node "ip-10-0-0-7"',
      'ConfigMap',
      'cluster-autoscaler-status',
      'cluster-autoscaler consolidate.node ip-10-0-0-7 null',
    ],
    [
      'EvictedByVPA',
      'Pod was evicted by VPA Updater to apply resource recommendation.',
      'Pod',
      'cart-6d4cf56db6-x7k2p',
      'vpa rightsize.pods cart null',
    ],
    [
      'Killing',
      'Container cart failed liveness probe, will be restarted',
      'Pod',
      'cart-6d4cf56db6-x7k2p',
      'kubelet restart.one cart null',
    ],
    ['Killing', 'Stopping container cart', 'Pod', 'cart-6d4cf56db6-x7k2p', null],
    ['ScalingReplicaSet', 'Scaled up replica set cart-6d4cf56db6 to 3 from 2', 'Deployment', 'cart', null],
    ['Pulled', 'Container image already present', 'Pod', 'cart-6d4cf56db6-x7k2p', null],
  ])('%s "%s" of a %s', (reason, message, kind, name, expected) => {
    expect(told(k8sEvent({ reason, message, kind, name }))).toBe(expected);
  });

  it('are the same as the k8sobjects receiver writes them, watched or pulled, of either version', () => {
    const core = {
      kind: 'Event',
      reason: 'SuccessfulRescale',
      message: 'New size: 5; reason: cpu resource utilization above target',
      involvedObject: { kind: 'HorizontalPodAutoscaler', name: 'cart', namespace: 'shop' },
      source: { component: 'horizontal-pod-autoscaler' },
      firstTimestamp: '2026-11-02T11:00:00Z',
      lastTimestamp: '2026-11-02T12:00:00Z',
      count: 3,
      metadata: { uid: 'u1', name: 'cart.17f' },
    };
    const { involvedObject, message, firstTimestamp, lastTimestamp, source, count, ...rest } = core;
    const newer = {
      ...rest,
      apiVersion: 'events.k8s.io/v1',
      note: message,
      regarding: involvedObject,
      reportingController: 'horizontal-pod-autoscaler',
      eventTime: null,
      series: { count: 3, lastObservedTime: '2026-11-02T12:00:00.000000Z' },
    };
    const all = [core, { type: 'MODIFIED', object: core }, newer, { type: 'ADDED', object: newer }].map(
      (body) => recogniseAction(actionRecord({ timeMs: NOON + 9_000, body: JSON.stringify(body) })),
    );
    for (const action of all) {
      expect(action).toMatchObject({ actor: 'hpa', kind: 'scale.up', target: 'cart', to: 5, timeMs: NOON });
      expect(action?.key).toBe(all[0]?.key);
    }
    const gone = { type: 'DELETED', object: core };
    expect(recogniseAction(actionRecord({ body: JSON.stringify(gone) }))).toBeNull();
  });

  it('tell of kinds whose stage the gate knows', () => {
    const kinds = new Set<string>();
    for (const reading of Object.values(EVENT_READINGS)) {
      for (const objectKind of ['Rollout', 'Canary', 'Node', 'NodeClaim', 'Pod']) {
        for (const message of [
          'removed',
          'failed liveness probe',
          'Marking for deletion',
          'Rolling back',
          'x',
        ]) {
          const event = {
            timeMs: 0,
            reason: '',
            message,
            objectKind,
            objectName: 'n',
            key: '',
          };
          const kind = reading(event)?.kind;
          if (kind !== undefined) kinds.add(kind);
        }
      }
    }
    expect(kinds.size).toBeGreaterThan(12);
    expect([...kinds].filter((kind) => stageOf(kind) === null)).toEqual([]);
  });
});

describe('audit log', () => {
  const sa = (name: string) => `system:serviceaccount:ops:${name}`;
  it.each([
    [
      'a size',
      {
        verb: 'patch',
        username: sa('remediator'),
        resource: 'deployments',
        subresource: 'scale',
        request: { spec: { replicas: 5 } },
        response: { spec: { replicas: 5 }, status: { replicas: 3 } },
      },
      `${sa('remediator')} scale.up cart 5`,
    ],
    [
      'a size without an answer',
      {
        verb: 'update',
        username: sa('remediator'),
        resource: 'deployments',
        subresource: 'scale',
        request: { spec: { replicas: 5 } },
      },
      `${sa('remediator')} scale cart 5`,
    ],
    [
      'no replicas at all',
      {
        verb: 'update',
        username: sa('remediator'),
        resource: 'statefulsets',
        subresource: 'scale',
        request: { spec: { replicas: 0 } },
      },
      `${sa('remediator')} scale.to_zero cart 0`,
    ],
    [
      'the autoscaler',
      {
        verb: 'update',
        username: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
        resource: 'deployments',
        subresource: 'scale',
        request: { spec: { replicas: 5 } },
      },
      'hpa scale cart 5',
    ],
    [
      'a patch of replicas',
      {
        verb: 'patch',
        username: 'anna@example.org',
        resource: 'deployments',
        request: { spec: { replicas: 2 } },
      },
      'anna@example.org scale cart 2',
    ],
    [
      'an image',
      {
        verb: 'patch',
        username: sa('cd'),
        resource: 'deployments',
        request: { spec: { template: { spec: { containers: [{ name: 'cart', image: 'cart:2' }] } } } },
      },
      `${sa('cd')} deploy cart null`,
    ],
    [
      'a rolling restart',
      {
        verb: 'patch',
        username: 'anna@example.org',
        resource: 'deployments',
        request: {
          spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'x' } } } },
        },
      },
      'anna@example.org restart.rolling cart null',
    ],
    [
      'resources',
      {
        verb: 'patch',
        username: sa('rightsizer'),
        resource: 'deployments',
        request: { spec: { template: { spec: { containers: [{ name: 'cart', resources: {} }] } } } },
      },
      `${sa('rightsizer')} rightsize.resources cart null`,
    ],
    [
      'level Metadata',
      { verb: 'patch', username: sa('cd'), resource: 'deployments' },
      `${sa('cd')} deploy cart null`,
    ],
    [
      'limits of an autoscaler',
      {
        verb: 'patch',
        username: sa('tuner'),
        resource: 'horizontalpodautoscalers',
        request: { spec: { maxReplicas: 9 } },
      },
      `${sa('tuner')} tune.autoscaler cart null`,
    ],
    [
      'one pod',
      { verb: 'delete', username: sa('healer'), resource: 'pods', name: 'cart-6d4cf56db6-x7k2p' },
      `${sa('healer')} restart.one cart null`,
    ],
    [
      'all pods',
      { verb: 'deletecollection', username: sa('healer'), resource: 'pods', name: '' },
      `${sa('healer')} restart.many  null`,
    ],
    [
      'an eviction',
      {
        verb: 'create',
        username: sa('drainer'),
        resource: 'pods',
        subresource: 'eviction',
        name: 'cart-6d4cf56db6-x7k2p',
      },
      `${sa('drainer')} drain.pod cart null`,
    ],
    [
      'the end of a deployment',
      { verb: 'delete', username: sa('cleaner'), resource: 'deployments' },
      `${sa('cleaner')} delete.deployments cart null`,
    ],
    [
      'a route',
      { verb: 'update', username: sa('lb-tuner'), resource: 'httproutes' },
      `${sa('lb-tuner')} route.change cart null`,
    ],
    ['a read', { verb: 'get', username: sa('cd'), resource: 'deployments' }, null],
    ['a status', { verb: 'patch', username: sa('cd'), resource: 'deployments', subresource: 'status' }, null],
    ['what was refused', { verb: 'patch', username: sa('cd'), resource: 'deployments', code: 403 }, null],
    [
      'an earlier stage',
      { verb: 'patch', username: sa('cd'), resource: 'deployments', stage: 'RequestReceived' },
      null,
    ],
    [
      'a dry run',
      { verb: 'patch', username: sa('cd'), resource: 'deployments', uri: '/x?fieldManager=a&dryRun=All' },
      null,
    ],
    [
      'who carries out',
      {
        verb: 'delete',
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        resource: 'pods',
      },
      null,
    ],
    ['a node', { verb: 'patch', username: 'system:node:ip-10-0-0-7', resource: 'nodes' }, null],
  ] as const)('tells of %s', (_, entry, expected) => {
    expect(told(audit(entry))).toBe(expected);
  });

  it('names the person where a person acts, also under another name', () => {
    expect(recogniseAction(audit({ verb: 'delete', username: 'anna', resource: 'pods' }))?.isPerson).toBe(
      true,
    );
    expect(recogniseAction(audit({ verb: 'delete', username: sa('x'), resource: 'pods' }))?.isPerson).toBe(
      false,
    );
    const entry = {
      ...auditEntry({ verb: 'delete', username: 'anna', resource: 'pods' }),
      impersonatedUser: { username: sa('healer') },
    };
    expect(recogniseAction(actionRecord({ body: JSON.stringify(entry) }))?.actor).toBe(sa('healer'));
  });
});

describe('own events and markers', () => {
  const own = (attributes: Record<string, string>, of: Partial<ActionRecord> = {}) =>
    actionRecord({
      eventName: 'automation.action',
      serviceName: 'cart',
      attributes: { 'automation.actor': 'tuner', 'automation.action.kind': 'tune.cache_ttl', ...attributes },
      ...of,
    });

  it('are what they say', () => {
    expect(told(own({ 'automation.action.to': '75.5' }))).toBe('tuner tune.cache_ttl cart 75.5');
    expect(told(own({ 'automation.action.to': '0.3/0.3/0.4' }))).toBe('tuner tune.cache_ttl cart null');
    expect(told(own({ 'automation.target.service': 'catalog' }))).toBe('tuner tune.cache_ttl catalog null');
    expect(
      told(
        own({}, { eventName: '', attributes: { ...own({}).attributes, 'event.name': 'automation.action' } }),
      ),
    ).toBe('tuner tune.cache_ttl cart null');
    expect(recogniseAction(own({ 'automation.decision.id': 'd_1' }))?.decisionId).toBe('d_1');
    expect(told(own({ 'automation.actor': '' }))).toBeNull();
    expect(told(own({}, { eventName: 'something.else' }))).toBeNull();
  });

  it('of a release are an action and a change, once it went out', () => {
    const marker = (status: string) =>
      actionRecord({
        serviceName: 'cart',
        attributes: {
          'deployment.status': status,
          'deployment.id': '1216',
          'deployment.name': 'deploy cart',
        },
      });
    expect(told(marker('succeeded'))).toBe('deployment deploy cart null');
    expect(recogniseChange(marker('succeeded'))).toMatchObject({
      service: 'cart',
      summary: 'deployment deploy cart',
      expects: null,
    });
    expect(told(marker('failed'))).toBeNull();
    expect(recogniseChange(marker('failed'))).toBeNull();
  });

  it('of a change are what a person said', () => {
    const change = (attributes: Record<string, string>) =>
      actionRecord({ eventName: 'change.recorded', serviceName: 'cart', attributes });
    expect(
      recogniseChange(
        change({ 'change.summary': 'cache replaced', 'change.expects': 'hit ratio low for 1 h' }),
      ),
    ).toMatchObject({
      service: 'cart',
      summary: 'cache replaced',
      expects: 'hit ratio low for 1 h',
    });
    expect(recogniseChange(change({ 'change.summary': 's', 'change.target.service': 'db' }))).toMatchObject({
      service: 'db',
      expects: null,
    });
    expect(recogniseChange(change({}))).toBeNull();
    expect(
      recogniseChange(actionRecord({ eventName: 'change.recorded', attributes: { 'change.summary': 's' } })),
    ).toBeNull();
  });
});

describe('garbage', () => {
  it.each([
    ['no JSON', '{"auditID"'],
    ['an array', '[1, 2]'],
    ['a text', '"verb"'],
    ['null within', '{"auditID":null,"verb":1,"user":[],"objectRef":"pods"}'],
    [
      'other types within',
      '{"auditID":"a","verb":{"x":1},"user":{"username":["a"]},"objectRef":{"resource":5,"name":{}}}',
    ],
    [
      'wrong types of a request',
      JSON.stringify(
        auditEntry({
          verb: 'patch',
          username: 'a',
          resource: 'deployments',
          subresource: 'scale',
          request: { spec: [] },
          response: 7,
        }),
      ),
    ],
    [
      'containers that are none',
      JSON.stringify(
        auditEntry({
          verb: 'patch',
          username: 'a',
          resource: 'deployments',
          request: { spec: { template: { spec: { containers: { a: 1 } } } } },
        }),
      ),
    ],
    ['an event of nothing', '{"reason":"SuccessfulRescale","involvedObject":null}'],
    [
      'an event of numbers',
      '{"reason":"SuccessfulRescale","message":5,"involvedObject":{"kind":"HorizontalPodAutoscaler","name":7},"count":"x","lastTimestamp":"yesterday"}',
    ],
    [
      'a reason that objects have anyway',
      '{"reason":"constructor","involvedObject":{"kind":"Pod","name":"a"}}',
    ],
    ['deep nesting', `${'{"object":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
  ])('%s does no harm', (_, body) => {
    const action = recogniseAction(actionRecord({ body }));
    expect(action === null || Number.isFinite(action.timeMs)).toBe(true);
    expect(action?.to ?? null).toBeNull();
    expect(recogniseChange(actionRecord({ body }))).toBeNull();
  });
});

describe('one act', () => {
  const hpa = (size: number, atMs: number, of: { uid?: string; count?: number; reason?: string } = {}) =>
    k8sEvent({
      reason: 'SuccessfulRescale',
      message: `New size: ${size}; reason: ${of.reason ?? ''}`,
      kind: 'HorizontalPodAutoscaler',
      name: 'cart',
      timeMs: atMs,
      ...of,
    });
  const merged = (...records: ActionRecord[]) =>
    mergeActions(records.flatMap((record) => recogniseAction(record) ?? [])).map(
      ({ actor, kind, to }) => `${actor} ${kind} ${to}`,
    );

  it('is one however often it is sent, and another when it happens again', () => {
    const once = hpa(5, NOON, { uid: 'u' });
    expect(merged(once, once, { ...once, timeMs: NOON + 40 * MINUTE })).toEqual(['hpa scale 5']);
    expect(merged(once, hpa(5, NOON + 20 * MINUTE, { uid: 'u', count: 2 }))).toHaveLength(2);
  });

  it('is one whoever tells of it, by who knows best', () => {
    const entry = auditEntry({
      verb: 'update',
      username: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
      resource: 'deployments',
      subresource: 'scale',
      request: { spec: { replicas: 5 } },
    });
    const seen = actionRecord({ body: JSON.stringify(entry) });
    const own = actionRecord({
      eventName: 'automation.action',
      timeMs: NOON + MINUTE,
      attributes: {
        'automation.actor': 'scaler',
        'automation.action.kind': 'scale.up',
        'automation.target.service': 'cart',
        'automation.action.to': '5',
      },
    });
    expect(merged(seen, hpa(5, NOON + 1_000))).toEqual(['hpa scale 5']);
    expect(merged(seen, hpa(5, NOON + 1_000), own)).toEqual(['scaler scale.up 5']);
    expect(merged(seen, hpa(4, NOON + 1_000))).toHaveLength(2);
    expect(merged(seen, hpa(5, NOON + 6 * MINUTE))).toHaveLength(2);
  });

  it('of a machine that two events tell of is one', () => {
    const pod = (name: string) =>
      k8sEvent({
        reason: 'TriggeredScaleUp',
        message: 'pod triggered scale-up: [{asg-1 2->3 (max: 5)}]',
        kind: 'Pod',
        name,
      });
    const group = k8sEvent({
      reason: 'ScaledUpGroup',
      message: 'Scale-up: setting group asg-1 size to 3 instead of 2 (max: 5)',
      kind: 'ConfigMap',
      name: 's',
    });
    expect(merged(pod('a-1'), pod('b-1'), group)).toEqual(['cluster-autoscaler capacity.add 3']);
  });

  it('without a way is told by the size before it', () => {
    expect(merged(hpa(5, NOON), hpa(3, NOON + 10 * MINUTE), hpa(4, NOON + 20 * MINUTE))).toEqual([
      'hpa scale 5',
      'hpa scale.down 3',
      'hpa scale.up 4',
    ]);
  });
});

describe('who and what', () => {
  it('an automation is itself, however it signs in', () => {
    const account = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
    expect(actorOfUser(account)).toBe('hpa');
    expect(actorOfUser('system:serviceaccount:keda-system:keda-operator')).toBe('keda');
    expect(actorOfUser('anna')).toBe('anna');
    expect(isSameActor('hpa', 'hpa/prod', account)).toBe(true);
    expect(isSameActor(account, 'hpa/prod', account)).toBe(true);
    expect(isSameActor('keda', 'hpa/prod', account)).toBe(false);
    expect(isSameActor('hpa', 'hpa/prod', null)).toBe(false);
  });

  it('workloads are found by the names of their parts', () => {
    expect(workloadOf('Pod', 'cart-api-6d4cf56db6-x7k2p')).toBe('cart-api');
    expect(workloadOf('Pod', 'store-0')).toBe('store');
    expect(workloadOf('Node', 'ip-10-0-0-7')).toBe('');
    const names = new Set(['cart', 'web-canary']);
    expect(serviceOfWorkload('cart-hpa', names)).toBe('cart');
    expect(serviceOfWorkload('web-canary', names)).toBe('web-canary');
    expect(serviceOfWorkload('other-hpa', names)).toBe('other-hpa');
  });

  const decision = (of: Partial<RecordedDecision>): RecordedDecision => ({
    minute: 100,
    id: 'd',
    actor: 'hpa/prod',
    service: 'cart',
    kind: 'scale.up',
    outcome: 'allow',
    ...of,
  });
  const action = { minute: 110, actor: 'hpa', service: 'cart', kind: 'scale.up' };
  const isSame = (a: string, b: string) =>
    isSameActor(a, b, 'system:serviceaccount:kube-system:horizontal-pod-autoscaler');
  it.each([
    ['the same', {}, {}, 'd'],
    ['another service', { service: 'db' }, {}, null],
    ['another actor', {}, { actor: 'keda' }, null],
    ['another kind', { kind: 'scale.down' }, {}, null],
    ['a kind of it', {}, { kind: 'scale' }, 'd'],
    ['steps of a rollout', { kind: 'rollout.start' }, { kind: 'rollout.complete' }, 'd'],
    ['still valid', { validUntilMinute: 106 }, {}, 'd'],
    ['no longer valid', { validUntilMinute: 104 }, {}, null],
    ['after half an hour', {}, { minute: 136 }, null],
    ['a clock ahead', { minute: 114 }, {}, 'd'],
    ['asked afterwards', { minute: 120 }, {}, null],
  ] as const)('a decision covers %s', (_, asked, done, expected) => {
    expect(decisionOf({ ...action, ...done }, [decision(asked)], isSame)?.id ?? null).toBe(expected);
  });

  it('the last word counts', () => {
    const both = [decision({ id: 'd1' }), decision({ id: 'd2', minute: 105, outcome: 'hold' })];
    expect(decisionOf(action, both, isSame)?.id).toBe('d2');
  });
});
