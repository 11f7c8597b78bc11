import { describe, expect, it } from 'vitest';
import { actionsOf } from '../../main/adapters/kubernetes/actions-of.ts';
import { actorOf } from '../../main/adapters/kubernetes/actor-of.ts';
import type { AdmissionRequest } from '../../main/adapters/kubernetes/admission-review.ts';
import { readBreakGlass } from '../../main/adapters/kubernetes/break-glass.ts';
import { targetOf } from '../../main/adapters/kubernetes/target-of.ts';
import { recorded } from './recorded.ts';

type Parts = Partial<Omit<AdmissionRequest, 'object' | 'oldObject'>> & { before?: object; after?: object };

function requestOf(resource: string, { before, after, ...parts }: Parts = {}): AdmissionRequest {
  return {
    ...(recorded('admission-hpa-scale').request as AdmissionRequest),
    resource: { group: 'apps', version: 'v1', resource },
    subResource: '',
    object: after === undefined ? null : { ...after },
    oldObject: before === undefined ? null : { ...before },
    ...parts,
  };
}

const spec = (given: object) => ({ spec: given });
const template = (image: string, annotations?: object) => ({
  template: {
    metadata: { labels: { a: 'b' }, ...(annotations === undefined ? {} : { annotations }) },
    spec: { containers: [{ image }] },
  },
});

describe('actionsOf', () => {
  it.each<[string, AdmissionRequest, object[]]>([
    [
      'a workload that shrinks',
      requestOf('statefulsets', { before: spec({ replicas: 5 }), after: spec({ replicas: 3 }) }),
      [
        {
          kind: 'scale.down',
          from: { replicas: 5 },
          to: { replicas: 3 },
          blastRadius: { unit: 'replicas', count: 2, of: 5 },
        },
      ],
    ],
    [
      'a rollout without replicas, which means one',
      requestOf('rollouts', { before: spec({}), after: spec({ replicas: 2 }) }),
      [{ kind: 'scale.up', from: { replicas: 1 }, to: { replicas: 2 } }],
    ],
    [
      'a replica set to zero',
      requestOf('replicasets', { before: spec({ replicas: 1 }), after: spec({ replicas: 0 }) }),
      [
        {
          kind: 'scale.to_zero',
          from: { replicas: 1 },
          to: { replicas: 0 },
          blastRadius: { unit: 'replicas', count: 1, of: 1 },
        },
      ],
    ],
    [
      'a new image and fewer replicas at once: two questions',
      requestOf('deployments', {
        before: spec({ replicas: 4, ...template('web:1') }),
        after: spec({ replicas: 2, ...template('web:2') }),
      }),
      [
        { kind: 'rollout.start', from: { image: 'web:1' }, to: { image: 'web:2' } },
        {
          kind: 'scale.down',
          from: { replicas: 4 },
          to: { replicas: 2 },
          blastRadius: { unit: 'replicas', count: 2, of: 4 },
        },
      ],
    ],
    [
      'a restart',
      requestOf('deployments', {
        before: spec(template('web:1')),
        after: spec(template('web:1', { 'kubectl.kubernetes.io/restartedAt': '2026-11-27T12:00:00Z' })),
      }),
      [{ kind: 'restart.many', from: { image: 'web:1' }, to: { image: 'web:1' } }],
    ],
    [
      'a step back that says so',
      requestOf('deployments', {
        before: spec(template('web:2')),
        after: {
          metadata: { annotations: { 'plumbline.dev/action': 'rollback' } },
          ...spec(template('web:1')),
        },
      }),
      [{ kind: 'rollback', from: { image: 'web:2' }, to: { image: 'web:1' } }],
    ],
    [
      'a workload that is new',
      requestOf('deployments', { operation: 'CREATE', after: spec({ replicas: 3, ...template('web:1') }) }),
      [{ kind: 'rollout.start', to: { replicas: 3, image: 'web:1' } }],
    ],
    [
      'a label of a workload',
      requestOf('deployments', {
        before: { metadata: {}, ...spec({}) },
        after: { metadata: { labels: { a: 'b' } }, ...spec({}) },
      }),
      [],
    ],
    [
      'a lower least of an autoscaler',
      requestOf('horizontalpodautoscalers', {
        before: spec({ minReplicas: 4, maxReplicas: 10 }),
        after: spec({ maxReplicas: 10 }),
      }),
      [
        {
          kind: 'quota.lower',
          from: { minReplicas: 4, maxReplicas: 10, replicas: 4 },
          to: { minReplicas: 1, maxReplicas: 10, replicas: 1 },
        },
      ],
    ],
    [
      'a lower most',
      requestOf('scaledobjects', { before: spec({}), after: spec({ maxReplicaCount: 5 }) }),
      [
        {
          kind: 'quota.lower',
          from: { minReplicas: 0, maxReplicas: 100 },
          to: { minReplicas: 0, maxReplicas: 5 },
        },
      ],
    ],
    [
      'more room for an autoscaler',
      requestOf('horizontalpodautoscalers', {
        before: spec({ maxReplicas: 10 }),
        after: spec({ maxReplicas: 20 }),
      }),
      [
        {
          kind: 'quota.raise',
          from: { minReplicas: 1, maxReplicas: 10 },
          to: { minReplicas: 1, maxReplicas: 20 },
        },
      ],
    ],
    [
      'a looser disruption budget',
      requestOf('poddisruptionbudgets', {
        before: spec({ minAvailable: '50%' }),
        after: spec({ minAvailable: '20%' }),
      }),
      [{ kind: 'drain.policy' }],
    ],
    [
      'one that cannot be compared',
      requestOf('poddisruptionbudgets', {
        before: spec({ minAvailable: 2 }),
        after: spec({ minAvailable: '50%' }),
      }),
      [{ kind: 'drain.policy' }],
    ],
    [
      'a tighter one',
      requestOf('poddisruptionbudgets', {
        before: spec({ maxUnavailable: 2 }),
        after: spec({ maxUnavailable: 1 }),
      }),
      [],
    ],
    [
      'a node that is cordoned',
      requestOf('nodes', { before: spec({}), after: spec({ unschedulable: true }) }),
      [{ kind: 'drain.node' }],
    ],
    [
      'a node that is given back',
      requestOf('nodes', { before: spec({ unschedulable: true }), after: spec({}) }),
      [{ kind: 'restore' }],
    ],
    ['a node that goes', requestOf('nodes', { operation: 'DELETE', before: {} }), [{ kind: 'drain.node' }]],
    [
      'a claim that goes',
      requestOf('nodeclaims', { operation: 'DELETE', before: {} }),
      [{ kind: 'consolidate.node' }],
    ],
    [
      'another way to consolidate',
      requestOf('nodepools', {
        before: spec({ disruption: { consolidateAfter: '1h' } }),
        after: spec({ disruption: { consolidateAfter: '1m' } }),
      }),
      [{ kind: 'consolidate.policy' }],
    ],
    ['a pool that goes', requestOf('nodepools', { operation: 'DELETE', before: {} }), [{ kind: 'delete' }]],
    [
      'a namespace that goes',
      requestOf('namespaces', { operation: 'DELETE', before: {} }),
      [{ kind: 'delete' }],
    ],
    [
      'a volume that goes',
      requestOf('persistentvolumeclaims', { operation: 'DELETE', before: {} }),
      [{ kind: 'delete' }],
    ],
    [
      'an eviction',
      requestOf('pods', { operation: 'CREATE', subResource: 'eviction', after: {} }),
      [{ kind: 'drain.pod' }],
    ],
    ['a status', requestOf('deployments', { subResource: 'status', before: {}, after: {} }), []],
  ])('%s', (_, request, actions) => {
    expect(actionsOf(request)).toEqual(actions);
  });

  it.each([
    ['a change that shows only one side', requestOf('deployments', { after: spec({ replicas: 1 }) })],
    ['a scale that shows no side', requestOf('deployments', { subResource: 'scale' })],
    ['a workload that is not there', requestOf('deployments', { operation: 'CREATE' })],
    ['a shell', requestOf('pods', { operation: 'CONNECT', subResource: 'exec', after: {} })],
    ['a kind nobody knows', requestOf('widgets', { before: {}, after: {} })],
  ])('refuses %s', (_, request) => {
    expect(() => actionsOf(request)).toThrow(expect.objectContaining({ code: 'request_invalid' }));
  });
});

describe('actorOf', () => {
  it.each([
    ['system:serviceaccount:kube-system:horizontal-pod-autoscaler', 'hpa/shop', 'autoscaler'],
    ['system:serviceaccount:keda:keda-operator', 'keda/shop', 'autoscaler'],
    ['system:serviceaccount:karpenter:karpenter', 'karpenter/shop', 'autoscaler'],
    ['system:serviceaccount:argocd:argocd-application-controller', 'argocd/shop', 'deployer'],
    ['system:serviceaccount:ops:rightsizer', 'system:serviceaccount:ops:rightsizer', 'service-account'],
    ['system:kube-scheduler', 'system:kube-scheduler', 'component'],
    ['alice@example.com', 'user/alice@example.com', 'human'],
  ])('%s is %s', (username, id, type) => {
    expect(actorOf({ userInfo: { username }, namespace: 'shop' })).toEqual({ id, type });
  });
});

describe('targetOf', () => {
  const named = (metadata: object, parts: Parts = {}) =>
    targetOf(requestOf('deployments', { name: 'web-7', after: { metadata }, ...parts }))['service'];

  it.each([
    [
      'the annotation',
      named({
        annotations: { 'plumbline.dev/service': 'checkout' },
        labels: { 'app.kubernetes.io/name': 'x' },
      }),
      'checkout',
    ],
    ['the label', named({ labels: { 'app.kubernetes.io/name': 'checkout' } }), 'checkout'],
    ['the name', named({}), 'web-7'],
    [
      'of an evicted pod its workload',
      named({}, { name: 'checkout-7d9f8c6b5-x2x9q', subResource: 'eviction' }),
      'checkout',
    ],
    ['of an evicted pod of a set its set', named({}, { name: 'cart-0', subResource: 'eviction' }), 'cart'],
    ['nothing is everything', targetOf(requestOf('pods', { name: '' }))['service'], '*'],
  ])('%s', (_, service, expected) => {
    expect(service).toBe(expected);
  });

  it('takes env and region from annotations', () => {
    const annotations = { 'plumbline.dev/env': 'prod', 'plumbline.dev/region': 'eu' };
    expect(targetOf(requestOf('deployments', { after: { metadata: { annotations } } }))).toMatchObject({
      env: 'prod',
      region: 'eu',
    });
  });
});

describe('readBreakGlass', () => {
  const nowMs = Date.parse('2026-11-27T12:00:00Z');
  const read = (text: string, actorType = 'human') =>
    readBreakGlass(
      { object: { metadata: { annotations: { 'plumbline.dev/break-glass': text } } }, oldObject: null },
      { actorType, nowMs },
    );

  it('counts until it ends', () => {
    const valid = { isValid: true, untilMs: nowMs + 1_000, reason: 'INC-1: half of eu-west-1' };
    expect(read('2026-11-27T12:00:01Z INC-1: half of eu-west-1')).toEqual(valid);
    expect(readBreakGlass({ object: {}, oldObject: null }, { actorType: 'human', nowMs })).toBeNull();
  });

  it.each([
    ['without a reason', '2026-11-27T13:00:00Z', 'human', 'write it as'],
    ['without a time', 'true', 'human', 'write it as'],
    ['with a time that is none', '2026-13-99T13:00:00Z because', 'human', 'write it as'],
    ['with a time of no zone', '2026-11-27T13:00:00 because', 'human', 'write it as'],
    ['that ended', '2026-11-27T12:00:00Z because', 'human', 'it ended'],
    ['for ever', '2030-01-01T00:00:00Z because', 'human', 'within 24 h'],
    ['of an automation', '2026-11-27T13:00:00Z because', 'service-account', 'only people'],
  ])('%s does not count', (_, text, actorType, problem) => {
    expect(read(text, actorType)).toEqual({ isValid: false, problem: expect.stringContaining(problem) });
  });
});
