import type { DriftEpisode } from '../../core/drift-episode.ts';
import { isLongEnough } from '../equal-load/is-long-enough.ts';
import type { SystemView } from '../equal-load/system-view.ts';
import { COVERAGE_MIN } from '../equal-load/window-mean.ts';
import { discoveryLimit } from '../statistics/discoveries.ts';
import { eDiscoveryLimit, eValueOfP } from '../statistics/e-discoveries.ts';
import { buildLedger } from './masked-failure/build-ledger.ts';
import { shareByLoad } from './masked-failure/describe-entries.ts';
import { describeLedger } from './masked-failure/describe-ledger.ts';
import { alarmP, isOutside, type JudgedEntry } from './masked-failure/judge-entry.ts';
import { STEP_MINUTES, STEPS_PER_HOUR } from './masked-failure/ledger-entry.ts';
import { acceptedMissRatio, nameCause } from './masked-failure/name-cause.ts';

/**
 * Of false discoveries at each step. Shares of many calls are far beyond chance: e-BH finds them as soon, and holds its rate
 * though edges that share a cause move together. A handful of restarts is not: it would be found more than an hour later.
 */
const SHARE_FALSE_DISCOVERY_RATE = 1e-2;
const EVENT_FALSE_DISCOVERY_RATE = 1e-3;
/** Back inside for so long closes it. */
const CLOSE_STEPS = 24 * STEPS_PER_HOUR;
/** What starts within so long of something it touches is of the same cause. */
const JOIN_STEPS = 24 * STEPS_PER_HOUR;
/** Suspected at first; still so after this long is confirmed. */
const CONFIRM_STEPS = STEPS_PER_HOUR;

interface OpenEpisode {
  readonly episode: DriftEpisode;
  readonly entries: Set<JudgedEntry>;
  readonly fromStep: number;
  joinedStep: number;
  outsideStep: number;
  insideSteps: number;
  confirmedStep: number | null;
}

/**
 * Failures that retries, fallbacks, stale answers, restarts and breakers hide from those who would act on them: more
 * than a floor and than several times the accepted period, for three hours; or the same thing healed again and again.
 * @see drift.md 3.5
 */
export function detectMaskedFailure(view: SystemView): DriftEpisode[] {
  const { history, accepted } = view;
  if (!isLongEnough(accepted)) return [];
  const ledger = buildLedger(view);
  if (view.isFreezing) {
    for (const entry of ledger) shareByLoad(entry, view);
    for (const name of history.services.keys()) acceptedMissRatio(view, name);
  }
  // Shares and counts of events are two questions, each with a family of its own.
  const families = (['share', 'events'] as const).map((kind) =>
    ledger.filter((entry) => entry.kind === kind),
  );
  const done: DriftEpisode[] = [];
  let open: OpenEpisode[] = [];
  const lastStep = Math.floor(history.minutes / STEP_MINUTES);
  for (let step = Math.floor(accepted.untilMinute / STEP_MINUTES) + 1; step <= lastStep; step++) {
    const alarms = alarmsAt(families, step);
    for (const episode of open) follow(episode, alarms, step);
    for (const alarm of alarms) {
      const home = open.find((one) => belongs(alarm, one, step));
      if (home === undefined) open.push(start(alarm, alarms, ledger, view, step));
      else join(home, alarm, step);
    }
    const closed = open.filter(({ insideSteps }) => insideSteps >= CLOSE_STEPS);
    if (closed.length === 0) continue;
    done.push(...closed.map((one) => finish(one, step)));
    open = open.filter((one) => !closed.includes(one));
  }
  return [...done, ...open.map((one) => finish(one, null))];
}

function alarmsAt(families: readonly (readonly JudgedEntry[])[], step: number): JudgedEntry[] {
  return families.flatMap((family) => {
    const tested = family.flatMap((entry) => {
      const p = alarmP(entry, step);
      return p === null ? [] : [{ entry, p }];
    });
    if (tested.length === 0) return [];
    const pValues = tested.map(({ p }) => p);
    if (family[0]?.kind === 'events') {
      const limit = discoveryLimit(pValues, family.length, EVENT_FALSE_DISCOVERY_RATE);
      return tested.filter(({ p }) => p <= limit).map(({ entry }) => entry);
    }
    const limit = eDiscoveryLimit(pValues.map(eValueOfP), family.length, SHARE_FALSE_DISCOVERY_RATE);
    return tested.filter(({ p }) => eValueOfP(p) >= limit).map(({ entry }) => entry);
  });
}

function touches(one: JudgedEntry, other: JudgedEntry): boolean {
  return one.services.some((service) => other.services.includes(service));
}

/** The same place whenever it happens; a neighbour while it is news. */
function belongs(alarm: JudgedEntry, { entries, joinedStep }: OpenEpisode, step: number): boolean {
  if (entries.has(alarm)) return true;
  const services = new Set([...entries].flatMap((entry) => entry.services));
  if (alarm.services.every((service) => services.has(service))) return true;
  return step - joinedStep <= JOIN_STEPS && [...entries].some((entry) => touches(alarm, entry));
}

function join(home: OpenEpisode, alarm: JudgedEntry, step: number): void {
  if (home.entries.has(alarm)) return;
  home.entries.add(alarm);
  home.joinedStep = step;
}

function start(
  alarm: JudgedEntry,
  alarms: readonly JudgedEntry[],
  ledger: readonly JudgedEntry[],
  view: SystemView,
  step: number,
): OpenEpisode {
  const outside = ledger.filter((entry) => alarms.includes(entry) || isOutside(entry, step) === true);
  const entries = connected(alarm, outside);
  const subject = nameCause([...entries], view, step);
  const { episode, fromStep } = describeLedger({ alarm, entries: [...entries], subject, view, step });
  return {
    episode,
    entries,
    fromStep,
    joinedStep: step,
    outsideStep: step,
    insideSteps: 0,
    confirmedStep: null,
  };
}

function connected(from: JudgedEntry, among: readonly JudgedEntry[]): Set<JudgedEntry> {
  const found = new Set([from]);
  for (const entry of found) {
    for (const other of among) if (touches(entry, other)) found.add(other);
  }
  return found;
}

function follow(one: OpenEpisode, alarms: readonly JudgedEntry[], step: number): void {
  const states = [...one.entries].map((entry) => isOutside(entry, step));
  if (states.some((outside) => outside === true)) {
    one.outsideStep = step;
    one.insideSteps = 0;
  } else if (states.filter((outside) => outside === false).length >= COVERAGE_MIN * states.length) {
    // What is not known neither closes it nor keeps it from closing.
    one.insideSteps++;
  }
  const detectedStep = one.episode.detectedMinute / STEP_MINUTES;
  if (
    one.confirmedStep === null &&
    step - detectedStep >= CONFIRM_STEPS &&
    alarms.some((alarm) => one.entries.has(alarm))
  ) {
    one.confirmedStep = step;
  }
}

function finish(one: OpenEpisode, closedStep: number | null): DriftEpisode {
  const minute = (step: number | null) => (step === null ? null : step * STEP_MINUTES);
  return { ...one.episode, confirmedMinute: minute(one.confirmedStep), closedMinute: minute(closedStep) };
}
