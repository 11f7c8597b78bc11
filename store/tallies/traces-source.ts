import type { Source } from '../../core/source.ts';

/** Of a row of a service's spans, all instances together. */
export function tracesSource(row: {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
}): Source {
  return {
    tenant: row.Tenant,
    serviceNamespace: row.ServiceNamespace,
    serviceName: row.ServiceName,
    serviceInstanceId: '',
    signal: 'traces',
  };
}
