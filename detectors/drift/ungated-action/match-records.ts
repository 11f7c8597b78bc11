import type {
  RecordedAction,
  RecordedChange,
  RecordedDecision,
  SystemHistory,
} from '../../../core/system-history.ts';

/** Clocks of those who act, decide and measure agree no better. */
export const CLOCK_TOLERANCE_MINUTES = 5;
/** A decision allows what follows it for so long. */
const DECISION_VALID_MINUTES = 30;
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
export function recordsByService(history: SystemHistory): (service: string) => ServiceRecords {
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

export function allowanceFor({ decisions }: ServiceRecords, when: When): RecordedDecision | null {
  return (
    decisions.find(
      ({ minute, outcome }) => outcome === 'allow' && isWithin(minute, when, DECISION_VALID_MINUTES),
    ) ?? null
  );
}

/** The last word against it before it happened. */
export function refusalFor({ decisions }: ServiceRecords, when: When): RecordedDecision | null {
  return (
    decisions.findLast(
      ({ minute, outcome }) => outcome !== 'allow' && isWithin(minute, when, DECISION_VALID_MINUTES),
    ) ?? null
  );
}

export function actionFor({ actions }: ServiceRecords, when: When): RecordedAction | null {
  return actions.find(({ minute }) => isWithin(minute, when, CLOCK_TOLERANCE_MINUTES)) ?? null;
}

function isWithin(minute: number, { fromMinute, untilMinute }: When, validMinutes: number): boolean {
  return minute >= fromMinute - validMinutes && minute <= untilMinute + CLOCK_TOLERANCE_MINUTES;
}
