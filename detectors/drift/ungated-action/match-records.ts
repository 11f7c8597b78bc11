import { CLOCK_TOLERANCE_MINUTES, DECISION_VALID_MINUTES } from '../../../core/actions/decision-of.ts';
import type {
  RecordedAction,
  RecordedChange,
  RecordedDecision,
  SystemHistory,
} from '../../../core/system-history.ts';
import type { UngatedEvent } from './ungated-event.ts';

/** A decision that is named allows the action for so long; longer than for an effect alone, since the link is certain. */
const NAMED_DECISION_VALID_MINUTES = 24 * 60;
/** A change that a person recorded may roll out for so long. */
const CHANGE_VALID_MINUTES = 60;

/** What is on record of one service, in order of time. */
export interface ServiceRecords {
  readonly actions: readonly RecordedAction[];
  readonly decisions: readonly RecordedDecision[];
  readonly changes: readonly RecordedChange[];
}

const NONE: ServiceRecords = { actions: [], decisions: [], changes: [] };

/** Records by service, so that a match reads those of one service. */
export function recordsByService(
  history: Pick<SystemHistory, keyof ServiceRecords>,
): (service: string) => ServiceRecords {
  const byService = new Map<string, { [K in keyof ServiceRecords]: ServiceRecords[K][number][] }>();
  const add = <K extends keyof ServiceRecords>(kind: K, rows: readonly ServiceRecords[K][number][]) => {
    for (const row of rows) {
      let records = byService.get(row.service);
      if (records === undefined) {
        records = { actions: [], decisions: [], changes: [] };
        byService.set(row.service, records);
      }
      records[kind].push(row);
    }
  };
  add('actions', history.actions);
  add('decisions', history.decisions);
  add('changes', history.changes);
  return (service) => byService.get(service) ?? NONE;
}

/** When something happened, as far as is known. */
export interface When {
  readonly fromMinute: number;
  readonly untilMinute: number;
}

/** The minute from which on the record speaks for what happened; null where none does. */
export function changeFor({ changes }: ServiceRecords, when: When): RecordedChange | null {
  return changes.find(({ minute }) => isWithin(minute, when, CHANGE_VALID_MINUTES)) ?? null;
}

/** An autoscaler at work every quarter of an hour would excuse whatever else is done to its service. */
const MOVES_NO_SETTING = /^(scale|restart|drain|capacity|consolidate)(\.|$)/;
const MOVES_NO_SIZE = /^(restart|drain|capacity|consolidate|weight|shift|cache)(\.|$)/;

/** What moved: of a kind of action that cannot have moved it nothing is said. */
type Moved = 'a setting' | 'the size' | 'a share';

function canMove(kind: string, what: Moved): boolean {
  const others = { 'a setting': MOVES_NO_SETTING, 'the size': MOVES_NO_SIZE, 'a share': null }[what];
  return others?.test(kind) !== true;
}

export function allowanceFor(
  { decisions }: ServiceRecords,
  when: When,
  what: Moved,
): RecordedDecision | null {
  return (
    decisions.find(
      ({ minute, kind, outcome }) =>
        outcome === 'allow' && isWithin(minute, when, DECISION_VALID_MINUTES) && canMove(kind, what),
    ) ?? null
  );
}

/** The last word against it before it happened. */
export function refusalFor({ decisions }: ServiceRecords, when: When, what: Moved): RecordedDecision | null {
  return (
    decisions.findLast(
      ({ minute, kind, outcome }) =>
        outcome !== 'allow' && isWithin(minute, when, DECISION_VALID_MINUTES) && canMove(kind, what),
    ) ?? null
  );
}

export function actionFor({ actions }: ServiceRecords, when: When, what: Moved): RecordedAction | null {
  return (
    actions.find(
      ({ minute, kind }) => isWithin(minute, when, CLOCK_TOLERANCE_MINUTES) && canMove(kind, what),
    ) ?? null
  );
}

function isWithin(minute: number, { fromMinute, untilMinute }: When, validMinutes: number): boolean {
  return minute >= fromMinute - validMinutes && minute <= untilMinute + CLOCK_TOLERANCE_MINUTES;
}

/** Why no decision covers the action; null where one does, or where the gate's records are lost. */
export function objectionTo(
  action: RecordedAction,
  known: {
    readonly decisions: ReadonlyMap<string, RecordedDecision>;
    readonly areDecisionsKept: boolean;
  },
): Exclude<UngatedEvent['why'], 'silent'> | null {
  if (action.decisionId === null) return 'not-asked';
  const decision = known.decisions.get(action.decisionId);
  // An action that names a decision while no decision at all is kept: the records of the gate are lost, not the asking.
  if (decision === undefined) return known.areDecisionsKept ? 'decision-missing' : null;
  if (decision.outcome !== 'allow' || decision.service !== action.service) return 'refused';
  const age = action.minute - decision.minute;
  return age < -CLOCK_TOLERANCE_MINUTES || age > NAMED_DECISION_VALID_MINUTES ? 'decision-expired' : null;
}
