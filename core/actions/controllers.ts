/**
 * Automations of Kubernetes: how they are called here, and the service account they sign in with, whatever namespace
 * they were installed in.
 */
const CONTROLLERS = {
  hpa: ['horizontal-pod-autoscaler'],
  keda: ['keda-operator'],
  'argo-rollouts': ['argo-rollouts'],
  flagger: ['flagger'],
  karpenter: ['karpenter'],
  'cluster-autoscaler': ['cluster-autoscaler'],
  vpa: ['vpa-updater', 'vpa-admission-controller'],
  descheduler: ['descheduler', 'descheduler-sa'],
} as const;
export type Controller = keyof typeof CONTROLLERS | 'kubelet' | 'node-controller' | 'scheduler';

const ACCOUNT = /^system:serviceaccount:[^:]+:([^:]+)$/;

/** Carry out what others ordered: of a new size every pod, every endpoint. What they do is no decision of theirs. */
const CARRIERS =
  /^(system:serviceaccount:kube-system:(?!horizontal-pod-autoscaler$)[\w-]*(controller|collector|binder|scheduler)|system:kube-scheduler|system:kube-controller-manager|system:apiserver|system:node:.*)$/;

export function isCarrier(username: string): boolean {
  return CARRIERS.test(username);
}

/** `hpa` of its service account; the account's own name where nobody knows it. */
export function actorOfUser(username: string): string {
  const account = ACCOUNT.exec(username)?.[1];
  const known = Object.entries(CONTROLLERS).find(([, accounts]) =>
    (accounts as readonly string[]).includes(account ?? ''),
  );
  return known?.[0] ?? username;
}

/** Everybody who is not a part of the system signs in as a person. */
export function isPerson(username: string): boolean {
  return !username.startsWith('system:');
}

/**
 * At work all the time, within limits that others set: their doing shows in the series of a service. Detectors look at
 * what moves those limits, and hear of these only where people said that they must ask.
 */
export const ROUTINE: readonly Controller[] = ['hpa', 'keda', 'kubelet', 'scheduler', 'node-controller'];

/** The same automation: as itself, as it signs in (`identity`), or by the name that is used here. */
export function isSameActor(actor: string, other: string, identity: string | null): boolean {
  if (actor === other) return true;
  if (identity === null) return false;
  return actor === identity || actor === actorOfUser(identity);
}
