import { metricPayloads } from './data-points.ts';
import { logPayloads } from './log-records.ts';
import type { Payload, PayloadMix } from './payload.ts';
import { spanPayloads } from './spans.ts';

export async function makePayloads(mix: PayloadMix): Promise<Payload[]> {
  if (mix.signal === 'traces') return spanPayloads(mix);
  return mix.signal === 'logs' ? logPayloads(mix) : metricPayloads(mix);
}
