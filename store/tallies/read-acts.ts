import type { ClickHouseClient } from '@clickhouse/client';
import { isSameActor, ROUTINE } from '../../core/actions/controllers.ts';
import { decisionOf } from '../../core/actions/decision-of.ts';
import { mergeActions } from '../../core/actions/merge-actions.ts';
import { recogniseAction } from '../../core/actions/recognise-action.ts';
import { serviceOfWorkload } from '../../core/actions/workload-of.ts';
import type {
  AutomationIntent,
  RecordedAction,
  RecordedChange,
  RecordedDecision,
} from '../../core/system-history.ts';
import { type DecisionRow, readDecisions } from '../decisions.ts';
import { readActionRecords } from './read-action-records.ts';
import { readChanges, recordedChanges } from './read-changes.ts';

const MINUTE_MS = 60_000;
/** More decisions than any fortnight of ten services has seen. */
const DECISIONS_MAX = 100_000;
/** What is done to machines is done to no service. */
const OF_THE_PLATFORM = /^(capacity|consolidate|quota)\.|^drain\.node$/;

/** Who did what, who was asked, and what people said of it, in order of time. */
export interface Acts {
  /** As telemetry tells; each with its decision, where one is known. */
  readonly seen: readonly RecordedAction[];
  /** Actors of these that are at work all the time, within limits that others set. */
  readonly routine: ReadonlySet<string>;
  /** Allowed by a gate, of actors that telemetry does not tell of: whoever was allowed acts. */
  readonly assumed: readonly RecordedAction[];
  readonly decisions: readonly RecordedDecision[];
  readonly changes: readonly RecordedChange[];
  /** Records that were too long to be kept, so that nobody knows whether they told of an action. */
  readonly tooLong: number;
  /** There were more records than are read at once: of the oldest nothing is told. */
  readonly isCut: boolean;
}

/**
 * @param query.startMs from when minutes are counted: those of what was before are negative; left out: `fromMs`
 * @param query.serviceNames services that actions may be of; what is done to anything else is told by its own name
 * @throws PipelineError store_unavailable
 */
export async function readActs(
  client: ClickHouseClient,
  query: {
    readonly fromMs: number;
    readonly untilMs: number;
    readonly startMs?: number;
    readonly serviceNames: readonly string[];
    readonly automation: readonly AutomationIntent[];
  },
): Promise<Acts> {
  const { startMs = query.fromMs } = query;
  const minuteOf = (timeMs: number) => Math.floor((timeMs - startMs) / MINUTE_MS);
  const [{ records, ...lost }, rows] = await Promise.all([
    readActionRecords(client, query),
    readDecisions(client, { fromMs: query.fromMs, untilMs: query.untilMs, limit: DECISIONS_MAX }),
  ]);
  const changes = await readChanges(client, query, records);
  const decisions = rows
    .filter(({ mode }) => mode === 'enforce')
    .reverse()
    .map((row) => ({ row, decision: decisionFrom(row, minuteOf) }));
  const names = new Set(query.serviceNames);
  const recognised = records.flatMap((record) => recogniseAction(record) ?? []);
  const acts = mergeActions(
    recognised.map((action) => ({ ...action, target: serviceOfWorkload(action.target, names) })),
  );
  const isSame = sameActor(query.automation);
  const byService = Map.groupBy(
    decisions.map(({ decision }) => decision),
    ({ service }) => service,
  );
  const seen = acts.map(({ timeMs, actor, target, kind, to, decisionId, isPerson }): RecordedAction => {
    const action = {
      minute: minuteOf(timeMs),
      actor: query.automation.find((declared) => isSame(actor, declared.actor))?.actor ?? actor,
      service: !names.has(target) && OF_THE_PLATFORM.test(kind) ? '' : target,
      kind,
      to,
      ...(isPerson ? { isPerson } : {}),
    };
    const decision = decisionOf(action, byService.get(action.service) ?? [], isSame);
    return { ...action, decisionId: decisionId ?? decision?.id ?? null };
  });
  const heard = new Set(seen.map(({ actor }) => actor));
  const isRoutine = (actor: string) => ROUTINE.some((one) => isSame(one, actor));
  return {
    seen,
    routine: new Set([...heard].filter(isRoutine)),
    assumed: decisions
      .filter(
        ({ decision: { outcome, actor } }) =>
          outcome === 'allow' && ![...heard].some((one) => isSame(one, actor)),
      )
      .map(({ row, decision: { minute, actor, service, kind, id } }) => ({
        minute,
        actor,
        service,
        kind,
        to: numberOf(row),
        decisionId: id,
      })),
    decisions: decisions.map(({ decision }) => decision),
    changes: recordedChanges(changes, { startMs, serviceNames: query.serviceNames }),
    ...lost,
  };
}

/** As people declared who is who: a service account and a name at the gate may be one automation. */
function sameActor(automation: readonly AutomationIntent[]): (actor: string, other: string) => boolean {
  const identities = new Map(automation.map(({ actor, identity }) => [actor, identity]));
  return (actor, other) =>
    isSameActor(actor, other, identities.get(other) ?? null) ||
    isSameActor(other, actor, identities.get(actor) ?? null);
}

function decisionFrom(
  { decidedAtMs, request, response }: DecisionRow,
  minuteOf: (timeMs: number) => number,
): RecordedDecision {
  return {
    minute: minuteOf(decidedAtMs),
    id: response.decisionId,
    actor: request.actor.id,
    service: request.target['service'] ?? '',
    kind: request.action.kind,
    outcome: response.decision,
    ...(response.validUntil === null ? {} : { validUntilMinute: minuteOf(Date.parse(response.validUntil)) }),
  };
}

/** What it was to be set to, where that is one number. */
function numberOf({ request }: DecisionRow): number | null {
  const values = Object.values(request.action.to ?? {});
  return values.length === 1 && typeof values[0] === 'number' ? values[0] : null;
}
