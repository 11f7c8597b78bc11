import type { FleetHealth } from '../fleet-health.ts';
import type { IntentState } from '../intent-state.ts';
import type { Vote } from '../vote.ts';
import type { Asked } from './asked.ts';
import { changeBudgets } from './change-budget.ts';
import { cooldowns } from './cooldown.ts';
import { flaps } from './flap.ts';
import { massEvent } from './mass-event.ts';
import { type RepairEffects, repairEffects } from './repair-effect.ts';

/** What is shared over all actors, as one set writes it. */
export function guardrailVotes(
  asked: Asked,
  of: {
    health: FleetHealth | null;
    effects: RepairEffects | null;
    intents: readonly IntentState[];
    isApproved: boolean;
  },
): Vote[] {
  return [
    ...changeBudgets(asked),
    ...cooldowns(asked),
    ...flaps(asked),
    ...massEvent(asked, of.health),
    ...repairEffects(asked, of),
  ];
}
