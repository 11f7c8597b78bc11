import type { DriftEpisode } from '../../core/drift-episode.ts';
import type { ServiceHistory } from '../../core/system-history.ts';
import type { SystemView } from '../equal-load/system-view.ts';
import { COVERAGE_MIN } from '../equal-load/window-mean.ts';
import { bootstrapMeans } from '../statistics/block-bootstrap.ts';
import { type PrefixMean, prefixMean } from '../statistics/prefix-mean.ts';
import { adaptiveBaseline } from './misread-as-normal/adaptive-baseline.ts';
import { type Creep, creepsIn } from './misread-as-normal/creep-cusum.ts';
import { type OwnSpeed, ownSpeed } from './misread-as-normal/own-speed.ts';
import { once } from './once.ts';

const DAY = 1_440;
/** A shorter accepted period cannot tell days from each other. */
const ACCEPTED_MINUTES_MIN = 4 * DAY;
/** Smallest creep of interest, as a logarithm of the ratio: 1.5 % (drift.md 3.4). */
const SHIFT_MIN = 0.015;
/** A day of the accepted period scatters by this many of its own deviations at most before it counts. */
const SHIFT_SIGMAS = 2;
/**
 * h over k: 3 (drift.md 3.4) for a climb of three days at most. Slower ones need 4: routine releases move a service by
 * 0.6 % for days on end, and reach 3 in one service of a hundred in ten days, 4 in one of several hundred.
 */
const LIMIT = { quick: 3, quickDays: 3, slow: 4 };
/** Weather lasts some hours. */
const BLOCK_MINUTES = 360;
const DRAWS = 200;

/**
 * A service that gets slower so slowly that every baseline that learns takes each day as normal: daily residuals of
 * its own speed, at equal load and pool size, add up against the reference that people accepted.
 * @see drift.md section 3.4
 */
export function detectMisreadAsNormal(view: SystemView): DriftEpisode[] {
  const { fromMinute, untilMinute } = view.accepted;
  if (untilMinute - fromMinute < ACCEPTED_MINUTES_MIN) return [];
  return [...view.history.services.values()]
    .flatMap((service) => creepsOf(view, service))
    .sort((a, b) => a.detectedMinute - b.detectedMinute);
}

function creepsOf(view: SystemView, service: ServiceHistory): DriftEpisode[] {
  const speed = ownSpeed(view, service);
  if (speed === null) return [];
  const { accepted, history } = view;
  const residuals = prefixMean(speed.residuals);
  const name = `own speed of ${service.name}`;
  // The reference is of medians; what is left of its mean is no shift.
  const centre = view.frozen(
    `${name}: centre`,
    ({ fromMinute, untilMinute }) =>
      residuals.count(fromMinute, untilMinute) < COVERAGE_MIN * (untilMinute - fromMinute)
        ? null
        : residuals.mean(fromMinute, untilMinute),
    service.name,
  );
  if (centre === null) return [];
  const draws = once(() =>
    view.frozen(
      `${name}: days`,
      ({ fromMinute, untilMinute }) => [
        ...bootstrapMeans(speed.residuals.subarray(fromMinute, untilMinute), {
          blockLength: BLOCK_MINUTES,
          length: DAY,
          draws: DRAWS,
          seed: 1,
        }).map((mean) => mean - centre),
      ],
      service.name,
    ),
  );
  if (view.isFreezing) draws();
  const dayStart = (day: number) => accepted.untilMinute + day * DAY;
  const days = Float64Array.from(
    { length: Math.max(0, Math.floor((history.minutes - accepted.untilMinute) / DAY)) },
    (_, day) =>
      residuals.count(dayStart(day), dayStart(day + 1)) < COVERAGE_MIN * DAY
        ? Number.NaN
        : residuals.mean(dayStart(day), dayStart(day + 1)) - centre,
  );
  // Days that do not add up at the smallest shift and the lowest limit do at none.
  const least = LIMIT.quick * SHIFT_MIN;
  if (creepsIn(days, { k: SHIFT_MIN, hQuick: least, quickDays: LIMIT.quickDays, h: least }).length === 0)
    return [];
  const usual = Float64Array.from(draws() ?? []);
  const scatter = Math.sqrt(usual.reduce((sum, value) => sum + value * value, 0) / usual.length);
  const k = Math.max(SHIFT_MIN, SHIFT_SIGMAS * scatter);
  return creepsIn(days, { k, hQuick: LIMIT.quick * k, quickDays: LIMIT.quickDays, h: LIMIT.slow * k }).map(
    (creep) =>
      episodeOf(view, service, { speed, residuals, centre, usual, scatter, k, days, creep, dayStart }),
  );
}

interface Seen {
  readonly speed: OwnSpeed;
  readonly residuals: PrefixMean;
  readonly centre: number;
  /** Scatter of a day's mean in the accepted period, ascending. */
  readonly usual: Float64Array;
  readonly scatter: number;
  readonly k: number;
  readonly days: Float64Array;
  readonly creep: Creep;
  readonly dayStart: (day: number) => number;
}

function episodeOf(view: SystemView, service: ServiceHistory, seen: Seen): DriftEpisode {
  const { creep, days, dayStart, residuals, usual, speed, k } = seen;
  const detectedMinute = dayStart(creep.alarmDay + 1);
  const climb = days.subarray(creep.onsetDay, creep.alarmDay + 1).filter((day) => !Number.isNaN(day));
  const shift = climb.slice(-3).reduce((sum, day) => sum + day, 0) / Math.min(3, climb.length);
  const quantile = (p: number) => usual[Math.min(usual.length - 1, Math.floor(p * usual.length))] as number;
  const atOrAbove = usual.filter((mean) => mean >= shift).length;
  const baseline = adaptiveBaseline(residuals, detectedMinute, shift + seen.centre);
  const releases = byRelease(service, seen, detectedMinute);
  const percent = (log: number) => `${(100 * Math.expm1(log)).toFixed(1)} %`;
  const isCaptured = baseline.captureRatio > 0.7 && baseline.isSilent;
  return {
    kind: 'misread-as-normal',
    subject: service.name,
    culprit: null,
    onsetMinute: dayStart(creep.onsetDay),
    detectedMinute,
    confirmedMinute: detectedMinute,
    closedMinute: creep.closedDay === null ? null : dayStart(creep.closedDay + 1),
    effect: {
      metric: speed.metric,
      ratio: Math.exp(shift),
      lower: Math.exp(shift - quantile(0.975)),
      upper: Math.exp(shift - quantile(0.025)),
      atEqualLoad: true,
    },
    confidence: Math.min(0.99, 1 - (atOrAbove + 1) / (usual.length + 1)),
    hiddenBy: isCaptured ? ['a baseline that learns'] : [],
    actors: [],
    decisions: view.history.actions
      .filter(
        ({ service: of, minute, decisionId }) =>
          of === service.name &&
          decisionId !== null &&
          minute >= dayStart(creep.onsetDay) &&
          minute < detectedMinute,
      )
      .map(({ decisionId }) => decisionId as string),
    reasons: [
      {
        code: 'slower-than-accepted',
        text: `${service.name} itself takes ${percent(shift)} longer than in the accepted period at equal load and pool size, for ${climb.length} days; a day then scattered by ${percent(seen.scatter)}.`,
      },
      {
        code: isCaptured ? 'taken-as-normal' : 'not-yet-taken-as-normal',
        text: `A baseline that learns would by now call ${Math.round(100 * baseline.captureRatio)} % of this normal${baseline.isSilent ? ', and stayed silent over the last day' : ''}.`,
      },
      {
        code: 'what-to-do',
        text: 'Compare the releases below, then repair it or accept the new speed by name; nothing will learn it silently.',
      },
    ],
    evidence: {
      dailyResiduals: [...days.subarray(0, creep.alarmDay + 1)],
      firstDayMinute: dayStart(0),
      shiftOfInterest: k,
      captureRatio: baseline.captureRatio,
      adaptiveIsSilent: baseline.isSilent,
      releases,
    },
    falsifiedBy: `Own time of ${service.name} back within ${percent(k)} of the accepted period at equal load and pool size for a day, or a reference day taken now that agrees with the old one.`,
  };
}

/** Mean shift under each version since the accepted period: a creep through many releases, or one that came with one. */
function byRelease(service: ServiceHistory, seen: Seen, untilMinute: number) {
  const versions = service.series.version;
  if (versions === undefined) return [];
  const sums = new Map<number, { fromMinute: number; sum: number; minutes: number }>();
  for (let minute = seen.dayStart(0); minute < untilMinute; minute++) {
    const residual = seen.speed.residuals[minute] as number;
    const version = versions[minute] as number;
    if (Number.isNaN(residual) || Number.isNaN(version)) continue;
    const of = sums.get(version) ?? { fromMinute: minute, sum: 0, minutes: 0 };
    of.sum += residual - seen.centre;
    of.minutes++;
    sums.set(version, of);
  }
  return [...sums].map(([version, { fromMinute, sum, minutes }]) => ({
    version,
    fromMinute,
    shift: sum / minutes,
  }));
}
