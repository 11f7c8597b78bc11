import { matchGlob } from '../../../core/glob.ts';
import { type DesignIntent, EDGE_STEP_MINUTES, type EdgeHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { medianOf } from '../../statistics/median-of.ts';
import { stepSums, trailingRatio } from '../edge-steps.ts';
import { confirmedIn, type Stretch, stretchesOf } from '../stretches-of.ts';
import { announcedAt } from './accepted-levels.ts';
import { CLOSE_MINUTES, type Deviation, fileGraceUntil } from './deviation.ts';
import { renamedEdges } from './renamed-edges.ts';

const HOUR_STEPS = 60 / EDGE_STEP_MINUTES;
/** Fewer calls an hour are a person trying something. @see drift.md 3.6 */
const UNDECLARED_CALLS_PER_HOUR = 60;
/** Hours of it are no experiment any more; twice as many are a dependency. */
const UNDECLARED_SUSPECT_STEPS = 3 * HOUR_STEPS;
const UNDECLARED_STEPS = 6 * HOUR_STEPS;
/** What is forbidden needs no habit: so many calls in an hour are no mistaken span, half an hour of them suspect, an hour sure. */
const FORBIDDEN_CALLS_PER_HOUR = 3;
const FORBIDDEN_SUSPECT_STEPS = HOUR_STEPS / 2;
const FORBIDDEN_STEPS = HOUR_STEPS;
/** Calls per request of the caller below this share of the reference: hardly used any more. */
const UNUSED_RATIO = 0.5;
const UNUSED_STEPS = 3 * HOUR_STEPS;
/** Of a Poisson count with this mean, less than half comes once in 10^8. */
const EXPECTED_CALLS_MIN = 100;
/** Fewer hours of the accepted period tell nothing about how an edge is used. */
const REFERENCE_STEPS_MIN = 24 * HOUR_STEPS;
const CLOSE_STEPS = CLOSE_MINUTES / EDGE_STEP_MINUTES;

/** Edges that nobody intended, and edges that were intended and are hardly used. */
export function edgeDrift(view: SystemView): Deviation[] {
  const { history } = view;
  const renamed = renamedEdges(view);
  const declared =
    history.intent.edges === null
      ? null
      : new Set(history.intent.edges.map(({ from, to }) => `${from}->${to}`));
  const requestsOf = new Map<string, Float64Array>();
  const requestsOfCaller = (caller: string): Float64Array | null => {
    const { requests, rejected } = history.services.get(caller)?.series ?? {};
    if (requests === undefined) return null;
    let sums = requestsOf.get(caller);
    if (sums === undefined) {
      // What a caller turns away, it calls nobody for.
      sums = stepSums(
        rejected === undefined ? requests : requests.map((n, at) => n - Math.min(n, rejected[at] || 0)),
      );
      requestsOf.set(caller, sums);
    }
    return sums;
  };
  const usedBefore = view.frozen('edges in use for hours', () =>
    history.edges.filter((edge) => wasBusy(edge, view)).map(({ from, to }) => `${from}->${to}`),
  );
  return history.edges.flatMap((edge) => {
    if (isForbidden(edge, history.intent)) return forbidden(edge, view);
    const name = `${edge.from}->${edge.to}`;
    if (renamed.has(name)) return [];
    const requests = requestsOfCaller(edge.from);
    return [
      ...(declared?.has(name) === true || usedBefore === null
        ? []
        : undeclared(edge, view, {
            against: declared === null ? 'reference' : 'intent',
            wasUsed: usedBefore.includes(name),
          })),
      ...(requests === null ? [] : unused(edge, requests, view)),
    ];
  });
}

function gridOf({ history, accepted }: SystemView, lasting: number) {
  return {
    fromIndex: Math.ceil(accepted.untilMinute / EDGE_STEP_MINUTES),
    untilIndex: Math.floor(history.minutes / EDGE_STEP_MINUTES),
    stepMinutes: EDGE_STEP_MINUTES,
    lasting,
    quiet: CLOSE_STEPS,
  };
}

function isForbidden({ from, to }: EdgeHistory, { forbiddenEdges = [] }: DesignIntent): boolean {
  return forbiddenEdges.some(
    (forbids) => matchGlob(forbids.from, from) && matchGlob(forbids.to, to) && !forbids.except.includes(from),
  );
}

/** Neither an announced change nor the accepted period makes it meant: the file says that it never is. */
function forbidden(edge: EdgeHistory, view: SystemView): Deviation[] {
  const perHour = trailingSum(edge.calls, HOUR_STEPS);
  const grid = gridOf(view, FORBIDDEN_SUSPECT_STEPS);
  const isCalled = (index: number) => {
    const calls = perHour[index] as number;
    return Number.isNaN(calls) ? null : calls >= FORBIDDEN_CALLS_PER_HOUR;
  };
  const sure = stretchesOf(isCalled, { ...grid, lasting: FORBIDDEN_STEPS });
  return stretchesOf(isCalled, grid).map((stretch) => ({
    ...timesOf(stretch, 'intent'),
    confirmedMinute: confirmedIn(stretch, sure),
    service: edge.from,
    subject: `${edge.from}->${edge.to}`,
    code: 'forbidden-edge',
    metric: 'calls per hour',
    against: 'intent',
    intended: 0,
    seen: perHour[stretch.index] as number,
  }));
}

function busyHours({ calls }: EdgeHistory) {
  const perHour = trailingSum(calls, HOUR_STEPS);
  const isBusy = (index: number) => {
    const sum = perHour[index] as number;
    return Number.isNaN(sum) ? null : sum > UNDECLARED_CALLS_PER_HOUR;
  };
  return { perHour, isBusy };
}

/** What was called in the accepted period, a person has seen: the file is out of date then, not the system. */
function wasBusy(edge: EdgeHistory, view: SystemView): boolean {
  const grid = gridOf(view, UNDECLARED_SUSPECT_STEPS);
  const before = { ...grid, fromIndex: 0, untilIndex: grid.fromIndex };
  return stretchesOf(busyHours(edge).isBusy, before).length > 0;
}

function undeclared(
  edge: EdgeHistory,
  view: SystemView,
  { against, wasUsed }: { readonly against: Deviation['against']; readonly wasUsed: boolean },
): Deviation[] {
  const { perHour, isBusy } = busyHours(edge);
  const grid = gridOf(view, UNDECLARED_SUSPECT_STEPS);
  const named = { service: edge.from, subject: `${edge.from}->${edge.to}` };
  if (wasUsed) {
    if (against === 'reference') return [];
    const fromIndex = Math.ceil(fileGraceUntil(view) / EDGE_STEP_MINUTES);
    return stretchesOf(isBusy, { ...grid, fromIndex, lasting: UNDECLARED_STEPS }).map((stretch) => ({
      ...timesOf(stretch, 'reference'),
      ...named,
      code: 'INTENT_OUT_OF_DATE',
      metric: 'calls per hour',
      against,
      intended: 0,
      seen: perHour[stretch.index] as number,
      says: 'the call was made all through the accepted period, and the file does not name it',
    }));
  }
  const announced = announcedAt(view, edge.from);
  const sure = stretchesOf(isBusy, { ...grid, lasting: UNDECLARED_STEPS });
  return stretchesOf(isBusy, grid)
    .filter(({ onsetMinute, detectedMinute }) => !isAnnounced(announced, onsetMinute, detectedMinute))
    .map((stretch) => ({
      ...timesOf(stretch, against),
      confirmedMinute: against === 'intent' ? confirmedIn(stretch, sure) : null,
      ...named,
      code: 'undeclared-edge',
      metric: 'calls per hour',
      against,
      intended: 0,
      seen: perHour[stretch.index] as number,
    }));
}

/**
 * How often an edge is taken per request of its caller, against the accepted period. The caller is named: it is who
 * calls less. Where even in the accepted period some hours were that quiet, that is how the edge is used.
 */
function unused(edge: EdgeHistory, requests: Float64Array, view: SystemView): Deviation[] {
  const { ratio, below } = trailingRatio(edge.calls, requests, UNUSED_STEPS);
  const grid = gridOf(view, 1);
  const usual = view.frozen(`calls of ${edge.to} a request of ${edge.from}`, ({ fromMinute }) => {
    const accepted: number[] = [];
    for (let i = Math.ceil(fromMinute / EDGE_STEP_MINUTES); i < grid.fromIndex; i++) {
      const value = ratio[i] as number;
      if (!Number.isNaN(value)) accepted.push(value);
    }
    if (accepted.length < REFERENCE_STEPS_MIN) return null;
    const median = medianOf(accepted);
    return median > 0 && (accepted[0] as number) > UNUSED_RATIO * median ? median : null;
  });
  if (usual === null) return [];
  const announced = announcedAt(view, edge.from);
  const isUnused = (index: number) => {
    const now = ratio[index] as number;
    if (Number.isNaN(now) || (below[index] as number) * usual < EXPECTED_CALLS_MIN) return null;
    return now < UNUSED_RATIO * usual;
  };
  return stretchesOf(isUnused, grid)
    .filter(({ onsetMinute, detectedMinute }) => !isAnnounced(announced, onsetMinute, detectedMinute))
    .map((stretch) => ({
      ...timesOf(
        {
          ...stretch,
          onsetMinute: Math.max(0, stretch.onsetMinute - (UNUSED_STEPS - 1) * EDGE_STEP_MINUTES),
        },
        'intent',
      ),
      service: edge.from,
      subject: edge.from,
      code: 'edge-unused',
      metric: `calls of ${edge.to} per request`,
      against: 'intent',
      intended: usual,
      seen: ratio[stretch.index] as number,
    }));
}

function timesOf(
  { onsetMinute, detectedMinute, closedMinute }: Stretch,
  against: Deviation['against'],
): Pick<Deviation, 'onsetMinute' | 'detectedMinute' | 'confirmedMinute' | 'closedMinute'> {
  return {
    onsetMinute,
    detectedMinute,
    confirmedMinute: against === 'intent' ? detectedMinute : null,
    closedMinute,
  };
}

/** A change of the caller that was announced as it began. */
function isAnnounced(announced: readonly number[], onsetMinute: number, detectedMinute: number): boolean {
  return announced.some((minute) => minute <= detectedMinute && Math.abs(minute - onsetMinute) <= 4 * 60);
}

function trailingSum(values: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(values.length).fill(Number.NaN);
  let sum = 0;
  let unknown = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const gone = i < width ? 0 : (values[i - width] as number);
    if (Number.isNaN(value)) unknown++;
    else sum += value;
    if (Number.isNaN(gone)) unknown--;
    else sum -= gone;
    // Less than half of the hour known says nothing; what is known of it is a lower bound.
    if (2 * unknown < width) sums[i] = Math.max(0, sum);
  }
  return sums;
}
