import { z } from 'zod';
import { SIGNALS } from '../../core/signal.ts';
import type { Source } from '../../core/source.ts';

export const sourceJson = z
  .strictObject({
    tenant: z.string(),
    serviceNamespace: z.string(),
    serviceName: z.string(),
    serviceInstanceId: z.string().describe('Empty: all instances of the service taken together.'),
    signal: z.enum(SIGNALS),
  })
  .meta({ id: 'Source', description: 'One emitter of one signal.' });

export function toSourceJson(source: Source): z.infer<typeof sourceJson> {
  const { tenant, serviceNamespace, serviceName, serviceInstanceId, signal } = source;
  return { tenant, serviceNamespace, serviceName, serviceInstanceId, signal };
}
