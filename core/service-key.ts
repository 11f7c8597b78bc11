/** A service of a tenant, all its instances taken together. */
export interface ServiceId {
  readonly tenant: string;
  readonly serviceNamespace: string;
  readonly serviceName: string;
}

/** Stable text key; the separator cannot occur in UTF-8 text attributes that people write. */
export function serviceKey(service: ServiceId): string {
  return `${service.tenant}\u001f${service.serviceNamespace}\u001f${service.serviceName}`;
}
