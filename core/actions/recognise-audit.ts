import type { ActionRecord } from './action-record.ts';
import { actorOfUser, isCarrier, isPerson } from './controllers.ts';
import { type Fields, fieldsOf, numberOf, parseFields, textOf } from './json-fields.ts';
import type { RecognisedAction } from './recognised-action.ts';
import { workloadOf } from './workload-of.ts';

const WORKLOADS = new Set(['deployments', 'statefulsets', 'daemonsets', 'rollouts', 'replicasets']);
const ROUTES = new Set(['services', 'ingresses', 'httproutes', 'virtualservices', 'destinationrules']);
const KIND_OF: Readonly<Record<string, string>> = {
  pods: 'Pod',
  replicasets: 'ReplicaSet',
  horizontalpodautoscalers: 'HorizontalPodAutoscaler',
  nodes: 'Node',
  nodeclaims: 'NodeClaim',
  machines: 'Machine',
  namespaces: 'Namespace',
};
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

type Done = Pick<RecognisedAction, 'kind' | 'to'>;

/**
 * What the API server of Kubernetes let somebody do: an entry of its audit log (audit.k8s.io/v1) as body. Reads, what
 * was refused, status updates, and controllers that only carry out what others ordered are no actions. How it was meant
 * is told by the request, which an audit policy of level Metadata leaves out: then only that something was changed.
 * @see https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */
export function recogniseAudit(record: ActionRecord): RecognisedAction | null {
  const entry = parseFields(record.body);
  const object = fieldsOf(entry['objectRef']);
  const user = fieldsOf(entry['impersonatedUser'] ?? entry['user']);
  const [username, auditId, resource] = [user['username'], entry['auditID'], object['resource']].map(
    textOf,
  ) as [string, string, string];
  if (username === '' || auditId === '' || resource === '' || isCarrier(username) || !wasDone(entry))
    return null;
  const done = doneBy(textOf(entry['verb']), resource, { object, entry });
  if (done === null) return null;
  const timeMs = Date.parse(textOf(entry['requestReceivedTimestamp']));
  return {
    ...done,
    timeMs: timeMs > 0 ? timeMs : record.timeMs,
    actor: actorOfUser(username),
    target: workloadOf(KIND_OF[resource] ?? '', textOf(object['name'])),
    decisionId: null,
    key: `audit|${auditId}`,
    rank: 'audit',
    isPerson: isPerson(username),
  };
}

/** Every request is logged at several stages; only of the last is it known how it went. */
function wasDone(entry: Fields): boolean {
  const code = numberOf(fieldsOf(entry['responseStatus'])['code']);
  const isDryRun = /[?&]dryRun=All/.test(textOf(entry['requestURI']));
  return (
    textOf(entry['stage']) === 'ResponseComplete' &&
    !isDryRun &&
    (code === null || (code >= 200 && code < 300))
  );
}

function doneBy(
  verb: string,
  resource: string,
  { object, entry }: { readonly object: Fields; readonly entry: Fields },
): Done | null {
  const subresource = textOf(object['subresource']);
  const request = fieldsOf(entry['requestObject']);
  const isWrite = verb === 'update' || verb === 'patch';
  if (subresource === 'scale') return isWrite ? scaled(request, fieldsOf(entry['responseObject'])) : null;
  if (resource === 'pods' && subresource === 'eviction') return verb === 'create' ? of('drain.pod') : null;
  if (subresource !== '') return null;
  if (verb === 'delete') return deleted(resource);
  if (verb === 'deletecollection') return of(resource === 'pods' ? 'restart.many' : `delete.${resource}`);
  if (verb === 'create')
    return resource === 'nodeclaims' || resource === 'machines' ? of('capacity.add') : null;
  return isWrite ? written(resource, request) : null;
}

/** Of the answer the status is how many there were. */
function scaled(request: Fields, response: Fields): Done {
  const to =
    numberOf(fieldsOf(request['spec'])['replicas']) ?? numberOf(fieldsOf(response['spec'])['replicas']);
  const before = numberOf(fieldsOf(response['status'])['replicas']);
  if (to === 0) return of('scale.to_zero', 0);
  if (to === null || before === null || to === before) return of('scale', to);
  return of(to > before ? 'scale.up' : 'scale.down', to);
}

function deleted(resource: string): Done | null {
  if (resource === 'pods') return of('restart.one');
  if (resource === 'nodes' || resource === 'nodeclaims' || resource === 'machines')
    return of('consolidate.node');
  // Old replica sets are tidied away.
  return resource === 'replicasets' ? null : of(`delete.${resource}`);
}

function written(resource: string, request: Fields): Done | null {
  const spec = fieldsOf(request['spec']);
  if (resource === 'horizontalpodautoscalers' || resource === 'scaledobjects') return of('tune.autoscaler');
  if (ROUTES.has(resource)) return of('route.change');
  if (resource === 'nodes') return spec['unschedulable'] === true ? of('drain.node') : null;
  if (!WORKLOADS.has(resource)) return null;
  // An update sends the whole object: what of it is new it does not say.
  const isWhole = spec['selector'] !== undefined;
  const replicas = numberOf(spec['replicas']);
  const template = fieldsOf(spec['template']);
  if (replicas !== null && !isWhole) return of(replicas === 0 ? 'scale.to_zero' : 'scale', replicas);
  const annotations = fieldsOf(fieldsOf(template['metadata'])['annotations']);
  if (annotations[RESTARTED_AT] !== undefined && !isWhole) return of('restart.rolling');
  return isRightsizing(template) && !isWhole ? of('rightsize.resources') : of('deploy');
}

function isRightsizing(template: Fields): boolean {
  const containers = fieldsOf(template['spec'])['containers'];
  if (!Array.isArray(containers) || containers.length === 0) return false;
  return containers.every((container) => {
    const { resources, image } = fieldsOf(container);
    return resources !== undefined && image === undefined;
  });
}

function of(kind: string, to: number | null = null): Done {
  return { kind, to };
}
