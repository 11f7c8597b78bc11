import { isDeepStrictEqual } from 'node:util';
import type { DecisionRequest } from '../../../core/decision.ts';
import { PipelineError } from '../../../core/errors.ts';
import type { AdmissionRequest } from './admission-review.ts';
import { fieldAt, numberAt, textAt } from './field-at.ts';

type Action = DecisionRequest['action'];
type Reader = (request: AdmissionRequest) => readonly Action[];

const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';
const ACTION_ANNOTATION = 'plumbline.dev/action';

function scaling(from: number | undefined, to: number | undefined): readonly Action[] {
  if (to === undefined) return [{ kind: 'scale' }];
  if (from === to) return [];
  if (from === undefined) return [{ kind: 'scale', to: { replicas: to } }];
  const change = { from: { replicas: from }, to: { replicas: to } };
  if (to > from) return [{ kind: 'scale.up', ...change }];
  const blastRadius = { unit: 'replicas', count: from - to, of: from };
  return [{ kind: to === 0 ? 'scale.to_zero' : 'scale.down', ...change, blastRadius }];
}

/** Both defaults are the API's: a Scale without replicas means zero, a workload without means one. */
const readScale: Reader = ({ object, oldObject }) =>
  scaling(numberAt(oldObject, 'spec', 'replicas') ?? 0, numberAt(object, 'spec', 'replicas') ?? 0);

function imagesOf(object: unknown): string | undefined {
  const containers = fieldAt(object, 'spec', 'template', 'spec', 'containers');
  const images = Array.isArray(containers) ? containers.map((container) => textAt(container, 'image')) : [];
  return images.filter((image) => image !== undefined).join(',') || undefined;
}

function withoutRestart(template: unknown): unknown {
  const copy = structuredClone(template);
  const annotations = fieldAt(copy, 'metadata', 'annotations') as Record<string, unknown> | undefined;
  if (annotations === undefined) return copy;
  delete annotations[RESTARTED_AT];
  // The first restart of a workload also makes the map.
  if (Object.keys(annotations).length === 0)
    delete (fieldAt(copy, 'metadata') as Record<string, unknown>)['annotations'];
  return copy;
}

function kindOfTemplateChange({ object, oldObject }: AdmissionRequest): string {
  const [before, after] = [oldObject, object].map((one) => fieldAt(one, 'spec', 'template'));
  if (isDeepStrictEqual(withoutRestart(before), withoutRestart(after))) return 'restart.many';
  // The API server cannot tell a step back from a step on; whoever takes it says so.
  const said = textAt(object, 'metadata', 'annotations', ACTION_ANNOTATION);
  return said === 'rollback' ? 'rollback' : 'rollout.start';
}

const imageFacts = (object: unknown): { image: string } | undefined => {
  const image = imagesOf(object);
  return image === undefined ? undefined : { image };
};

const readWorkload: Reader = (request) => {
  const { operation, object, oldObject } = request;
  const replicas = numberAt(object, 'spec', 'replicas') ?? 1;
  if (operation === 'CREATE') {
    return [{ kind: 'rollout.start', to: { replicas, ...imageFacts(object) } }];
  }
  const changes = isDeepStrictEqual(
    fieldAt(oldObject, 'spec', 'template'),
    fieldAt(object, 'spec', 'template'),
  )
    ? []
    : [{ kind: kindOfTemplateChange(request), from: imageFacts(oldObject), to: imageFacts(object) }];
  return [...changes, ...scaling(numberAt(oldObject, 'spec', 'replicas') ?? 1, replicas)];
};

/** Lower bounds are where an autoscaler may go by itself, so they are asked about like going there. */
function boundsReader(minimum: readonly [string, number], maximum: readonly [string, number]): Reader {
  return ({ operation, object, oldObject }) => {
    if (operation === 'CREATE') return [];
    const read = ([name, byDefault]: readonly [string, number], of: unknown): number =>
      numberAt(of, 'spec', name) ?? byDefault;
    const from = { minReplicas: read(minimum, oldObject), maxReplicas: read(maximum, oldObject) };
    const to = { minReplicas: read(minimum, object), maxReplicas: read(maximum, object) };
    if (isDeepStrictEqual(from, to)) return [];
    const isMinLower = to.minReplicas < from.minReplicas;
    const isLower = isMinLower || to.maxReplicas < from.maxReplicas;
    const least = isMinLower
      ? { from: { ...from, replicas: from.minReplicas }, to: { ...to, replicas: to.minReplicas } }
      : { from, to };
    return [{ kind: isLower ? 'quota.lower' : 'quota.raise', ...least }];
  };
}

/** Null when two ways of writing it cannot be compared: a count against a percentage, one field against another. */
function compare(before: unknown, after: unknown): number | null {
  if (before === after) return 0;
  if (typeof before !== typeof after || before === undefined) return null;
  return Number.parseFloat(String(after)) - Number.parseFloat(String(before));
}

const readDisruptionBudget: Reader = ({ operation, object, oldObject }) => {
  if (operation === 'CREATE') return [];
  const change = (name: string) => compare(fieldAt(oldObject, 'spec', name), fieldAt(object, 'spec', name));
  const available = change('minAvailable');
  const unavailable = change('maxUnavailable');
  const isLooser =
    available === null ||
    unavailable === null ||
    available < 0 ||
    unavailable > 0 ||
    !isDeepStrictEqual(fieldAt(oldObject, 'spec', 'selector'), fieldAt(object, 'spec', 'selector'));
  return isLooser ? [{ kind: 'drain.policy' }] : [];
};

const readNode: Reader = ({ operation, object, oldObject }) => {
  if (operation === 'CREATE') return [];
  const [before, after] = [oldObject, object].map((node) => fieldAt(node, 'spec', 'unschedulable') === true);
  if (before === after) return [];
  return [{ kind: after === true ? 'drain.node' : 'restore' }];
};

const readNodePool: Reader = ({ operation, object, oldObject }) => {
  if (operation === 'CREATE') return [{ kind: 'capacity.add' }];
  const isChanged = (name: string) =>
    !isDeepStrictEqual(fieldAt(oldObject, 'spec', name), fieldAt(object, 'spec', name));
  return [
    ...(isChanged('disruption') ? [{ kind: 'consolidate.policy' }] : []),
    ...(isChanged('limits') ? [{ kind: 'quota.change' }] : []),
    ...(isChanged('template') ? [{ kind: 'template.change' }] : []),
  ];
};

const readNodeClaim: Reader = ({ operation }) => (operation === 'CREATE' ? [{ kind: 'capacity.add' }] : []);

const READERS: Readonly<Record<string, Reader>> = {
  deployments: readWorkload,
  statefulsets: readWorkload,
  replicasets: readWorkload,
  rollouts: readWorkload,
  horizontalpodautoscalers: boundsReader(['minReplicas', 1], ['maxReplicas', 1]),
  scaledobjects: boundsReader(['minReplicaCount', 0], ['maxReplicaCount', 100]),
  poddisruptionbudgets: readDisruptionBudget,
  nodes: readNode,
  nodepools: readNodePool,
  nodeclaims: readNodeClaim,
};

/** Removing these is not the end of what they stand for. */
const DELETIONS: Readonly<Record<string, string>> = {
  nodes: 'drain.node',
  nodeclaims: 'consolidate.node',
  pods: 'restart.one',
  poddisruptionbudgets: 'drain.policy',
};

/** Without the objects nobody can say that nothing changes. */
function isWhole({ operation, object, oldObject }: AdmissionRequest): boolean {
  const hasNew = object !== null && object !== undefined;
  const hasOld = oldObject !== null && oldObject !== undefined;
  return operation === 'DELETE' || (hasNew && (hasOld || operation !== 'UPDATE'));
}

/**
 * What the request would do, in our words; several when one object changes in several ways, none when nothing of it
 * is for a gate.
 * @throws PipelineError request_invalid for what is not known here
 */
export function actionsOf(request: AdmissionRequest): readonly Action[] {
  const { operation, subResource = '', resource } = request;
  const name = resource.resource;
  if (!isWhole(request)) throw unreadable(request, 'comes without the object as it was or will be');
  if (subResource === 'scale' && operation === 'UPDATE') return readScale(request);
  if (name === 'pods' && subResource === 'eviction') return [{ kind: 'drain.pod' }];
  if (subResource === 'status') return [];
  if (subResource !== '') throw unreadable(request, 'is nothing this gate knows');
  if (operation === 'DELETE') return [{ kind: DELETIONS[name] ?? 'delete' }];
  const read = READERS[name];
  if (read === undefined || operation === 'CONNECT') throw unreadable(request, 'is nothing this gate knows');
  return read(request);
}

/** Refused, not admitted: whoever sent it here wanted it gated. */
function unreadable(
  { operation, resource, subResource = '' }: AdmissionRequest,
  problem: string,
): PipelineError {
  const name = [`${resource.resource}${resource.group === '' ? '' : `.${resource.group}`}`, subResource];
  const what = `${operation} of ${name.filter((part) => part !== '').join('/')}`;
  return new PipelineError('request_invalid', `${what} ${problem}: leave it out of the webhook's rules.`);
}
