import type { SystemView } from '../../equal-load/system-view.ts';
import { type GaugeStep, gaugeSteps, isSame } from '../gauge-steps.ts';
import {
  actionFor,
  allowanceFor,
  changeFor,
  recordsByService,
  refusalFor,
  type ServiceRecords,
} from './match-records.ts';
import { settingsOf } from './settings-of.ts';
import type { UngatedEvent } from './ungated-event.ts';

/** Records may come later than what they are about. */
const GRACE_MINUTES = 15;

/**
 * Steps of settings that no action, no decision and no recorded change accounts for. A setting that already moved by
 * itself in the accepted period is left alone: a person has seen that it does.
 */
export function silentEffects(view: SystemView): UngatedEvent[] {
  const { history, accepted } = view;
  const recordsOf = recordsByService(history);
  const events: UngatedEvent[] = [];
  for (const { service, what, values } of settingsOf(history)) {
    const records = recordsOf(service);
    const found: UngatedEvent[] = [];
    for (const step of gaugeSteps(values)) {
      const event = judgeStep(step, { service, what, records, minutes: history.minutes });
      // To undo what was done unasked is the end of it, not another.
      if (event !== null && !undoes(event, found.at(-1))) found.push(event);
    }
    const movesByItself = view.frozen(`${what} of ${service} moves by itself`, ({ untilMinute }) =>
      found.some(({ minute, withdrawnMinute }) => minute < untilMinute && withdrawnMinute === null),
    );
    if (movesByItself !== true) events.push(...found.filter(({ minute }) => minute >= accepted.untilMinute));
  }
  return events;
}

function undoes({ after }: UngatedEvent, last: UngatedEvent | undefined): boolean {
  return last !== undefined && last.before !== null && after !== null && isSame(after, last.before);
}

function judgeStep(
  step: GaugeStep,
  of: {
    readonly service: string;
    readonly what: string;
    readonly records: ServiceRecords;
    readonly minutes: number;
  },
): UngatedEvent | null {
  const when = { fromMinute: step.heldUntilMinute, untilMinute: step.minute };
  const moved = of.what.startsWith('share of') ? 'a share' : 'a setting';
  const excuses = [
    changeFor(of.records, when),
    allowanceFor(of.records, when, moved),
    // Whether the action was allowed is asked of the action.
    actionFor(of.records, when, moved),
  ].flatMap((record) => record?.minute ?? []);
  const excusedMinute = excuses.length === 0 ? null : Math.min(...excuses);
  if (excusedMinute !== null && excusedMinute <= step.minute) return null;
  const refusal = refusalFor(of.records, { ...when, untilMinute: step.minute }, moved);
  const flicker =
    step.revertedMinute !== null && (step.seenTwiceMinute ?? Number.POSITIVE_INFINITY) > step.revertedMinute
      ? step.revertedMinute
      : null;
  const certainMinute = Math.max(
    step.minute + GRACE_MINUTES,
    step.seenTwiceMinute ?? Number.POSITIVE_INFINITY,
  );
  const withdrawnMinute = excusedMinute ?? flicker;
  return {
    minute: step.minute,
    service: of.service,
    actor: null,
    why: refusal === null ? 'silent' : 'refused',
    what: of.what,
    before: step.before,
    after: step.after,
    decisionId: refusal?.id ?? null,
    certainMinute: withdrawnMinute === null && certainMinute < of.minutes ? certainMinute : null,
    withdrawnMinute,
    revertedMinute: step.revertedMinute,
  };
}
