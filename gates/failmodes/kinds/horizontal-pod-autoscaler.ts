import type { Part } from '../part.ts';
import { fine, type Manifest, type Place, type Rule, set, wrong } from '../rule.ts';
import { SLOW_SCALE_DOWN, takesEverything } from './scale-down-limit.ts';

const KINDS = ['autoscaling/HorizontalPodAutoscaler'];
const DOCS = 'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/';
const DEFAULTS = 'kubernetes/kubernetes: pkg/apis/autoscaling/v2/defaults.go';
const ZERO_BELIEVED = 'https://github.com/kubernetes/kubernetes/issues/104387';
/** A window that one missed scrape and one late answer do not fill. */
const WINDOW_SECONDS_MIN = 60;

function metricsOf({ root }: Manifest): Part[] {
  return root.at('spec', 'metrics').items;
}

/** One number for the whole workload, from outside the metrics of its pods. */
function isSingleNumber(metric: Part): boolean {
  return ['External', 'Object'].includes(metric.at('type').text ?? '');
}

function* rateLimit(manifest: Manifest, ofSingleNumbers: boolean): Generator<Place> {
  if (metricsOf(manifest).some(isSingleNumber) !== ofSingleNumbers) return;
  const scaleDown = manifest.root.at('spec', 'behavior', 'scaleDown');
  if (!takesEverything(scaleDown)) {
    yield fine(scaleDown);
    return;
  }
  const found = scaleDown.at('policies').isWritten
    ? 'a policy of scaleDown lets every replica go at once'
    : 'behavior.scaleDown has no policy';
  const target = manifest.root.at('spec', 'targetCPUUtilizationPercentage');
  if (manifest.version !== 'v1') {
    yield wrong(scaleDown.at('policies').isWritten ? scaleDown.at('policies') : scaleDown, found, {
      set: scaleDown.path,
      to: SLOW_SCALE_DOWN,
    });
    return;
  }
  const target80 = { type: 'Utilization', averageUtilization: target.number ?? 80 };
  yield wrong(
    manifest.root.at('apiVersion'),
    'autoscaling/v1 has no behavior',
    set(manifest.root.at('apiVersion'), 'autoscaling/v2'),
    { remove: target.path },
    set(manifest.root.at('spec', 'metrics'), [
      { type: 'Resource', resource: { name: 'cpu', target: target80 } },
    ]),
    { set: scaleDown.path, to: SLOW_SCALE_DOWN },
  );
}

/** Another opinion: the larger wins, and while one is in error nothing is scaled down. */
function secondMetric(manifest: Manifest) {
  const metrics = manifest.root.at('spec', 'metrics');
  const target = { type: 'Utilization', averageUtilization: 70 };
  return set(metrics.at(metrics.items.length), { type: 'Resource', resource: { name: 'cpu', target } });
}

export const HPA_RULES: readonly Rule[] = [
  {
    id: 'HPA001',
    severity: 'warning',
    kinds: KINDS,
    stage: 'scaling',
    actions: ['scale.down'],
    natively:
      'scaleDown may take 100 % of the replicas every 15 s, down to minReplicas, once the stabilization window (300 s) has passed',
    sources: [`${DOCS}#default-behavior`, DEFAULTS],
    check: (manifest) => rateLimit(manifest, false),
  },
  {
    id: 'HPA002',
    severity: 'error',
    kinds: KINDS,
    stage: 'scaling',
    actions: ['scale.down'],
    natively:
      'an External or Object metric that reads 0 is believed, its timestamp is not looked at, and scaleDown may take 100 % of the replicas every 15 s',
    sources: [
      ZERO_BELIEVED,
      'kubernetes/kubernetes: pkg/controller/podautoscaler/metrics/client.go',
      DEFAULTS,
    ],
    check: (manifest) => rateLimit(manifest, true),
  },
  {
    id: 'HPA003',
    severity: 'error',
    kinds: KINDS,
    stage: 'scaling',
    actions: ['scale.down'],
    natively: 'with a short stabilization window one low reading scales down; the default is 300 s',
    sources: [`${DOCS}#stabilization-window`],
    *check({ root }) {
      const seconds = root.at('spec', 'behavior', 'scaleDown', 'stabilizationWindowSeconds');
      if (seconds.number === null || seconds.number >= WINDOW_SECONDS_MIN) yield fine(seconds);
      else yield wrong(seconds, `the window is ${seconds.number} s`, set(seconds, 300));
    },
  },
  {
    id: 'HPA004',
    severity: 'error',
    kinds: KINDS,
    stage: 'scaling',
    actions: ['scale.to_zero'],
    natively: 'with minReplicas 0 (HPAScaleToZero) a metric that reads 0 takes the last replica away',
    sources: [
      'https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/',
    ],
    *check({ root }) {
      const least = root.at('spec', 'minReplicas');
      if (least.number !== 0) yield fine(least);
      else yield wrong(least, 'minReplicas is 0', set(least, 1));
    },
  },
  {
    id: 'HPA005',
    severity: 'warning',
    kinds: KINDS,
    stage: 'scaling',
    actions: ['scale.down'],
    natively: 'minReplicas is 1 when it is left out: a false low leaves one replica, whatever the load is',
    sources: [DEFAULTS],
    *check({ root }) {
      const least = root.at('spec', 'minReplicas');
      if ((root.at('spec', 'maxReplicas').number ?? 0) <= 1) return;
      if (least.number === 0 || (least.number ?? 1) > 1) yield fine(least);
      else yield wrong(least, `minReplicas is ${least.isWritten ? '1' : 'left out'}`, set(least, 2));
    },
  },
  {
    id: 'HPA006',
    severity: 'warning',
    kinds: KINDS,
    stage: 'scaling',
    actions: ['scale.down'],
    natively:
      'the only metric is one number from outside: nothing checks its age, and no second metric contradicts a false 0',
    sources: [`${DOCS}#algorithm-details`, ZERO_BELIEVED],
    *check(manifest) {
      const metrics = metricsOf(manifest);
      const [first] = metrics;
      if (first === undefined || !metrics.every(isSingleNumber)) return;
      if (metrics.length > 1) yield fine(first);
      else yield wrong(first, `the only metric is of type ${first.at('type').text}`, secondMetric(manifest));
    },
  },
  {
    id: 'HPA007',
    severity: 'warning',
    kinds: KINDS,
    stage: 'scaling',
    actions: ['scale.down'],
    natively:
      'pods in which the container of a ContainerResource metric is absent, as after a rename, are ignored, and the rest is judged alone',
    sources: [`${DOCS}#container-resource-metrics`],
    *check(manifest) {
      const metrics = metricsOf(manifest);
      const [first] = metrics;
      if (first === undefined || first.at('type').text !== 'ContainerResource') return;
      if (metrics.length > 1) yield fine(first);
      else yield wrong(first, 'the only metric is of type ContainerResource', secondMetric(manifest));
    },
  },
];
