/** Kinds whose name is that of a machine, or of nothing that answers. */
const OF_THE_PLATFORM = new Set(['Node', 'NodeClaim', 'NodePool', 'Machine', 'ConfigMap', 'Namespace']);

/** The workload that an object belongs to, by its name: `cart-6d4cf56db6-x7k2p` is of `cart`. */
export function workloadOf(objectKind: string, name: string): string {
  if (OF_THE_PLATFORM.has(objectKind)) return '';
  if (objectKind === 'Pod') return name.replace(/-[0-9a-z]{5}$|-\d+$/, '').replace(/-[0-9a-f]{6,10}$/, '');
  if (objectKind === 'ReplicaSet') return name.replace(/-[0-9a-f]{6,10}$/, '');
  if (objectKind === 'HorizontalPodAutoscaler') return name.replace(/^keda-hpa-/, '');
  return name;
}

/** What autoscalers and their like are often called, after the workload they are for. */
const SUFFIX = /-(hpa|vpa|scaler|scaledobject|autoscaler|rollout|primary|canary|deployment|pdb)$/;

/** The service that a workload is of, where there is one of its name. */
export function serviceOfWorkload(workload: string, names: ReadonlySet<string>): string {
  if (names.has(workload)) return workload;
  const bare = workload.replace(SUFFIX, '');
  return names.has(bare) ? bare : workload;
}
