import type { AcceptedReference } from './accepted-reference.ts';

/**
 * Which reference counts for each service: the newest that holds numbers of it and was not taken back.
 * @param references the newest first
 */
export function referencesInForce(references: readonly AcceptedReference[]): Map<string, AcceptedReference> {
  const inForce = new Map<string, AcceptedReference>();
  for (const reference of references) {
    if (reference.revoked !== null) continue;
    for (const service of reference.held) if (!inForce.has(service)) inForce.set(service, reference);
  }
  return inForce;
}
