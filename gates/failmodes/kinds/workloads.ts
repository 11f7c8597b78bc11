import type { Part } from '../part.ts';
import type { Manifest } from '../rule.ts';

/** Workloads with a pod template and replicas, as `group/Kind`. */
export const WORKLOADS = ['apps/Deployment', 'apps/StatefulSet', 'argoproj.io/Rollout'];

function sameNamespace(left: Manifest, right: Manifest): boolean {
  return (left.namespace ?? 'default') === (right.namespace ?? 'default');
}

/** What an autoscaler scales: `scaleTargetRef` of an HPA or a ScaledObject, `targetRef` of a VPA. */
function targetOf({ kind, root }: Manifest): { kind: string; name: string } | null {
  const ref = root.at('spec', kind === 'VerticalPodAutoscaler' ? 'targetRef' : 'scaleTargetRef');
  const name = ref.at('name').text;
  return name === null ? null : { kind: ref.at('kind').text ?? 'Deployment', name };
}

export function isTargetOf(workload: Manifest, scaler: Manifest): boolean {
  const target = targetOf(scaler);
  return (
    target !== null &&
    target.kind === workload.kind &&
    target.name === workload.name &&
    sameNamespace(workload, scaler)
  );
}

/** Two autoscalers of one workload, whether or not the workload is among the files. */
export function haveOneTarget(left: Manifest, right: Manifest): boolean {
  const [a, b] = [targetOf(left), targetOf(right)];
  return a !== null && b !== null && a.kind === b.kind && a.name === b.name && sameNamespace(left, right);
}

function meets(expression: Part, labels: ReadonlyMap<string, unknown>): boolean {
  const key = expression.at('key').text ?? '';
  const values = expression.at('values').texts;
  const value = labels.get(key);
  switch (expression.at('operator').text) {
    case 'In':
      return typeof value === 'string' && values.includes(value);
    case 'NotIn':
      return typeof value !== 'string' || !values.includes(value);
    case 'Exists':
      return labels.has(key);
    case 'DoesNotExist':
      return !labels.has(key);
    default:
      return false;
  }
}

/** Whether the selector of a PodDisruptionBudget covers the pods of a workload. */
export function covers(budget: Manifest, workload: Manifest): boolean {
  const selector = budget.root.at('spec', 'selector');
  if (!selector.isWritten || !sameNamespace(budget, workload)) return false;
  const written = workload.root.at('spec', 'template', 'metadata', 'labels').members;
  const labels = new Map(written.map(([key, { value }]) => [key, value]));
  return (
    selector.at('matchLabels').members.every(([key, { value }]) => labels.get(key) === value) &&
    selector.at('matchExpressions').items.every((expression) => meets(expression, labels))
  );
}
