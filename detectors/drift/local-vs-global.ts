import type { DriftEpisode } from '../../core/drift-episode.ts';
import { isLongEnough } from '../equal-load/is-long-enough.ts';
import type { AcceptedPeriod, SystemView } from '../equal-load/system-view.ts';
import { placeboRank } from '../statistics/placebo-rank.ts';
import { type ActorAtWork, actorsAtWork } from './local-vs-global/actors-at-work.ts';
import { describeTrade } from './local-vs-global/describe-trade.ts';
import { doseResponse } from './local-vs-global/dose-response.ts';
import { type GlobalSignal, globalSignals } from './local-vs-global/global-signals.ts';
import { inferObjectives } from './local-vs-global/infer-objective.ts';
import { knobObjectives } from './local-vs-global/knob-objectives.ts';
import { freezeLocalSignals, localSignal } from './local-vs-global/local-signals.ts';
import { mixShift } from './local-vs-global/mix-shift.ts';
import { freezeHarms, shareOfHarm } from './local-vs-global/share-of-harm.ts';
import { changeOf, type Signal } from './local-vs-global/signal.ts';
import type { Gain, Trade } from './local-vs-global/trade.ts';

/** A day has every hour once. */
const WINDOW_MINUTES = 1440;
const TICK_MINUTES = 60;
/** So many ticks running: two windows three hours apart, and what lies between. */
const TICKS_MIN = 4;
const PLACEBO_MINUTES = 30;
/** So many more confirm it. */
const CONFIRM_TICKS = 12;
const CLOSE_MINUTES = 1440;
/** An actor must have at least this share of the loss. */
const SHARE_MIN = 0.3;
/** Harm that does not follow the knob at all is not its harm; hours of fewer settings do not show it. */
const DOSE_MIN = 0.1;
const DOSE_LEVELS_MIN = 5;
/** Days of the accepted period differ among themselves; a loss must be well beyond that. */
const PLACEBO_FACTOR = 1.5;

/** A loss signal with what the accepted period says of its days. */
interface Watched {
  readonly signal: GlobalSignal;
  readonly limit: number;
  readonly placebos: readonly number[];
}

/**
 * An actor makes its own objective better and, through the service it works on, what everybody wants worse, both at
 * equal load.
 * @see drift.md 3.1
 */
export function detectLocalVsGlobal(view: SystemView): DriftEpisode[] {
  const { accepted } = view;
  if (!isLongEnough(accepted)) return [];
  const works = actorsAtWork(view).map((work) => ({ work, gainsAt: gainsOf(view, work) }));
  if (view.isFreezing) {
    freezeLocalSignals(view);
    freezeHarms(view);
  } else if (works.every(({ gainsAt }) => gainsAt === null)) return [];
  const losses = globalSignals(view).map((signal) => watched(signal, view));
  const found = works.flatMap(({ work, gainsAt }) =>
    gainsAt === null ? [] : episodesOf(view, work, gainsAt, losses),
  );
  return onePerActor(found);
}

/**
 * What its owner says it works for; after that what its actions made better, and what its knob is there for.
 * @returns null where nothing can be known of it
 */
function gainsOf(view: SystemView, work: ActorAtWork): ((untilMinute: number) => Gain[]) | null {
  const declared = view.history.intent.objectives.local
    .filter(({ actor }) => actor === work.actor)
    .flatMap((objective) => localSignal(view, objective) ?? [])
    .map((signal): Gain => ({ signal, inferredFrom: null }));
  const infer = inferObjectives(view, work);
  if (declared.length === 0 && infer === null && work.actions.every(({ to }) => to === null)) return null;
  const known = new Map<string, Signal | null>();
  const ofKnob = (untilMinute: number): Gain[] =>
    knobObjectives(view, work, untilMinute).flatMap((objective) => {
      if (!known.has(objective.metric)) known.set(objective.metric, localSignal(view, objective));
      const signal = known.get(objective.metric);
      return signal ? [{ signal, inferredFrom: 'knob' }] : [];
    });
  return (untilMinute) => [
    ...declared,
    ...(infer?.(untilMinute) ?? []).map(
      ({ signal, improved, actions }): Gain => ({ signal, inferredFrom: { improved, actions } }),
    ),
    ...ofKnob(untilMinute),
  ];
}

function watched(signal: GlobalSignal, view: SystemView): Watched {
  const frozen = view.frozen(`days of ${signal.metric}`, (accepted) => daysOf(signal, accepted));
  const placebos = (frozen ?? []).map((change) => change ?? Number.NaN);
  const worst = Math.max(0, ...placebos.filter((change) => !Number.isNaN(change)));
  return { signal, placebos, limit: Math.max(signal.least, PLACEBO_FACTOR * worst) };
}

/** How each day of the accepted period was; null: half of it is not known. */
function daysOf(signal: GlobalSignal, accepted: AcceptedPeriod): (number | null)[] {
  const days: (number | null)[] = [];
  for (
    let until = accepted.fromMinute + WINDOW_MINUTES;
    until <= accepted.untilMinute;
    until += PLACEBO_MINUTES
  ) {
    days.push(changeOf(signal.worse, { from: until - WINDOW_MINUTES, until }));
  }
  return days;
}

function episodesOf(
  view: SystemView,
  work: ActorAtWork,
  gainsAt: (untilMinute: number) => Gain[],
  losses: readonly Watched[],
): DriftEpisode[] {
  const started = (work.actions[0] as { minute: number }).minute;
  const episodes: DriftEpisode[] = [];
  let open: { episode: DriftEpisode; loss: Watched; ticks: number; goodSince: number | null } | null = null;
  let running = 0;
  for (let at = started + WINDOW_MINUTES; at <= view.history.minutes; at += TICK_MINUTES) {
    if (open !== null) {
      const change = changeOf(open.loss.signal.worse, { from: at - WINDOW_MINUTES, until: at });
      if (change !== null && change >= open.loss.limit) {
        open.ticks++;
        open.goodSince = null;
      } else if (change !== null) open.goodSince ??= at;
      const isDeclared = open.loss.signal.isDeclared && open.episode.evidence['isDeclared'] === true;
      if (open.ticks === CONFIRM_TICKS && isDeclared) open.episode = { ...open.episode, confirmedMinute: at };
      if (open.goodSince !== null && at - open.goodSince >= CLOSE_MINUTES) {
        episodes.push({ ...open.episode, closedMinute: at });
        open = null;
        running = 0;
      }
      continue;
    }
    const trade = tradeAt(view, work, gainsAt(at), losses, { started, at });
    running = trade === null ? 0 : running + 1;
    if (trade === null || running < TICKS_MIN) continue;
    const loss = losses.find(({ signal }) => signal === trade.loss) as Watched;
    open = { episode: describeTrade(trade, view), loss, ticks: 0, goodSince: null };
  }
  return open === null ? episodes : [...episodes, open.episode];
}

function tradeAt(
  view: SystemView,
  work: ActorAtWork,
  gains: readonly Gain[],
  losses: readonly Watched[],
  { started, at }: { readonly started: number; readonly at: number },
): Trade | null {
  const window = { from: at - WINDOW_MINUTES, until: at };
  const best = gains
    .map((gain) => ({ gain, change: changeOf(gain.signal.worse, window) }))
    .find(({ gain, change }) => change !== null && change <= -gain.signal.least);
  if (best === undefined) return null;
  for (const { signal, limit, placebos } of losses) {
    const change = changeOf(signal.worse, window);
    if (change === null || change < limit) continue;
    // What was lost before it acted is not its doing, nor is another mix of what users ask for.
    const before = changeOf(signal.worse, { from: started - WINDOW_MINUTES, until: started }) ?? 0;
    const mix = signal.harm === 'latency' ? mixShiftOfUsers(view, window) : 0;
    const lossChange = change - (before > limit / 2 ? before : 0) - Math.max(0, mix);
    if (lossChange < limit) continue;
    const harmShare = shareOfHarm(view, work.service, signal, window);
    if (harmShare === null || harmShare.share < SHARE_MIN) continue;
    const dose = doseResponse(work.actions, signal.worse, at);
    if (dose !== null && dose.levels.length >= DOSE_LEVELS_MIN && Math.abs(dose.correlation) < DOSE_MIN)
      continue;
    return {
      work,
      gain: best.gain,
      ownChange: best.change as number,
      loss: signal,
      lossChange,
      harmShare,
      dose: dose?.correlation ?? null,
      placeboP: placeboRank(change, placebos),
      atMinute: at,
    };
  }
  return null;
}

function mixShiftOfUsers(view: SystemView, window: { from: number; until: number }): number {
  const { history } = view;
  const called = new Set(history.edges.map(({ to }) => to));
  const entries = [...history.services.keys()].filter((name) => !called.has(name));
  return entries.length === 1 ? mixShift(view, entries[0] as string, window) : 0;
}

/** An actor that works on several services does one thing: the first that was seen stands for it while it is open. */
function onePerActor(episodes: readonly DriftEpisode[]): DriftEpisode[] {
  const kept: DriftEpisode[] = [];
  for (const episode of [...episodes].sort((a, b) => a.detectedMinute - b.detectedMinute)) {
    const isKnown = kept.some(
      ({ culprit, closedMinute }) =>
        culprit === episode.culprit && (closedMinute ?? Number.POSITIVE_INFINITY) > episode.detectedMinute,
    );
    if (!isKnown) kept.push(episode);
  }
  return kept;
}
