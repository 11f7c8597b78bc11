import type { Signal } from './signal.ts';

/**
 * One emitter of one signal. An empty `serviceInstanceId` means all instances of the service taken
 * together: some questions (who lost the parents of these spans?) have no finer answer.
 */
export interface Source {
  readonly tenant: string;
  readonly serviceNamespace: string;
  readonly serviceName: string;
  readonly serviceInstanceId: string;
  readonly signal: Signal;
}

/** Stable text key; the separator cannot occur in UTF-8 text attributes that people write. */
export function sourceKey(source: Source): string {
  return `${source.tenant}\u001f${source.serviceNamespace}\u001f${source.serviceName}\u001f${source.serviceInstanceId}\u001f${source.signal}`;
}

/** How people read a source: `shop/checkout#pod-7 traces`, leaving out what is not set. */
export function sourceLabel(source: Source): string {
  const namespace = source.serviceNamespace === '' ? '' : `${source.serviceNamespace}/`;
  const instance = source.serviceInstanceId === '' ? '' : `#${source.serviceInstanceId}`;
  return `${namespace}${source.serviceName}${instance} ${source.signal}`;
}
