import { describe, expect, it } from 'vitest';
import { metricNames } from '../../../gates/failmodes/promql.ts';
import { readManifests } from '../../../gates/failmodes/read-manifests.ts';
import { RULES } from '../../../gates/failmodes/rules.ts';

/** What a rule says of the first object beside the others: something found, fine, or not its business (none). */
function verdict(id: string, ...objects: readonly string[]): 'found' | 'fine' | 'none' {
  const rule = RULES.find((one) => one.id === id) as (typeof RULES)[number];
  const { manifests, refusals } = readManifests(objects.join('\n---\n'), 'a.yaml');
  expect(refusals).toEqual([]);
  const [first] = manifests as [(typeof manifests)[number]];
  expect(rule.kinds).toContain(`${first.group}/${first.kind}`);
  const places = [...rule.check(first, manifests)];
  if (places.length === 0) return 'none';
  return places.some(({ found }) => found !== null) ? 'found' : 'fine';
}

const object = (api: string, kind: string, spec: string, metadata = '{ name: a, namespace: shop }') =>
  `apiVersion: ${api}\nkind: ${kind}\nmetadata: ${metadata}\nspec: ${spec}`;
const hpa = (spec: string) =>
  object('autoscaling/v2', 'HorizontalPodAutoscaler', `{ maxReplicas: 9, ${spec} }`);
const keda = (spec: string) => object('keda.sh/v1alpha1', 'ScaledObject', `{ ${spec} }`);
const trigger = (metadata: string, type = 'prometheus') =>
  `triggers: [{ type: ${type}, metadata: { ${metadata} } }]`;
const metric = (fields: string, provider = 'prometheus: {}') =>
  object(
    'argoproj.io/v1alpha1',
    'AnalysisTemplate',
    `{ metrics: [{ name: m, provider: { ${provider} }, ${fields} }] }`,
  );
const passes = (condition: string) => metric(`successCondition: ${JSON.stringify(condition)}`, 'datadog: {}');
const rollout = (strategy: string) =>
  object('argoproj.io/v1alpha1', 'Rollout', `{ strategy: { ${strategy} } }`);
const canary = (analysis: string) => object('flagger.app/v1beta1', 'Canary', `{ analysis: { ${analysis} } }`);
const webhook = (fields: string, rule: string) =>
  `apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: { name: a }\nwebhooks: [{ name: w, ${fields}, rules: [{ ${rule} }] }]`;
const PODS = 'operations: [CREATE], apiGroups: [""], resources: [pods]';
const deleting = (resource: string, group = '""') =>
  `operations: [DELETE], apiGroups: [${group}], resources: ["${resource}"]`;
const selector = (expression: string) => `failurePolicy: Fail, namespaceSelector: { ${expression} }`;
const byName = (operator: string, values: string) =>
  selector(
    `matchExpressions: [{ key: kubernetes.io/metadata.name, operator: ${operator}, values: [${values}] }]`,
  );
const pool = (disruption: string, api = 'karpenter.sh/v1') =>
  object(api, 'NodePool', `{ disruption: { ${disruption} } }`);
const autoscaler = (args: string) =>
  object(
    'apps/v1',
    'Deployment',
    `{ template: { spec: { containers: [{ command: [./cluster-autoscaler], args: [${args}] }] } } }`,
  );
const deployment = (replicas: string) =>
  object('apps/v1', 'Deployment', `{ ${replicas} template: { metadata: { labels: { app: a } } } }`);
const budget = (spec: string, namespace = 'shop') =>
  object('policy/v1', 'PodDisruptionBudget', `{ ${spec} }`, `{ name: a, namespace: ${namespace} }`);
const vpa = (spec: string) =>
  object(
    'autoscaling.k8s.io/v1',
    'VerticalPodAutoscaler',
    `{ targetRef: { kind: Deployment, name: a }, ${spec} }`,
  );
const scaler = (namespace: string) =>
  object(
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    '{ scaleTargetRef: { kind: Deployment, name: a } }',
    `{ name: h, namespace: ${namespace} }`,
  );
const repair = (spec: string) => object('cluster.x-k8s.io/v1beta1', 'MachineHealthCheck', `{ ${spec} }`);
const alerts = (...expressions: readonly string[]) =>
  `groups: [{ name: g, rules: [${expressions.map((expr, index) => `{ alert: A${index}, expr: ${JSON.stringify(expr)} }`).join(', ')}] }]`;
const BOTH = '{ type: Percent, value: 100, periodSeconds: 15 }, { type: Pods, value: 1, periodSeconds: 60 }';

describe('at its edges', () => {
  it.each([
    ['HPA001', hpa(`behavior: { scaleDown: { selectPolicy: Min, policies: [${BOTH}] } }`), 'fine'],
    ['HPA001', hpa(`behavior: { scaleDown: { policies: [${BOTH}] } }`), 'found'],
    ['HPA001', hpa('behavior: { scaleDown: { stabilizationWindowSeconds: 600 } }'), 'found'],
    ['HPA001', hpa('metrics: [{ type: External }]'), 'none'],
    ['HPA003', hpa('behavior: { scaleDown: { stabilizationWindowSeconds: 60 } }'), 'fine'],
    ['HPA003', hpa('behavior: { scaleDown: { stabilizationWindowSeconds: 59 } }'), 'found'],
    ['HPA005', object('autoscaling/v2', 'HorizontalPodAutoscaler', '{ maxReplicas: 1 }'), 'none'],
    ['KEDA001', keda(trigger('ignoreNullValues: false')), 'fine'],
    ['KEDA001', keda(trigger('ignoreNullValues: "F"')), 'fine'],
    ['KEDA001', keda(trigger('ignoreNullValues: "TRUE"')), 'found'],
    ['KEDA001', keda(trigger('', 'kafka')), 'none'],
    ['KEDA003', keda(trigger('', 'cpu')), 'fine'],
    ['KEDA003', keda(`minReplicaCount: 0, ${trigger('', 'cron')}`), 'fine'],
    ['KEDA003', keda(`minReplicaCount: 2, idleReplicaCount: 0, ${trigger('', 'kafka')}`), 'found'],
    ['KEDA003', keda(`fallback: { replicas: 0 }, ${trigger('', 'kafka')}`), 'found'],
    ['KEDA004', keda('fallback: { replicas: 3, behavior: currentReplicasIfLower }'), 'found'],
    ['KEDA004', keda('fallback: { replicas: 3, behavior: currentReplicas }'), 'fine'],
    ['KEDA005', keda(`minReplicaCount: 1, ${trigger('', 'cpu')}`), 'none'],
    ['KEDA006', keda(`minReplicaCount: 1, ${trigger('activationThreshold: "5"')}`), 'none'],
    ['ARGO001', metric('count: 1', 'job: {}'), 'none'],
    ['ARGO002', metric('failureCondition: "result < 1"', 'job: {}'), 'none'],
    ['ARGO004', metric('failureCondition: "result[0] < 1"'), 'found'],
    ['ARGO005', passes('len(result) < 1 or result[0] < 5'), 'found'],
    ['ARGO005', passes('result < 5 || isNil(result)'), 'found'],
    ['ARGO005', passes('result == nil || result < 5'), 'found'],
    ['ARGO005', passes('!isNaN(result) && result < 5'), 'fine'],
    ['ARGO005', passes('default(result, 0) >= 0.95'), 'fine'],
    ['ARGO005', passes('default(result, 1) >= 0.95'), 'found'],
    ['ARGO005', passes('default(result, "none") == "none"'), 'found'],
    ['ARGO008', metric('inconclusiveLimit: 5'), 'fine'],
    ['ARGO009', metric('count: 3, failureLimit: 2'), 'fine'],
    ['ARGO020', rollout('canary: {}'), 'found'],
    ['ARGO020', rollout('canary: { steps: [{ pause: {} }] }'), 'fine'],
    ['ARGO020', rollout('blueGreen: {}'), 'none'],
    ['ARGO022', rollout('blueGreen: { autoPromotionEnabled: false }'), 'fine'],
    ['FLAG002', canary('webhooks: [{ type: event, url: "http://a/b" }]'), 'found'],
    ['FLAG002', canary('webhooks: [{ url: "http://a/b" }]'), 'fine'],
    ['FLAG003', canary('metrics: [{ name: request-success-rate, thresholdRange: { max: 100 } }]'), 'found'],
    ['FLAG003', canary('metrics: [{ name: request-success-rate, threshold: 99 }]'), 'fine'],
    ['FLAG005', canary('webhooks: [{ type: rollback, url: "http://t/gate/approve" }]'), 'found'],
    ['FLAG005', canary('webhooks: [{ type: rollback, url: "http://t/rollback/check" }]'), 'fine'],
    ['FLAG005', canary('webhooks: [{ type: rollback, url: "no url" }]'), 'fine'],
    ['WEB001', webhook('failurePolicy: Ignore', deleting('pods')), 'none'],
    ['WEB001', webhook('failurePolicy: Ignore', deleting('deployments', 'apps')), 'found'],
    ['WEB001', webhook('failurePolicy: Ignore', deleting('*', 'example.com')), 'none'],
    ['WEB001', webhook('failurePolicy: Ignore', deleting('*')), 'found'],
    ['WEB002', webhook('matchConditions: [{ name: a, expression: "true" }]', PODS), 'fine'],
    ['WEB002', webhook('timeoutSeconds: 1', PODS), 'found'],
    ['WEB003', webhook('timeoutSeconds: 5', PODS), 'fine'],
    ['WEB004', webhook(byName('In', 'shop'), PODS), 'fine'],
    ['WEB004', webhook(byName('In', 'shop, kube-system'), PODS), 'found'],
    ['WEB004', webhook(byName('NotIn', 'kube-system'), PODS), 'fine'],
    ['WEB004', webhook(selector('matchLabels: { inject: "yes" }'), PODS), 'fine'],
    ['WEB004', webhook(selector('matchExpressions: [{ key: inject, operator: Exists }]'), PODS), 'fine'],
    [
      'WEB004',
      webhook(`clientConfig: { service: { namespace: own } }, ${byName('NotIn', 'kube-system')}`, PODS),
      'found',
    ],
    [
      'WEB004',
      webhook(
        'failurePolicy: Fail',
        'operations: [CREATE], apiGroups: [""], resources: [nodes], scope: Cluster',
      ),
      'none',
    ],
    ['KARP002', pool('budgets: [{ nodes: "20%" }]'), 'fine'],
    ['KARP002', pool('budgets: [{ nodes: "21%" }]'), 'found'],
    ['KARP002', pool('budgets: [{ nodes: "100%" }, { nodes: "5" }]'), 'fine'],
    ['KARP002', pool('budgets: [{ nodes: "5", reasons: [Drifted] }]'), 'found'],
    ['KARP003', pool('budgets: [{ nodes: "0", reasons: [Drifted] }]'), 'found'],
    ['KARP003', pool('consolidationPolicy: WhenEmpty'), 'fine'],
    ['KARP004', pool('consolidateAfter: Never'), 'fine'],
    ['KARP005', pool('expireAfter: 720h', 'karpenter.sh/v1beta1'), 'none'],
    ['CA001', autoscaler('--max-total-unready-percentage=45'), 'fine'],
    ['CA003', autoscaler('--scale-down-unneeded-time, 5m'), 'found'],
    ['CA003', autoscaler('--scale-down-unneeded-time=5m, --scale-down-unneeded-time=15m'), 'fine'],
    ['CA003', autoscaler('--scale-down-unneeded-time=1h30m'), 'fine'],
    ['CA006', autoscaler('--force-delete-failed-nodes, --v=4'), 'found'],
    ['PDB002', budget('minAvailable: "0%", selector: {}'), 'found'],
    ['PDB002', budget('maxUnavailable: 0, selector: {}'), 'fine'],
    ['PDB002', budget('selector: {}'), 'found'],
    ['VPA002', vpa('updatePolicy: { updateMode: InPlaceOrRecreate }'), 'found'],
    ['VPA003', vpa('updatePolicy: { updateMode: "Off", minReplicas: 1 }'), 'none'],
    ['REP002', repair('maxUnhealthy: 2'), 'fine'],
    ['REP002', repair('maxUnhealthy: "100%"'), 'found'],
    ['REP002', repair('remediation: { triggerIf: { unhealthyLessThanOrEqualTo: "40%" } }'), 'fine'],
    ['PROM001', alerts('rate(a_total[5m]) > 1', 'absent_over_time(a_total[5m])'), 'fine'],
    ['PROM001', alerts('a > 1 and b > 1', 'absent(a)'), 'found'],
    ['PROM001', alerts('vector(1)'), 'fine'],
    ['PROM002', alerts('(a or vector(0)) > 1'), 'found'],
    ['PROM002', alerts('(a or on() vector(0)) < 1'), 'fine'],
    ['PROM002', alerts('(a or vector(0)) < 1 and b > 2'), 'fine'],
  ] as const)('%s of %s: %s', (id, text, expected) => {
    expect(verdict(id, text)).toBe(expected);
  });

  it.each([
    ['PDB001', deployment(''), scaler('shop'), 'found'],
    ['PDB001', deployment(''), scaler('other'), 'none'],
    ['PDB001', deployment('replicas: 2,'), budget('selector: { matchLabels: { app: a } }'), 'fine'],
    ['PDB001', deployment('replicas: 2,'), budget('selector: { matchLabels: { app: a } }', 'other'), 'found'],
    ['PDB001', deployment('replicas: 2,'), budget('selector: { matchLabels: { app: b } }'), 'found'],
    [
      'PDB001',
      deployment('replicas: 2,'),
      budget('selector: { matchExpressions: [{ key: app, operator: NotIn, values: [a] }] }'),
      'found',
    ],
    [
      'PDB001',
      deployment('replicas: 2,'),
      budget('selector: { matchExpressions: [{ key: x, operator: DoesNotExist }] }'),
      'fine',
    ],
    ['VPA001', vpa('updatePolicy: { updateMode: Auto }'), scaler('shop'), 'found'],
    ['VPA001', vpa('updatePolicy: { updateMode: Auto }'), scaler('other'), 'none'],
    ['VPA001', vpa('updatePolicy: { updateMode: "Off" }'), scaler('shop'), 'fine'],
  ] as const)('%s of %s beside %s: %s', (id, text, other, expected) => {
    expect(verdict(id, text, other)).toBe(expected);
  });
});

describe('metricNames', () => {
  it.each([
    [
      'sum by (job) (rate(http_requests_total{code=~"5..", job="a"}[5m])) / ignoring(code) up',
      ['http_requests_total', 'up'],
    ],
    [
      'job:errors:rate5m{x="y_total"} > 1e3 and on (job) group_left () kube_pod_info offset 5m',
      ['job:errors:rate5m', 'kube_pod_info'],
    ],
    ['histogram_quantile(0.99, sum by (le) (rate(latency_bucket[5m]))) > bool 0.5', ['latency_bucket']],
    ['time() - last_success_timestamp > 3600 # because of old_metric', ['last_success_timestamp']],
  ])('of %s', (expression, names) => {
    expect(metricNames(expression)).toEqual(names);
  });
});
