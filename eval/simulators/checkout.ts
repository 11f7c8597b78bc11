import type { Signal } from '../../core/signal.ts';

/** When simulated sources are asked about. */
export const NOW_MS = 1_700_000_000_000;

/** The service that is simulated where one is enough. */
export function sourceOf(signal: Signal, serviceInstanceId = '') {
  return { tenant: 't', serviceNamespace: 'shop', serviceName: 'checkout', serviceInstanceId, signal };
}
