import type { Asked } from '../guardrails/asked.ts';
import type { Vote } from '../vote.ts';
import { decommissioning } from './decommissioning.ts';
import { deployment } from './deployment.ts';
import { optimisation } from './optimisation.ts';
import { provisioning } from './provisioning.ts';
import { recovery } from './recovery.ts';
import { routing } from './routing.ts';

/** What each stage of a set asks besides its sources; scaling asks for nothing else. */
export function stageVotes(asked: Asked): Vote[] {
  return [provisioning, deployment, routing, recovery, optimisation, decommissioning].flatMap((stage) =>
    stage(asked),
  );
}
