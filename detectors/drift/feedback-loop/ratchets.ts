import {
  EDGE_STEP_MINUTES,
  type LocalObjective,
  type RecordedAction,
  type ServiceSeries,
} from '../../../core/system-history.ts';
import { logsOf } from '../../equal-load/frozen-cells.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { COVERAGE_MIN, windowMean } from '../../equal-load/window-mean.ts';
import { meanInterval } from '../../statistics/mean-interval.ts';
import { confirmedIn, type Stretch, stretchesOf } from '../stretches-of.ts';
import type { Loop } from './loop.ts';

/** So many steps of one knob within five days, nearly all one way, are a ratchet; so many raise the suspicion. @see drift.md 3.3 */
const ACTIONS_MIN = 6;
const SUSPECT_ACTIONS_MIN = 4;
const WITHIN_MINUTES = 5 * 24 * 60;
const RATCHET_MIN = 0.8;
/** What the actor works for is worse by so much at equal load all the same. */
const WORSE_LOG = Math.log(1.05);
/** And a request costs so much more: tuning that does no harm passes every other test. */
const UNITS_LOG = Math.log(1.2);
/** One replica more or less of a small pool is not a trend. */
const UNITS_SMALL_POOL = 0.6;
const WINDOW_MINUTES = 6 * 60;
const STEP_MINUTES = 60;
const CLOSE_HOURS = 24;

/** Actors that turn one knob ever further though what they work for gets worse by it. */
export function ratchets(view: SystemView): Loop[] {
  if (view.isFreezing) freezeTargets(view);
  const byKnob = Map.groupBy(
    view.history.actions.filter(({ to }) => to !== null),
    ({ actor, service, kind }) => `${actor}\u001f${service}\u001f${kind}`,
  );
  return [...byKnob.values()].flatMap((actions) =>
    actions.length < SUSPECT_ACTIONS_MIN ? [] : ratchetsOf(actions, view),
  );
}

/** Who turns what one day, nobody knows: of what can be turned, and of what may get worse by it. */
function freezeTargets(view: SystemView): void {
  for (const name of view.history.services.keys()) {
    unitsOf(name, view);
    usualReplicas(name, view);
    for (const metric of new Set(Object.values(SERIES_OF))) view.residuals(name, metric);
  }
  for (const { from, to } of view.history.edges) edgeResiduals(view, from, to);
}

function ratchetsOf(actions: readonly RecordedAction[], view: SystemView): Loop[] {
  const { actor, service } = actions[0] as RecordedAction;
  const objective = view.history.intent.objectives.local.find((of) => of.actor === actor) ?? null;
  const worse = worseOf(objective, service, view);
  const units = unitsOf(service, view);
  if (worse === null || units === null) return [];
  const unitsLog = Math.max(UNITS_LOG, Math.log1p(UNITS_SMALL_POOL / usualReplicas(service, view)));
  const stateOf =
    (actionsMin: number) =>
    (index: number): boolean | null => {
      const minute = (index + 1) * STEP_MINUTES;
      if (ratchetAt(actions, { minute, actionsMin }) < RATCHET_MIN) return false;
      const [harm, cost] = [worse, units].map((of) => windowMean(of, minute - WINDOW_MINUTES, minute));
      if (harm === undefined || cost === undefined) return null;
      if (harm.coverageRatio < COVERAGE_MIN || cost.coverageRatio < COVERAGE_MIN) return null;
      return harm.mean > WORSE_LOG && cost.mean > unitsLog;
    };
  const grid = {
    fromIndex: Math.ceil(view.accepted.untilMinute / STEP_MINUTES),
    untilIndex: Math.floor(view.history.minutes / STEP_MINUTES),
    stepMinutes: STEP_MINUTES,
    lasting: 1,
    quiet: CLOSE_HOURS,
  };
  const sure = stretchesOf(stateOf(ACTIONS_MIN), grid);
  return stretchesOf(stateOf(SUSPECT_ACTIONS_MIN), grid).map((stretch) => {
    return tellRatchet(stretch, {
      actions,
      objective,
      worse,
      units,
      confirmedMinute: confirmedIn(stretch, sure),
    });
  });
}

/** Share of the steps of the last days that go the way of most, less the others; 0 of too few. */
function ratchetAt(
  actions: readonly RecordedAction[],
  { minute, actionsMin }: { readonly minute: number; readonly actionsMin: number },
): number {
  let [up, down] = [0, 0];
  for (let i = 1; i < actions.length; i++) {
    const action = actions[i] as RecordedAction;
    if (action.minute >= minute || action.minute < minute - WITHIN_MINUTES) continue;
    const by = (action.to as number) - ((actions[i - 1] as RecordedAction).to as number);
    if (by > 0) up++;
    else if (by < 0) down++;
  }
  // The first action has no step before it, and is one all the same.
  const first = actions[0] as RecordedAction;
  const isFirstRecent = first.minute < minute && first.minute >= minute - WITHIN_MINUTES ? 1 : 0;
  return up + down + isFirstRecent < actionsMin ? 0 : Math.abs(up - down) / (up + down);
}

const SERIES_OF: Readonly<Record<string, ServiceSeries>> = {
  cost: 'cost',
  p50_ms: 'p50Ms',
  p99_ms: 'p99Ms',
  latency_ms: 'p50Ms',
  success: 'errors',
};

/** By how much what the actor works for is worse than its reference at equal load; null: cannot be told. */
function worseOf(objective: LocalObjective | null, service: string, view: SystemView): Float64Array | null {
  const subject = objective?.subject ?? service;
  const [from, to] = subject.split('->') as [string, string?];
  const residuals =
    to === undefined
      ? view.residuals(from, SERIES_OF[objective?.metric ?? 'p50_ms'] ?? 'p50Ms')
      : edgeResiduals(view, from, to);
  if (residuals === null) return null;
  return objective?.wants === 'more' ? residuals.map((of) => -of) : residuals;
}

/** Latency of an edge, at equal load of the service it goes to: that is what it waits for. */
function edgeResiduals(view: SystemView, from: string, to: string): Float64Array | null {
  const latencyMs = view.history.edges.find((edge) => edge.from === from && edge.to === to)?.latencyMs;
  const requests = view.history.services.get(from)?.series.requests;
  if (latencyMs === undefined || requests === undefined) return null;
  const minutes = requests.map(
    (_, minute) => latencyMs[Math.floor(minute / EDGE_STEP_MINUTES)] ?? Number.NaN,
  );
  return view.residualsAtLoad(`latency of ${from}->${to}`, requests, logsOf(minutes));
}

/** Resource per request: cores, or replicas where their size is not known. */
function unitsOf(service: string, view: SystemView): Float64Array | null {
  const series = view.history.services.get(service)?.series;
  const { requests, replicas, cpuLimitCores } = series ?? {};
  if (requests === undefined || replicas === undefined) return null;
  const units = replicas.map(
    (n, minute) => (n * (cpuLimitCores?.[minute] ?? 1)) / (requests[minute] as number),
  );
  return view.residualsAtLoad(`units a request of ${service}`, requests, logsOf(units));
}

function usualReplicas(service: string, view: SystemView): number {
  const replicas = view.history.services.get(service)?.series.replicas;
  if (replicas === undefined) return 1;
  const usual = view.frozen(`replicas of ${service}`, ({ fromMinute, untilMinute }) => {
    const { mean } = windowMean(replicas, fromMinute, untilMinute);
    return mean > 0 ? mean : null;
  });
  return usual ?? 1;
}

function tellRatchet(
  { onsetMinute, detectedMinute, closedMinute }: Stretch,
  of: {
    readonly actions: readonly RecordedAction[];
    readonly objective: LocalObjective | null;
    readonly worse: Float64Array;
    readonly units: Float64Array;
    readonly confirmedMinute: number | null;
  },
): Loop {
  const { actor, service, kind } = of.actions[0] as RecordedAction;
  const recent = of.actions.filter(
    ({ minute }) => minute <= detectedMinute && minute > detectedMinute - WITHIN_MINUTES,
  );
  const hours: number[] = [];
  for (let at = detectedMinute + 1 - WINDOW_MINUTES; at <= detectedMinute; at += 60) {
    const { mean } = windowMean(of.worse, at, at + 60);
    if (!Number.isNaN(mean)) hours.push(mean);
  }
  const harm = meanInterval(hours);
  const units = Math.exp(windowMean(of.units, detectedMinute + 1 - WINDOW_MINUTES, detectedMinute + 1).mean);
  const target =
    of.objective === null ? `latency of ${service}` : `${of.objective.metric} of ${of.objective.subject}`;
  return {
    kind: 'ratchet',
    service,
    driver: actor,
    onsetMinute: recent[0]?.minute ?? onsetMinute,
    detectedMinute,
    // What nobody declared it works for is inferred, and no more than suspected.
    confirmedMinute: of.objective === null ? null : of.confirmedMinute,
    closedMinute,
    metric: target,
    ratio: Math.exp(harm.estimate),
    lower: Math.exp(harm.lower),
    upper: Math.exp(harm.upper),
    atEqualLoad: true,
    decisions: recent.flatMap(({ decisionId }) => decisionId ?? []),
    text: `${actor} did "${kind}" on ${service} ${recent.length} times in five days, nearly all one way, and ${target} is ${(100 * (Math.exp(harm.estimate) - 1)).toFixed(0)} % worse at equal load, with ${(100 * (units - 1)).toFixed(0)} % more resource per request: each step calls for the next. Hold ${actor}, and set the knob back to ${recent[0]?.to ?? 'where it was'}.`,
    evidence: {
      actions: recent.map(({ minute, to }) => ({ minute, to })),
      resourcePerRequestRatio: units,
      worseByHour: hours.map(Math.exp),
    },
  };
}
