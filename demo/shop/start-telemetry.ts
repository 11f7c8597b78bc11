import { startNodeSdk } from '@opentelemetry/sdk-node';
import { consistentSampler } from '../sampling/consistent-sampler.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { DemoProcess } from './start-process.ts';

/**
 * Starts the SDK as most services do: everything from the OTEL_* environment the process was started with
 * (see `service-environment.ts`), but for the sampler, which no variable can ask for.
 */
export function startTelemetry(process: DemoProcess, sampler?: Sampler): void {
  const sdk = startNodeSdk({ sampler: sampler ?? consistentSampler(process.options.samplingProbability) });
  process.onEnd(() => sdk.shutdown());
}
