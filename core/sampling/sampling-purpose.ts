/** What a decision takes sampled spans for: counts of them, the shape of their traces, or that something is there at all. */
export const SAMPLING_PURPOSES = ['counts', 'trace-shape', 'existence'] as const;
export type SamplingPurpose = (typeof SAMPLING_PURPOSES)[number];
