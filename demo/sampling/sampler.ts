import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';

export type Sampler = NodeSDKConfiguration['sampler'];
export type SamplingResult = ReturnType<Sampler['shouldSample']>;

/** SamplingDecision.RECORD_AND_SAMPLED and NOT_RECORD of the SDK. */
export const RECORD = 2 satisfies SamplingResult['decision'];
export const DROP = { decision: 0 } as const satisfies SamplingResult;
