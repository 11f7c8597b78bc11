import type { Part } from '../part.ts';
import { readsMissingAsNumber, withoutVector } from '../promql.ts';
import { fine, type Manifest, type Place, type Rule, set, wrong } from '../rule.ts';
import { SLOW_SCALE_DOWN, takesEverything } from './scale-down-limit.ts';

const OBJECT = ['keda.sh/ScaledObject'];
const BOTH = [...OBJECT, 'keda.sh/ScaledJob'];
const SPEC = 'https://keda.sh/docs/latest/reference/scaledobject-spec/';
const SCALERS = 'https://keda.sh/docs/latest/scalers';
const EXECUTOR = 'kedacore/keda: pkg/scaling/executor/scale_scaledobjects.go';
/** Scalers that answer 0 (or a set number) for "no data" unless they are told not to. */
const NULL_IS_ZERO = ['prometheus', 'aws-cloudwatch'];
/** They read nothing that can be missing, or cannot scale to zero. */
const NO_OUTSIDE_DATA = ['cpu', 'memory', 'cron'];
const COOLDOWN_SECONDS_MIN = 120;
const CACHED_SECONDS_MAX = 60;

function triggersOf({ root }: Manifest): Part[] {
  return root.at('spec', 'triggers').items;
}

function typeOf(trigger: Part): string {
  return trigger.at('type').text ?? '';
}

function readsOutsideData(manifest: Manifest): boolean {
  return triggersOf(manifest).some((trigger) => !NO_OUTSIDE_DATA.includes(typeOf(trigger)));
}

/** Whether KEDA may take the last replica away because its triggers say so. */
function mayReachZero(manifest: Manifest): boolean {
  const spec = manifest.root.at('spec');
  const isZero = spec.at('idleReplicaCount').number === 0 || (spec.at('minReplicaCount').number ?? 0) === 0;
  return isZero && readsOutsideData(manifest);
}

function* eachTrigger(
  manifest: Manifest,
  types: readonly string[],
  judge: (trigger: Part) => Place,
): Generator<Place> {
  for (const trigger of triggersOf(manifest)) if (types.includes(typeOf(trigger))) yield judge(trigger);
}

export const KEDA_RULES: readonly Rule[] = [
  {
    id: 'KEDA001',
    severity: 'error',
    kinds: BOTH,
    stage: 'scaling',
    actions: ['scale.down'],
    natively:
      'ignoreNullValues is true when it is left out: an empty result, NaN and Inf become 0, and the workload goes to its minimum',
    sources: [
      'kedacore/keda: pkg/scalers/prometheus_scaler.go',
      `${SCALERS}/prometheus/`,
      `${SCALERS}/aws-cloudwatch/`,
      'https://github.com/kedacore/keda/issues/3065',
    ],
    check: (manifest) =>
      eachTrigger(manifest, NULL_IS_ZERO, (trigger) => {
        const ignored = trigger.at('metadata', 'ignoreNullValues');
        if (ignored.flag === false) return fine(ignored);
        const found = ignored.isWritten ? 'ignoreNullValues is true' : 'ignoreNullValues is left out';
        return wrong(ignored, `${found} for a trigger of type ${typeOf(trigger)}`, set(ignored, 'false'));
      }),
  },
  {
    id: 'KEDA002',
    severity: 'error',
    kinds: BOTH,
    stage: 'scaling',
    actions: ['scale.down'],
    natively: 'the query itself turns "no data" into a number, so that ignoreNullValues never sees it',
    sources: ['https://prometheus.io/docs/prometheus/latest/querying/functions/#vector'],
    check: (manifest) =>
      eachTrigger(manifest, ['prometheus'], (trigger) => {
        const query = trigger.at('metadata', 'query');
        if (query.text === null || !readsMissingAsNumber(query.text)) return fine(query);
        return wrong(query, '"or vector(…)" stands for missing data', set(query, withoutVector(query.text)));
      }),
  },
  {
    id: 'KEDA003',
    severity: 'error',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.to_zero'],
    natively:
      'without fallback a trigger that fails counts as inactive: after cooldownPeriod the last replica is taken away (minReplicaCount is 0 when it is left out)',
    sources: [EXECUTOR, `${SPEC}#minreplicacount`],
    *check(manifest) {
      const { root } = manifest;
      const least = root.at('spec', 'minReplicaCount');
      const hasFallback = (root.at('spec', 'fallback', 'replicas').number ?? 0) > 0;
      if (hasFallback || !mayReachZero(manifest)) {
        yield fine(least);
        return;
      }
      yield wrong(
        root.at('spec', 'idleReplicaCount').isWritten ? root.at('spec', 'idleReplicaCount') : least,
        'it may scale to zero and has no fallback',
        {
          set: root.at('spec', 'fallback').path,
          to: { failureThreshold: 3, replicas: 2, behavior: 'currentReplicasIfHigher' },
        },
      );
    },
  },
  {
    id: 'KEDA004',
    severity: 'error',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.down'],
    natively:
      'fallback.behavior is static when it is left out: when the source fails, a workload with more replicas than fallback.replicas is scaled down to them',
    sources: [`${SPEC}#fallbackbehavior`, 'kedacore/keda: pkg/fallback/fallback.go'],
    *check({ root }) {
      const fallback = root.at('spec', 'fallback');
      if (!fallback.isWritten) return;
      const behavior = fallback.at('behavior');
      const word = behavior.text ?? 'static';
      if (word !== 'static' && word !== 'currentReplicasIfLower') yield fine(behavior);
      else {
        const found = `fallback.behavior is ${behavior.isWritten ? word : 'left out (static)'}`;
        yield wrong(behavior, found, set(behavior, 'currentReplicasIfHigher'));
      }
    },
  },
  {
    id: 'KEDA005',
    severity: 'info',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.up'],
    natively:
      'without fallback the HPA gets no metric while the source fails: it holds, and does not grow either',
    sources: [`${SPEC}#fallback`],
    *check(manifest) {
      const fallback = manifest.root.at('spec', 'fallback');
      // KEDA003 says it of what may reach zero; cpu and memory know no fallback.
      if (mayReachZero(manifest) || !readsOutsideData(manifest)) return;
      if (fallback.isWritten) yield fine(fallback);
      else {
        const to = { failureThreshold: 3, replicas: 4, behavior: 'currentReplicasIfHigher' };
        yield wrong(fallback, 'there is no fallback', set(fallback, to));
      }
    },
  },
  {
    id: 'KEDA006',
    severity: 'warning',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.to_zero'],
    natively:
      'a reading at or below the activation threshold counts as no load: with half of the series lost, a busy workload goes to zero',
    sources: ['https://keda.sh/docs/latest/concepts/scaling-deployments/#activating-and-scaling-thresholds'],
    *check(manifest) {
      if (!mayReachZero(manifest)) return;
      for (const trigger of triggersOf(manifest)) {
        for (const [name, value] of trigger.at('metadata').members) {
          if (!/^activation/.test(name)) continue;
          if ((value.number ?? 0) <= 0) yield fine(value);
          else
            yield wrong(value, `${name} is ${value.number} and zero replicas are allowed`, set(value, '0'));
        }
      }
    },
  },
  {
    id: 'KEDA007',
    severity: 'warning',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.to_zero'],
    natively: 'cooldownPeriod (300 s) is all that stands between the last active reading and zero replicas',
    sources: [`${SPEC}#cooldownperiod`],
    *check(manifest) {
      if (!mayReachZero(manifest)) return;
      const cooldown = manifest.root.at('spec', 'cooldownPeriod');
      if ((cooldown.number ?? 300) >= COOLDOWN_SECONDS_MIN) yield fine(cooldown);
      else yield wrong(cooldown, `cooldownPeriod is ${cooldown.number} s`, set(cooldown, 300));
    },
  },
  {
    id: 'KEDA008',
    severity: 'warning',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.down'],
    natively:
      'the HPA that KEDA makes may take 100 % of the replicas every 15 s, and believes a 0 of its External metrics',
    sources: [`${SPEC}#horizontalpodautoscalerconfigbehavior`],
    *check({ root }) {
      const scaleDown = root.at('spec', 'advanced', 'horizontalPodAutoscalerConfig', 'behavior', 'scaleDown');
      if (!takesEverything(scaleDown)) yield fine(scaleDown);
      else {
        const found = 'no policy limits how fast the HPA of this object scales down';
        yield wrong(scaleDown, found, set(scaleDown, SLOW_SCALE_DOWN));
      }
    },
  },
  {
    id: 'KEDA009',
    severity: 'warning',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.down'],
    natively: 'metricUnavailableValue is given to the HPA as if it had been measured',
    sources: [`${SCALERS}/datadog/`],
    check: (manifest) =>
      eachTrigger(manifest, ['datadog'], (trigger) => {
        const filler = trigger.at('metadata', 'metricUnavailableValue');
        if (!filler.isWritten) return fine(filler);
        return wrong(filler, 'a value stands for missing data', { remove: filler.path });
      }),
  },
  {
    id: 'KEDA010',
    severity: 'warning',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.down'],
    natively:
      'metrics-api believes the number in the answer, whatever its age; 0 or less scales down to the minimum',
    sources: [`${SCALERS}/metrics-api/`],
    *check(manifest) {
      const triggers = triggersOf(manifest);
      const asked = triggers.find((trigger) => typeOf(trigger) === 'metrics-api');
      if (asked === undefined) return;
      const others = triggers.filter((trigger) => !['metrics-api', 'cron'].includes(typeOf(trigger)));
      if (others.length > 0) yield fine(asked);
      else {
        const second = { type: 'cpu', metricType: 'Utilization', metadata: { value: '70' } };
        const list = manifest.root.at('spec', 'triggers');
        yield wrong(asked, 'metrics-api is the only trigger that reads load', {
          set: list.at(triggers.length).path,
          to: second,
        });
      }
    },
  },
  {
    id: 'KEDA011',
    severity: 'warning',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.down'],
    natively: 'with useCachedMetrics the HPA is given the last value for a whole pollingInterval (30 s)',
    sources: ['https://keda.sh/docs/latest/concepts/scaling-deployments/#caching-metrics'],
    *check(manifest) {
      const interval = manifest.root.at('spec', 'pollingInterval');
      for (const trigger of triggersOf(manifest)) {
        if (trigger.at('useCachedMetrics').flag !== true) continue;
        if ((interval.number ?? 30) <= CACHED_SECONDS_MAX) yield fine(interval);
        else yield wrong(interval, `a value may be ${interval.number} s old`, set(interval, 30));
      }
    },
  },
  {
    id: 'KEDA012',
    severity: 'error',
    kinds: OBJECT,
    stage: 'scaling',
    actions: ['scale.to_zero'],
    natively:
      'a cron trigger with desiredReplicas 0 asks for nobody while its window is open, whatever the load is',
    sources: [`${SCALERS}/cron/#scale-to-0-during-off-hours`],
    check: (manifest) =>
      eachTrigger(manifest, ['cron'], (trigger) => {
        const desired = trigger.at('metadata', 'desiredReplicas');
        if (desired.number !== 0) return fine(desired);
        return wrong(desired, 'desiredReplicas is 0', set(desired, '1'));
      }),
  },
];
