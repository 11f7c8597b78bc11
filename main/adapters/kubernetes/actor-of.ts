import type { DecisionRequest } from '../../../core/decision.ts';
import type { AdmissionRequest } from './admission-review.ts';

/** Service accounts of controllers whose name says what they are, wherever they are installed. */
const CONTROLLERS: readonly { readonly account: RegExp; readonly actor: string; readonly type: string }[] = [
  { account: /^horizontal-pod-autoscaler$/, actor: 'hpa', type: 'autoscaler' },
  { account: /^keda-(operator|metrics-server)$/, actor: 'keda', type: 'autoscaler' },
  { account: /^vpa-|^vertical-pod-autoscaler/, actor: 'vpa', type: 'autoscaler' },
  { account: /^(.*-)?cluster-autoscaler$/, actor: 'cluster-autoscaler', type: 'autoscaler' },
  { account: /^karpenter$/, actor: 'karpenter', type: 'autoscaler' },
  { account: /^argo-rollouts$/, actor: 'argo-rollouts', type: 'deployer' },
  { account: /^argocd-application-controller$/, actor: 'argocd', type: 'deployer' },
  { account: /^(kustomize|helm)-controller$/, actor: 'flux', type: 'deployer' },
  { account: /^flagger$/, actor: 'flagger', type: 'deployer' },
];

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * Who acts. A known controller is `hpa/<namespace of the object>`; any other service account keeps the name it
 * authenticates with, which is what `automation.identity` of a constraint file says; a person is `user/<name>`.
 */
export function actorOf({
  userInfo: { username },
  namespace = 'cluster',
}: Pick<AdmissionRequest, 'userInfo' | 'namespace'>): DecisionRequest['actor'] {
  const [, , account] = SERVICE_ACCOUNT.exec(username) ?? [];
  if (account === undefined) {
    return username.startsWith('system:')
      ? { id: username, type: 'component' }
      : { id: `user/${username}`, type: 'human' };
  }
  const known = CONTROLLERS.find((controller) => controller.account.test(account));
  return known === undefined
    ? { id: username, type: 'service-account' }
    : { id: `${known.actor}/${namespace}`, type: known.type };
}
