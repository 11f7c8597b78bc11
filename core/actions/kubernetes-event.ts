import type { ActionRecord } from './action-record.ts';
import { fieldsOf, numberOf, parseFields, textOf } from './json-fields.ts';

/** An Event of Kubernetes, whoever of the Collector's receivers wrote it. */
export interface KubernetesEvent {
  readonly timeMs: number;
  readonly reason: string;
  readonly message: string;
  readonly objectKind: string;
  readonly objectName: string;
  /** The same at every sight of the event; another when it happened again. */
  readonly key: string;
}

/**
 * - k8s_events: attributes `k8s.event.*`, the object in the resource, the message as body;
 * - k8sobjects: the Event itself as body, or `{type, object}` when watched, of v1 or of events.k8s.io/v1.
 * @see opentelemetry-collector-contrib, receiver/k8seventsreceiver and receiver/k8sobjectsreceiver
 */
export function kubernetesEvent(record: ActionRecord): KubernetesEvent | null {
  const { attributes, resource, timeMs, body } = record;
  const reason = attributes['k8s.event.reason'];
  if (reason !== undefined) {
    const uid = attributes['k8s.event.uid'] ?? '';
    const count = attributes['k8s.event.count'] ?? '';
    return {
      timeMs,
      reason,
      message: body,
      objectKind: resource['k8s.object.kind'] ?? '',
      objectName: resource['k8s.object.name'] ?? '',
      key: uid === '' ? `${timeMs}|${reason}|${resource['k8s.object.name']}|${body}` : `${uid}|${count || 1}`,
    };
  }
  return eventInBody(parseFields(body), timeMs);
}

function eventInBody(body: ReturnType<typeof parseFields>, observedMs: number): KubernetesEvent | null {
  const event = body['object'] === undefined ? body : fieldsOf(body['object']);
  const object = fieldsOf(event['involvedObject'] ?? event['regarding']);
  const reason = textOf(event['reason']);
  const objectKind = textOf(object['kind']);
  // What is deleted is the Event, an hour after it happened.
  if (reason === '' || objectKind === '' || textOf(body['type']) === 'DELETED') return null;
  const series = fieldsOf(event['series']);
  const metadata = fieldsOf(event['metadata']);
  const times = [
    series['lastObservedTime'],
    event['lastTimestamp'],
    event['deprecatedLastTimestamp'],
    event['eventTime'],
    metadata['creationTimestamp'],
  ];
  const timeMs = times.map((time) => Date.parse(textOf(time))).find((ms) => ms > 0) ?? observedMs;
  const count =
    numberOf(series['count']) ?? numberOf(event['count']) ?? numberOf(event['deprecatedCount']) ?? 1;
  const objectName = textOf(object['name']);
  const uid = textOf(metadata['uid']) || `${timeMs}|${reason}|${objectName}`;
  return {
    timeMs,
    reason,
    message: textOf(event['message']) || textOf(event['note']),
    objectKind,
    objectName,
    key: `${uid}|${Math.max(1, count)}`,
  };
}
