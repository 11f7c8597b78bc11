import type { ActionRecord } from '../../core/actions/action-record.ts';

/** A record as `action_records` keeps it, of the time of its minute. */
export function actionRecord(of: Partial<ActionRecord> = {}): ActionRecord {
  return {
    timeMs: Date.UTC(2026, 10, 2, 12),
    eventName: '',
    serviceName: '',
    attributes: {},
    resource: {},
    body: '',
    ...of,
  };
}

/** As the Collector's k8s_events receiver writes an Event. */
export function k8sEvent(of: {
  readonly reason: string;
  readonly message: string;
  readonly kind: string;
  readonly name: string;
  readonly uid?: string;
  readonly count?: number;
  readonly timeMs?: number;
}): ActionRecord {
  return actionRecord({
    ...(of.timeMs === undefined ? {} : { timeMs: of.timeMs }),
    attributes: {
      'k8s.event.reason': of.reason,
      'k8s.event.action': '',
      'k8s.event.start_time': '2026-11-02 12:00:00 +0000 UTC',
      'k8s.event.name': `${of.name}.17f`,
      'k8s.event.uid': of.uid ?? `${of.name}-uid-${of.message}`,
      'k8s.namespace.name': 'shop',
      'k8s.event.count': String(of.count ?? 1),
    },
    resource: {
      'k8s.node.name': '',
      'k8s.object.kind': of.kind,
      'k8s.object.name': of.name,
      'k8s.object.uid': '1',
      'k8s.object.fieldpath': '',
      'k8s.object.api_version': 'v1',
      'k8s.object.resource_version': '42',
    },
    body: of.message,
  });
}

/** An entry of the API server's audit log, of level RequestResponse. */
export function auditEntry(of: {
  readonly verb: string;
  readonly username: string;
  readonly resource: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly request?: unknown;
  readonly response?: unknown;
  readonly code?: number;
  readonly stage?: string;
  readonly auditId?: string;
  readonly uri?: string;
  readonly time?: string;
}): Record<string, unknown> {
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: of.auditId ?? `a-${of.verb}-${of.resource}-${of.name}-${JSON.stringify(of.request)}`,
    stage: of.stage ?? 'ResponseComplete',
    requestURI: of.uri ?? '/apis/apps/v1/namespaces/shop/deployments/cart/scale',
    verb: of.verb,
    user: { username: of.username, groups: ['system:authenticated'] },
    sourceIPs: ['10.0.0.7'],
    userAgent: 'kubectl/v1.34',
    objectRef: {
      resource: of.resource,
      namespace: 'shop',
      name: of.name ?? 'cart',
      apiGroup: 'apps',
      apiVersion: 'v1',
      ...(of.subresource === undefined ? {} : { subresource: of.subresource }),
    },
    responseStatus: { metadata: {}, code: of.code ?? 200 },
    requestObject: of.request,
    responseObject: of.response,
    requestReceivedTimestamp: of.time ?? '2026-11-02T12:00:00.123456Z',
    stageTimestamp: '2026-11-02T12:00:00.223456Z',
  };
}
