import type { DriftEpisode } from '../../../core/drift-episode.ts';
import type { SystemHistory } from '../../../core/system-history.ts';
import type { Reason } from '../../../core/verdict.ts';
import type { UngatedEvent } from './ungated-event.ts';

/** Undone for so long, or not seen again for so long where nothing shows the effect. */
const QUIET_MINUTES = 24 * 60;

/** One episode per service, from the first event to when all is undone for a day or a person announced a change. */
export function groupUngated(events: readonly UngatedEvent[], history: SystemHistory): DriftEpisode[] {
  const byService = Map.groupBy(events, ({ service }) => service);
  return [...byService].flatMap(([service, own]) => {
    const recorded = history.changes
      .filter((change) => change.service === service && change.expects !== null)
      .map(({ minute }) => minute);
    return splitByClose(own, { recorded, minutes: history.minutes }).map(([group, closedMinute]) =>
      tellEpisode(group, closedMinute),
    );
  });
}

function splitByClose(
  events: readonly UngatedEvent[],
  known: { readonly recorded: readonly number[]; readonly minutes: number },
): [UngatedEvent[], number | null][] {
  const groups: [UngatedEvent[], number | null][] = [];
  let open: UngatedEvent[] = [];
  let closes = Number.POSITIVE_INFINITY;
  for (const event of events) {
    if (open.length > 0 && event.minute >= closes) {
      groups.push([open, closes]);
      open = [];
    }
    open.push(event);
    closes = closeOf(open, known.recorded);
  }
  if (open.length > 0) groups.push([open, closes < known.minutes ? closes : null]);
  return groups;
}

/** Infinity: nothing ends it yet. */
function closeOf(events: readonly UngatedEvent[], recorded: readonly number[]): number {
  const last = events.at(-1) as UngatedEvent;
  const signed = recorded.find((minute) => minute > last.minute) ?? Number.POSITIVE_INFINITY;
  const ends = events.map((event) => endOf(event));
  return Math.min(signed, Math.max(...ends));
}

function endOf({ minute, before, withdrawnMinute, revertedMinute }: UngatedEvent): number {
  if (withdrawnMinute !== null) return withdrawnMinute;
  if (before === null) return minute + QUIET_MINUTES;
  return revertedMinute === null ? Number.POSITIVE_INFINITY : revertedMinute + QUIET_MINUTES;
}

function tellEpisode(events: readonly UngatedEvent[], closedMinute: number | null): DriftEpisode {
  const first = events[0] as UngatedEvent;
  const actors = [...new Set(events.flatMap(({ actor }) => actor ?? []))];
  const certain = events.flatMap(({ certainMinute }) => certainMinute ?? []);
  const confirmedMinute = certain.length === 0 ? null : Math.min(...certain);
  const ratio = first.before === null || first.after === null ? 1 : first.after / first.before;
  return {
    kind: 'ungated-action',
    subject: first.service,
    // Who did what came later need not have done the first.
    culprit: first.actor,
    onsetMinute: first.minute,
    detectedMinute: first.minute,
    confirmedMinute:
      confirmedMinute !== null && confirmedMinute < (closedMinute ?? Infinity) ? confirmedMinute : null,
    closedMinute,
    effect: { metric: first.what, ratio, lower: ratio, upper: ratio, atEqualLoad: false },
    confidence: confirmedMinute === null ? 0.5 : 0.99,
    hiddenBy: events.some(({ actor }) => actor === null) ? ['no record of the action'] : [],
    actors,
    decisions: [...new Set(events.flatMap(({ decisionId }) => decisionId ?? []))],
    reasons: [reasonOf(first, events.length)],
    evidence: {
      events: events.map(({ minute, actor, why, what, before, after }) => ({
        minute,
        actor,
        why,
        what,
        before,
        after,
      })),
    },
    falsifiedBy: `A decision of the gate, or a change that a person recorded, for ${first.service} at minute ${first.minute}.`,
  };
}

const WHY: Readonly<Record<UngatedEvent['why'], string>> = {
  'not-asked': 'without asking a gate',
  silent: 'and left no record of who did it: no action, no decision, no recorded change',
  refused: 'against what the gate decided, or on another service than it was asked about',
  'decision-missing': 'naming a decision that no gate made',
  'decision-expired': 'on a decision that was not valid at that time',
  'outside-bounds': 'beyond the bounds in which it may act without asking',
};

function reasonOf(event: UngatedEvent, count: number): Reason {
  const who = event.actor ?? 'Somebody';
  const what =
    event.before === null
      ? `did "${event.what}"`
      : `moved ${event.what} from ${event.before} to ${event.after}`;
  const more = count === 1 ? '' : ` ${count - 1} more on this service since then.`;
  return {
    code: `ungated-${event.why}`,
    text: `${who} ${what} on ${event.service} at minute ${event.minute} ${WHY[event.why]}.${more} Ask the owner whether it was meant: record the change if so, else undo it and make the actor ask.`,
  };
}
