import type { ClickHouseClient } from '@clickhouse/client';
import { isSameActor } from '../../core/actions/controllers.ts';
import { matchGlob } from '../../core/glob.ts';
import type { AutomationIntent } from '../../core/system-history.ts';
import {
  type CoverageTable,
  coverageTable,
  type SilentStep,
} from '../../detectors/drift/ungated-action/coverage-table.ts';
import { stageOf } from '../../gates/fail-modes.ts';
import { readActs } from '../../store/tallies/read-acts.ts';
import { type ReplicaStep, readReplicaSteps } from '../../store/tallies/read-replica-steps.ts';
import { readServiceNames } from '../../store/tallies/read-service-names.ts';

const MINUTE_MS = 60_000;
/** Whoever acts at the beginning asked before it. */
const ASKED_BEFORE_MS = 60 * MINUTE_MS;

export interface Coverage extends CoverageTable {
  /** What its minutes are counted from. */
  readonly fromMs: number;
  /** Records that were too long to be kept. */
  readonly tooLong: number;
  /** There were more records than are read at once. */
  readonly isCut: boolean;
}

/** What was done in [fromMs, untilMs), and whether a gate was asked. @throws PipelineError store_unavailable */
export async function readCoverage(
  client: ClickHouseClient,
  query: {
    readonly fromMs: number;
    readonly untilMs: number;
    readonly automation: readonly AutomationIntent[];
  },
): Promise<Coverage> {
  const { automation } = query;
  const serviceNames = await readServiceNames(client, query);
  const fromMs = query.fromMs - ASKED_BEFORE_MS;
  const acts = await readActs(client, { ...query, fromMs, serviceNames });
  const steps = await readReplicaSteps(client, query);
  const hpa = automation.find(({ actor, identity }) => isSameActor('hpa', actor, identity))?.actor ?? 'hpa';
  const table = coverageTable(
    {
      actions: acts.seen.filter(({ minute }) => minute >= ASKED_BEFORE_MS / MINUTE_MS),
      decisions: acts.decisions,
      changes: acts.changes,
      steps: steps.map((step) => silentStep(step, { fromMs, hpa })),
    },
    {
      stageOf,
      isStanding: (actor, kind) =>
        automation.some(
          (one) =>
            one.actor === actor &&
            (one.gate === 'standing' || one.standingKinds.some((glob) => matchGlob(glob, kind))),
        ),
    },
  );
  return { ...table, fromMs, tooLong: acts.tooLong, isCut: acts.isCut };
}

function silentStep(
  { service, isOfAutoscaler, heldUntilMs, atMs, before, after }: ReplicaStep,
  { fromMs, hpa }: { readonly fromMs: number; readonly hpa: string },
): SilentStep {
  return {
    service,
    actor: isOfAutoscaler ? hpa : 'unknown',
    kind: after === 0 ? 'scale.to_zero' : after > before ? 'scale.up' : 'scale.down',
    heldUntilMinute: Math.floor((heldUntilMs - fromMs) / MINUTE_MS),
    minute: Math.floor((atMs - fromMs) / MINUTE_MS),
  };
}
