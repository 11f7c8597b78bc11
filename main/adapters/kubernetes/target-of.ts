import type { DecisionRequest } from '../../../core/decision.ts';
import type { AdmissionRequest } from './admission-review.ts';
import { fieldAt, textAt } from './field-at.ts';

const ANNOTATION_PREFIX = 'plumbline.dev/';
const NAME_LABEL = 'app.kubernetes.io/name';
/** `checkout-7d9f8c6b5-x2x9q` and `cart-0`: pods are named by their workload; an Eviction has nothing else. */
const POD_SUFFIX = /(-[a-z0-9]{6,10})?-[a-z0-9]{5}$|-\d+$/;

/** A Scale carries no labels of its workload, but its selector as text: `app.kubernetes.io/name=checkout,…`. */
function nameOfSelector(object: unknown): string | undefined {
  const pairs = textAt(object, 'status', 'selector')?.split(',') ?? [];
  return pairs.map((pair) => pair.split('=')).find(([key]) => key === NAME_LABEL)?.[1];
}

/** Names nothing is the built-in word for "everything", and denied: a deletion of a collection comes without a name. */
const EVERYTHING = '*';

function serviceOf(request: AdmissionRequest, object: unknown): string {
  const name = request.name || textAt(object, 'metadata', 'name') || EVERYTHING;
  const isEviction = request.subResource === 'eviction';
  return (
    textAt(object, 'metadata', 'annotations', `${ANNOTATION_PREFIX}service`) ??
    textAt(object, 'metadata', 'labels', NAME_LABEL) ??
    nameOfSelector(object) ??
    (isEviction ? name.replace(POD_SUFFIX, '') : name)
  );
}

/** What it is about: annotations of ours first, then the recommended labels, else the object's own name. */
export function targetOf(request: AdmissionRequest): DecisionRequest['target'] {
  const object = request.object ?? request.oldObject;
  const annotated = (key: string): string | undefined =>
    textAt(object, 'metadata', 'annotations', `${ANNOTATION_PREFIX}${key}`);
  const labels = fieldAt(object, 'metadata', 'labels');
  const parts: Readonly<Record<string, string | undefined>> = {
    service: serviceOf(request, object),
    namespace: annotated('namespace'),
    env: annotated('env'),
    region: annotated('region') ?? textAt(labels, 'topology.kubernetes.io/region'),
    'k8s.namespace': request.namespace || undefined,
    'k8s.kind': request.kind.kind,
    'k8s.name': request.name || textAt(object, 'metadata', 'name'),
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
}
