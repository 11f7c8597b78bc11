import { fine, type Manifest, type Rule, set, wrong } from '../rule.ts';
import { covers, isTargetOf, WORKLOADS } from './workloads.ts';

const KINDS = ['policy/PodDisruptionBudget'];
const DOCS = 'https://kubernetes.io/docs/tasks/run-application/configure-pdb/';

function isScaled(workload: Manifest, all: readonly Manifest[]): boolean {
  const scalers = all.filter(({ kind }) => kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject');
  return (
    (workload.root.at('spec', 'replicas').number ?? 1) > 1 ||
    scalers.some((scaler) => isTargetOf(workload, scaler))
  );
}

export const PDB_RULES: readonly Rule[] = [
  {
    id: 'PDB001',
    severity: 'warning',
    kinds: WORKLOADS,
    stage: 'routing',
    actions: ['drain'],
    natively: 'without a PodDisruptionBudget a drain may evict every replica at the same time',
    sources: ['https://kubernetes.io/docs/concepts/workloads/pods/disruptions/'],
    *check(workload, all) {
      // A Rollout with workloadRef has its labels elsewhere.
      const hasLabels = workload.root.at('spec', 'template', 'metadata', 'labels').isWritten;
      if (!hasLabels || !isScaled(workload, all)) return;
      const selector = workload.root.at('spec', 'selector');
      const budgets = all.filter(({ group, kind }) => group === 'policy' && kind === 'PodDisruptionBudget');
      if (budgets.some((budget) => covers(budget, workload))) yield fine(selector);
      else {
        const { name, namespace } = workload;
        const budget = {
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: namespace === null ? { name } : { name, namespace },
          spec: { maxUnavailable: 1, selector: selector.value ?? { matchLabels: { app: name } } },
        };
        const found = `no PodDisruptionBudget among the given files covers ${name}`;
        yield wrong(workload.root.at('spec'), found, { add: budget });
      }
    },
  },
  {
    id: 'PDB002',
    severity: 'error',
    kinds: KINDS,
    stage: 'routing',
    actions: ['drain'],
    natively: 'a budget that lets every pod go, or selects none, protects nothing',
    sources: [DOCS],
    *check({ root }) {
      const most = root.at('spec', 'maxUnavailable');
      const least = root.at('spec', 'minAvailable');
      const selector = root.at('spec', 'selector');
      const one = set(most, 1);
      if (most.percent !== null && most.percent >= 100)
        yield wrong(most, `maxUnavailable is ${most.text}`, one);
      else if ((least.percent ?? least.number) === 0) {
        yield wrong(least, `minAvailable is ${least.value}`, { remove: least.path }, one);
      } else if (!most.isWritten && !least.isWritten) yield wrong(root.at('spec'), 'it limits nothing', one);
      else if (!selector.isWritten) {
        yield wrong(selector, 'it has no selector', set(selector, { matchLabels: { app: 'checkout' } }));
      } else yield fine(most.isWritten ? most : least);
    },
  },
  {
    id: 'PDB003',
    severity: 'info',
    kinds: KINDS,
    stage: 'routing',
    actions: ['drain'],
    natively:
      'with unhealthyPodEvictionPolicy AlwaysAllow pods that look unready are evicted whatever the budget says, also when the probe is what is wrong',
    sources: [`${DOCS}#unhealthy-pod-eviction-policy`],
    *check({ root }) {
      const policy = root.at('spec', 'unhealthyPodEvictionPolicy');
      if (policy.text !== 'AlwaysAllow') yield fine(policy);
      else yield wrong(policy, 'unhealthyPodEvictionPolicy is AlwaysAllow', set(policy, 'IfHealthyBudget'));
    },
  },
];
