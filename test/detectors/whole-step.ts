import type { ServiceStep } from '../../core/service-step.ts';

/** A step of a service that nothing samples, or whose spans all stand for `weight` requests. */
export function wholeStep(of: {
  startMs?: number;
  requests: number;
  errors: number;
  durationBins?: ReadonlyMap<number, number>;
  weight?: number | null;
}): ServiceStep {
  const { startMs = 0, requests, errors, durationBins = new Map(), weight = 1 } = of;
  return { startMs, byWeight: [{ weight, spans: requests, errors, durationBins }] };
}
