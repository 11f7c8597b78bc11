import type { SystemHistory } from '../../../core/system-history.ts';
import { designIntentOf } from '../../../gates/constraints/design-intent-of.ts';

export const START_MS = Date.UTC(2026, 0, 5);
const MINUTES = 360;
/** From here on the tuner moves the target of `cart`, and asks nobody. */
export const MOVED_MINUTE = 240;

/** Six hours of two services; `web` calls `cart`. An automation that must ask moves a setting without having asked. */
export function smallRun(): SystemHistory {
  const each = (value: (minute: number) => number) =>
    Float64Array.from({ length: MINUTES }, (_, i) => value(i));
  const steps = (value: number) => new Float64Array(MINUTES / 10).fill(value);
  const requests = each((minute) => Math.round(600 + 100 * Math.cos(minute / 60)));
  const service = (name: string, cpuTarget: Float64Array) => ({
    name,
    series: {
      requests,
      errors: each((minute) => (minute % 30 === 0 ? 3 : 0)),
      rejected: each((minute) => (minute % 30 === 0 ? 1 : 0)),
      meanMs: each((minute) => 50 + Math.sin(minute)),
      selfMs: each((minute) => 20 + Math.sin(minute)),
      criticalPathMs: each((minute) => 15 + Math.sin(minute)),
      p50Ms: each((minute) => 45 + Math.sin(minute)),
      p99Ms: each((minute) => 190 + 5 * Math.sin(minute)),
      version: each((minute) => (minute < 100 ? 1 : 2)),
      cpuRatio: each((minute) => 0.5 + 0.02 * Math.sin(minute)),
      replicas: each(() => 4),
      cpuTarget,
    },
  });
  return {
    startMs: START_MS,
    minutes: MINUTES,
    services: new Map([
      [
        'cart',
        service(
          'cart',
          each((minute) => (minute < MOVED_MINUTE ? 0.6 : 0.8)),
        ),
      ],
      [
        'web',
        service(
          'web',
          each(() => 0.6),
        ),
      ],
    ]),
    edges: [
      {
        from: 'web',
        to: 'cart',
        calls: steps(5_000),
        attempts: steps(5_200),
        failures: steps(40),
        latencyMs: steps(52),
      },
    ],
    pools: [],
    users: null,
    actions: [
      {
        minute: MOVED_MINUTE,
        actor: 'tuner',
        service: 'cart',
        kind: 'tune.target',
        to: 0.8,
        decisionId: null,
      },
    ],
    decisions: [],
    changes: [],
    intent: designIntentOf([]),
  };
}

export const SMALL_RUN_CONSTRAINTS = `
apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: { name: small, owner: people }
scope: { service: cart }
automation: [{ actor: tuner, gate: required }]
`;
