import type { Part } from '../part.ts';
import { fine, type Manifest, type Place, type Rule, set, wrong } from '../rule.ts';

const GROUP = 'admissionregistration.k8s.io';
const KINDS = [`${GROUP}/ValidatingWebhookConfiguration`, `${GROUP}/MutatingWebhookConfiguration`];
const DOCS = 'https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/';
const PRACTICES =
  'https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/';
const TIMEOUT_SECONDS_MAX = 5;
const SYSTEM_NAMESPACE = 'kube-system';

/** What is gone with its data, or with everything in it, when it is deleted. */
const IRREPLACEABLE = [
  ...['namespaces', 'persistentvolumes', 'persistentvolumeclaims', 'volumesnapshots', 'secrets'],
  ...['customresourcedefinitions', 'statefulsets', 'deployments', 'daemonsets', 'nodepools'],
];

/** What more capacity, a restart or a rollback is made of. */
const NEEDED_TO_RECOVER = [
  ...['pods', 'pods/binding', 'replicasets', 'nodes', 'leases', 'endpoints', 'endpointslices', 'events'],
  ...['deployments', 'statefulsets', 'daemonsets', 'rollouts'],
  ...['deployments/scale', 'statefulsets/scale', 'replicasets/scale', 'rollouts/scale'],
];

function webhooksOf({ root }: Manifest): Part[] {
  return root.at('webhooks').items;
}

function isIgnored(webhook: Part): boolean {
  return webhook.at('failurePolicy').text === 'Ignore';
}

/** Groups of what a cluster is run by; "*" in any other group is about somebody's own objects. */
const BROAD_GROUPS = ['', 'apps', '*'];
const GROUPS = [
  ...BROAD_GROUPS,
  ...['argoproj.io', 'karpenter.sh', 'apiextensions.k8s.io', 'snapshot.storage.k8s.io'],
  ...['coordination.k8s.io', 'discovery.k8s.io', 'events.k8s.io'],
];

function isWide(rule: Part): boolean {
  const groups = rule.at('apiGroups').texts;
  const isEvery = rule.at('resources').texts.some((one) => one === '*' || one === '*/*');
  return isEvery && groups.some((group) => BROAD_GROUPS.includes(group));
}

interface Concern {
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

/** Whether a rule of the webhook is about one of these operations on one of these resources. */
function isAbout(webhook: Part, of: Concern): boolean {
  return webhook.at('rules').items.some((rule) => {
    const named = rule.at('resources').texts.filter((one) => !one.startsWith('*'));
    const groups = rule.at('apiGroups').texts;
    return (
      rule.at('operations').texts.some((one) => one === '*' || of.operations.includes(one)) &&
      (isWide(rule) ||
        (named.some((one) => of.resources.includes(one)) && groups.some((group) => GROUPS.includes(group))))
    );
  });
}

/** A webhook for objects of the cluster has no namespaces to leave out. */
function isNamespaced(webhook: Part): boolean {
  const rules = webhook.at('rules').items;
  return rules.length === 0 || rules.some((rule) => rule.at('scope').text !== 'Cluster');
}

/** Whether the selector cannot match a namespace of this name: left out by name, or not opted in. */
function leavesOut(webhook: Part, namespace: string): boolean {
  const selector = webhook.at('namespaceSelector');
  if (selector.at('matchLabels').members.length > 0) return true;
  return selector.at('matchExpressions').items.some((expression) => {
    const operator = expression.at('operator').text;
    const isByName = expression.at('key').text === 'kubernetes.io/metadata.name';
    const values = expression.at('values').texts;
    if (operator === 'Exists') return !isByName;
    if (operator === 'In') return !isByName || !values.includes(namespace);
    return operator === 'NotIn' && isByName && values.includes(namespace);
  });
}

function* eachWebhook(manifest: Manifest, judge: (webhook: Part) => Place | null): Generator<Place> {
  for (const webhook of webhooksOf(manifest)) {
    const place = judge(webhook);
    if (place !== null) yield place;
  }
}

export const WEBHOOK_RULES: readonly Rule[] = [
  {
    id: 'WEB001',
    severity: 'error',
    kinds: KINDS,
    stage: 'decommissioning',
    actions: ['delete'],
    natively:
      'with failurePolicy Ignore a deletion that nobody could check is done: while the webhook is away, all of them',
    sources: [`${DOCS}#failure-policy`],
    check: (manifest) =>
      eachWebhook(manifest, (webhook) => {
        if (!isAbout(webhook, { operations: ['DELETE'], resources: IRREPLACEABLE })) return null;
        const policy = webhook.at('failurePolicy');
        if (!isIgnored(webhook)) return fine(policy);
        return wrong(policy, 'Ignore on DELETE of what cannot be made again', set(policy, 'Fail'));
      }),
  },
  {
    id: 'WEB002',
    severity: 'error',
    kinds: KINDS,
    stage: 'scaling',
    actions: ['scale.up'],
    natively:
      'failurePolicy is Fail when it is left out: while the webhook is away, no pod of these resources starts, nothing scales up, nothing is rolled back',
    sources: [`${DOCS}#failure-policy`, 'https://github.com/kubernetes/kubernetes/issues/128162'],
    check: (manifest) =>
      eachWebhook(manifest, (webhook) => {
        if (!isAbout(webhook, { operations: ['CREATE', 'UPDATE'], resources: NEEDED_TO_RECOVER }))
          return null;
        const policy = webhook.at('failurePolicy');
        // Which direction a match condition leaves is not for a linter to say: somebody has thought about it.
        if (isIgnored(webhook) || webhook.at('matchConditions').items.length > 0) return fine(policy);
        const found = `failurePolicy is ${policy.isWritten ? 'Fail' : 'left out (Fail)'} for what must go on`;
        return wrong(policy, found, set(policy, 'Ignore'));
      }),
  },
  {
    id: 'WEB003',
    severity: 'warning',
    kinds: KINDS,
    stage: 'scaling',
    actions: ['scale.up'],
    natively:
      'timeoutSeconds is 10 when it is left out; the waits of several webhooks that are away add up, and block requests even with Ignore',
    sources: [`${DOCS}#timeouts`, 'https://github.com/kubernetes/kubernetes/issues/128162'],
    check: (manifest) =>
      eachWebhook(manifest, (webhook) => {
        const timeout = webhook.at('timeoutSeconds');
        if ((timeout.number ?? 10) <= TIMEOUT_SECONDS_MAX) return fine(timeout);
        const found = `timeoutSeconds is ${timeout.number ?? 'left out (10)'}`;
        return wrong(timeout, found, set(timeout, 2));
      }),
  },
  {
    id: 'WEB004',
    severity: 'error',
    kinds: KINDS,
    stage: 'recovery',
    actions: ['restart.one'],
    natively:
      'a webhook with failurePolicy Fail that covers its own namespace or kube-system forbids the pods that would bring it back',
    sources: [`${DOCS}#avoiding-operating-on-the-kube-system-namespace`, `${PRACTICES}#webhook-limit-scope`],
    check: (manifest) =>
      eachWebhook(manifest, (webhook) => {
        if (isIgnored(webhook) || !isNamespaced(webhook)) return null;
        if (!isAbout(webhook, { operations: ['CREATE', 'UPDATE', 'DELETE'], resources: NEEDED_TO_RECOVER }))
          return null;
        const own = webhook.at('clientConfig', 'service', 'namespace').text;
        const namespaces = [...new Set([SYSTEM_NAMESPACE, ...(own === null ? [] : [own])])];
        const covered = namespaces.filter((namespace) => !leavesOut(webhook, namespace));
        const selector = webhook.at('namespaceSelector');
        if (covered.length === 0) return fine(selector);
        const byName = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: namespaces };
        const expressions = selector.at('matchExpressions');
        const found = `${covered.join(' and ')} ${covered.length > 1 ? 'are' : 'is'} not left out`;
        return wrong(selector, found, set(expressions.at(expressions.items.length), byName));
      }),
  },
  {
    id: 'WEB005',
    severity: 'warning',
    kinds: KINDS,
    stage: 'recovery',
    actions: ['restart.one'],
    natively: 'a rule for every resource puts the webhook before whatever is needed to repair it',
    sources: [`${PRACTICES}#request-filtering`],
    check: (manifest) =>
      eachWebhook(manifest, (webhook) => {
        const wide = webhook.at('rules').items.find(isWide);
        if (wide === undefined) return fine(webhook.at('rules'));
        const narrow = {
          ...(wide.value as object),
          operations: ['CREATE', 'UPDATE'],
          resources: ['configmaps'],
        };
        return wrong(wide, 'a rule with "*"', set(wide, narrow));
      }),
  },
  {
    id: 'WEB006',
    severity: 'info',
    kinds: [`${GROUP}/MutatingWebhookConfiguration`],
    stage: 'scaling',
    actions: ['scale.up'],
    natively: 'with reinvocationPolicy IfNeeded it may be called again, and its timeout is waited for again',
    sources: [`${DOCS}#reinvocation-policy`],
    check: (manifest) =>
      eachWebhook(manifest, (webhook) => {
        const policy = webhook.at('reinvocationPolicy');
        if (policy.text !== 'IfNeeded') return fine(policy);
        return wrong(policy, 'reinvocationPolicy is IfNeeded', set(policy, 'Never'));
      }),
  },
  {
    id: 'VAP001',
    severity: 'error',
    kinds: [`${GROUP}/ValidatingAdmissionPolicyBinding`],
    stage: 'deployment',
    actions: ['deploy'],
    natively:
      'with parameterNotFoundAction Allow a policy whose parameters are missing is passed by everything',
    sources: ['https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/'],
    *check({ root }) {
      const action = root.at('spec', 'paramRef', 'parameterNotFoundAction');
      if (!root.at('spec', 'paramRef').isWritten) return;
      if (action.text !== 'Allow') yield fine(action);
      else yield wrong(action, 'missing parameters allow', set(action, 'Deny'));
    },
  },
  {
    id: 'VAP002',
    severity: 'info',
    kinds: [`${GROUP}/ValidatingAdmissionPolicyBinding`],
    stage: 'deployment',
    actions: ['deploy'],
    natively:
      'without Deny among its validationActions a policy that fails only warns or writes to the audit log',
    sources: ['https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/'],
    *check({ root }) {
      const actions = root.at('spec', 'validationActions');
      if (!actions.isWritten || actions.texts.includes('Deny')) yield fine(actions);
      else yield wrong(actions, `validationActions is ${actions.texts.join(', ')}`, set(actions, ['Deny']));
    },
  },
  {
    id: 'VAP003',
    severity: 'error',
    kinds: [`${GROUP}/ValidatingAdmissionPolicy`],
    stage: 'decommissioning',
    actions: ['delete'],
    natively:
      'with failurePolicy Ignore a deletion whose expression fails, or whose parameters are missing, is done',
    sources: ['https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/'],
    *check({ root }) {
      const deletes = root
        .at('spec', 'matchConstraints', 'resourceRules')
        .items.some((rule) => rule.at('operations').texts.some((one) => one === 'DELETE' || one === '*'));
      const policy = root.at('spec', 'failurePolicy');
      if (!deletes) return;
      if (policy.text !== 'Ignore') yield fine(policy);
      else yield wrong(policy, 'Ignore on DELETE', set(policy, 'Fail'));
    },
  },
];
