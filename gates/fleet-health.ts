import type { Finding } from '../core/finding.ts';
import { servicesOf } from './held-by-findings.ts';
import type { IntentState } from './intent-state.ts';
import type { TrustState } from './trust.ts';

/** How much of everything that is known looks bad at once. */
export interface FleetHealth {
  readonly known: number;
  readonly unhealthy: number;
  /** Some of them. */
  readonly examples: readonly string[];
  readonly atMs: number;
}

/** As for verdicts: older than this it is not known. */
export const HEALTH_VALID_MS = 15_000;
const EXAMPLES_MAX = 5;

/**
 * Over all services that were judged lately: with an open confirmed finding, a failing verdict or a missed intent.
 * Walks all sources: once a refresh, never for a question.
 */
export async function fleetHealth(of: {
  trust: TrustState;
  findings: readonly Finding[];
  intents: readonly IntentState[];
  nowMs: number;
}): Promise<FleetHealth> {
  const { trust, findings, intents, nowMs } = of;
  const known = await trust.serviceStates(nowMs);
  const bad = new Set([...known].filter(([, state]) => state === 'fail').map(([name]) => name));
  for (const { state, subject, kind } of findings)
    if (state === 'confirmed' && kind !== 'overdue-hold' && kind !== 'ungated-action')
      for (const name of servicesOf(subject)) bad.add(name);
  for (const { isMet, intent } of intents) if (isMet === 'false') bad.add(intent.serviceName);
  const names = new Set([...known.keys(), ...bad]);
  return {
    known: names.size,
    unhealthy: bad.size,
    examples: [...bad].sort().slice(0, EXAMPLES_MAX),
    atMs: nowMs,
  };
}
