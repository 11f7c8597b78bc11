import type { Attributes, Meter } from '@opentelemetry/api';

/** What is known about the ticks of all kinds; ages count from the last tick that succeeded. */
export interface TickMetrics {
  ran(kind: string, durationMs: number): void;
  failed(kind: string): void;
  skipped(kind: string): void;
  /** @param ageMs since the last success, null before the first */
  watch(kind: string, ageMs: () => number | null): void;
}

const BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createTickMetrics(meter: Meter): TickMetrics {
  const duration = meter.createHistogram('plumbline.judge.tick.duration', {
    unit: 's',
    description: 'Time a tick took, failed ones too',
    advice: { explicitBucketBoundaries: BOUNDS_S },
  });
  const failures = meter.createCounter('plumbline.judge.tick.failures', {
    description: 'Ticks that failed; the next one tries again',
  });
  const skips = meter.createCounter('plumbline.judge.tick.skipped', {
    description: 'Ticks not run because one of the same kind had just begun',
  });
  const age = meter.createObservableGauge('plumbline.judge.tick.age', {
    unit: 's',
    description: 'Time since the last tick that succeeded',
  });
  const of = (kind: string): Attributes => ({ kind });
  return {
    ran: (kind, durationMs) => duration.record(durationMs / 1_000, of(kind)),
    failed: (kind) => failures.add(1, of(kind)),
    skipped: (kind) => skips.add(1, of(kind)),
    watch: (kind, ageMs) =>
      age.addCallback((result) => {
        const lastMs = ageMs();
        if (lastMs !== null) result.observe(lastMs / 1_000, of(kind));
      }),
  };
}
