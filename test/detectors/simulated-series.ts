import { logBin } from '../../core/log-bin.ts';
import type { ServiceStep } from '../../core/service-step.ts';
import { wholeStep } from './whole-step.ts';

export interface Phase {
  readonly steps: number;
  readonly requests: number | (() => number);
  /** Chance of an error, each by itself. */
  readonly errorRatio?: number;
  readonly durationMs?: number;
  /** Share of requests that take ten times as long. */
  readonly slowRatio?: number;
  /** Requests that each span stands for; null is unknown, 1 when left out. */
  readonly weight?: number | null;
}

export const STEP_MS = 10_000;
export const START_MS = 1_700_000_000_000;

/** Steps of 10 s, phase after phase; counts are binomial draws. A phase without requests leaves no steps. */
export function simulateSeries(phases: readonly Phase[], random: () => number): ServiceStep[] {
  const series: ServiceStep[] = [];
  let startMs = START_MS;
  for (const phase of phases) {
    for (let i = 0; i < phase.steps; i++, startMs += STEP_MS) {
      const requests = typeof phase.requests === 'number' ? phase.requests : phase.requests();
      if (requests === 0) continue;
      const slow = drawBinomial(requests, phase.slowRatio ?? 0, random);
      const quickBin = logBin((phase.durationMs ?? 100) * 1_000);
      const slowBin = logBin((phase.durationMs ?? 100) * 10_000);
      const errors = drawBinomial(requests, phase.errorRatio ?? 0, random);
      const durationBins = new Map([
        [quickBin, requests - slow],
        [slowBin, slow],
      ]);
      series.push(
        wholeStep({
          startMs,
          requests,
          errors,
          durationBins,
          weight: phase.weight ?? (phase.weight === null ? null : 1),
        }),
      );
    }
  }
  return series;
}

/** Waiting times between successes are geometric: cheap for small chances. */
export function drawBinomial(n: number, p: number, random: () => number): number {
  if (p <= 0) return 0;
  if (p >= 1) return n;
  let count = 0;
  for (let at = 0; ; count++) {
    at += Math.floor(Math.log(1 - random()) / Math.log(1 - p)) + 1;
    if (at > n) return count;
  }
}
