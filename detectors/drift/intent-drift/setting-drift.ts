import type { ServiceIntent, ServiceSeries } from '../../../core/system-history.ts';
import type { AcceptedPeriod, SystemView } from '../../equal-load/system-view.ts';
import { medianOf } from '../../statistics/median-of.ts';
import { isSame } from '../gauge-steps.ts';
import { confirmedIn, stretchesOf } from '../stretches-of.ts';
import { acceptedLevels } from './accepted-levels.ts';
import { CLOSE_MINUTES, type Deviation, fileGraceUntil } from './deviation.ts';

/** A setting may be off what was intended by so much. @see drift.md 3.6 */
const TOLERANCE_RATIO = 0.1;
const LASTING_MINUTES = 60;
/** Steps one way and none back: then half of the tolerance is enough to suspect that the rest will follow. */
const CREEP_STEPS = 2;
const creepRatio = (toleranceRatio: number) => toleranceRatio / 2;

const SETTINGS: readonly {
  readonly series: ServiceSeries;
  readonly intended: (of: ServiceIntent) => number | null;
}[] = [
  { series: 'replicasMin', intended: (of) => of.replicasMin },
  { series: 'replicasMax', intended: (of) => of.replicasMax },
  { series: 'cpuTarget', intended: (of) => of.cpuTarget },
  { series: 'cpuLimitCores', intended: (of) => of.cpuLimitCores },
];

/**
 * Settings of services away from what the intent says, or from what they were in the accepted period where it says
 * nothing. What they were then, a person accepted; what an announced change set them to, too.
 */
export function settingDrift(view: SystemView): Deviation[] {
  const { history } = view;
  const deviations: Deviation[] = [];
  for (const { name, series } of history.services.values()) {
    const intent = history.intent.services.get(name);
    for (const { series: setting, intended } of SETTINGS) {
      const values = series[setting];
      if (values === undefined) continue;
      const declared = intent === undefined ? null : intended(intent);
      const toleranceRatio = intent?.toleranceRatio ?? TOLERANCE_RATIO;
      const creep = creepRatio(toleranceRatio);
      if (!view.isFreezing && declared !== null && staysWithin(values, declared, creep)) continue;
      const usual =
        view.frozen(`usual ${setting} of ${name}`, (accepted) => usualLevel(values, accepted)) ?? Number.NaN;
      if (declared !== null && isFar(usual, declared, toleranceRatio)) {
        deviations.push(
          ...staysOld(values, { view, service: name, setting, declared, usual, toleranceRatio }),
        );
      }
      if (Number.isNaN(usual) ? declared === null : staysWithin(values, usual, creep)) continue;
      const levels = acceptedLevels(view, {
        service: name,
        values,
        first: [declared ?? usual, usual],
        // Where no file says anything, a change that a person recorded is the word of people.
        isAnyChange: declared === null,
      });
      deviations.push(
        ...judgeSetting(values, {
          view,
          service: name,
          setting,
          levels,
          toleranceRatio,
          against: declared === null ? 'reference' : 'intent',
          intended: declared ?? usual,
        }),
      );
    }
  }
  return deviations;
}

/** Most settings never move: one look at each minute says so. */
function staysWithin(values: Float64Array, level: number, byRatio: number): boolean {
  const [low, high] = [level * (1 - byRatio), level * (1 + byRatio)];
  for (let minute = 0; minute < values.length; minute++) {
    const value = values[minute] as number;
    if (value > 0 && (value < low || value > high)) return false;
  }
  return true;
}

function isFar(value: number, level: number, toleranceRatio: number): boolean {
  return Math.abs(value / level - 1) > toleranceRatio * (1 + 1e-6);
}

/** It is as it was when a person accepted the period, and the file says otherwise: two words of people, the file's is the older. */
function staysOld(
  values: Float64Array,
  of: {
    readonly view: SystemView;
    readonly service: string;
    readonly setting: string;
    readonly declared: number;
    readonly usual: number;
    readonly toleranceRatio: number;
  },
): Deviation[] {
  const isOld = (minute: number) => {
    const value = values[minute] as number;
    return value > 0
      ? isFar(value, of.declared, of.toleranceRatio) && !isFar(value, of.usual, of.toleranceRatio)
      : null;
  };
  return stretchesOf(isOld, {
    fromIndex: fileGraceUntil(of.view),
    untilIndex: of.view.history.minutes,
    stepMinutes: 1,
    lasting: LASTING_MINUTES,
    quiet: CLOSE_MINUTES,
  }).map(({ onsetMinute, detectedMinute, closedMinute }) => ({
    service: of.service,
    subject: of.service,
    code: 'INTENT_OUT_OF_DATE',
    metric: of.setting,
    against: 'intent',
    onsetMinute,
    detectedMinute,
    confirmedMinute: null,
    closedMinute,
    intended: of.declared,
    seen: of.usual,
    says: `it was ${of.usual} all through the accepted period, and the file says ${of.declared}`,
  }));
}

/** One value in ten minutes tells what a setting mostly was. */
const LOOK_MINUTES = 10;

function usualLevel(values: Float64Array, { fromMinute, untilMinute }: AcceptedPeriod): number | null {
  const seen: number[] = [];
  for (let minute = fromMinute; minute < Math.min(untilMinute, values.length); minute += LOOK_MINUTES) {
    const value = values[minute] as number;
    if (value > 0) seen.push(value);
  }
  return seen.length === 0 ? null : medianOf(seen);
}

function judgeSetting(
  values: Float64Array,
  of: {
    readonly view: SystemView;
    readonly service: string;
    readonly setting: string;
    readonly levels: (minute: number) => readonly number[] | null;
    readonly toleranceRatio: number;
    readonly against: Deviation['against'];
    readonly intended: number;
  },
): Deviation[] {
  const { minutes } = of.view.history;
  const fromIndex = of.view.accepted.untilMinute;
  const creeps = creepSteps(values);
  const offBy = (minute: number): number | null => {
    const value = values[minute] as number;
    if (!(value > 0)) return null;
    const levels = of.levels(minute);
    if (levels === null) return null;
    let least = Number.POSITIVE_INFINITY;
    for (const level of levels) least = Math.min(least, Math.abs(value / level - 1));
    return least;
  };
  const grid = {
    fromIndex,
    untilIndex: minutes,
    stepMinutes: 1,
    lasting: LASTING_MINUTES,
    quiet: CLOSE_MINUTES,
  };
  const isOff = (minute: number) => {
    const off = offBy(minute);
    return off === null ? null : off > of.toleranceRatio * (1 + 1e-6);
  };
  const isCreeping = (minute: number) => {
    const off = offBy(minute);
    if (off === null) return null;
    const isOut = off > of.toleranceRatio * (1 + 1e-6);
    return isOut || (off > creepRatio(of.toleranceRatio) && (creeps[minute] as number) >= CREEP_STEPS);
  };
  const far = stretchesOf(isOff, grid);
  return stretchesOf(isCreeping, grid).map((stretch) => {
    const confirmedMinute = confirmedIn(stretch, far);
    return {
      service: of.service,
      subject: of.service,
      code: confirmedMinute === stretch.detectedMinute ? 'setting-out-of-bounds' : 'setting-creeps',
      metric: of.setting,
      against: of.against,
      onsetMinute: stretch.onsetMinute,
      detectedMinute: stretch.detectedMinute,
      confirmedMinute: of.against === 'intent' ? confirmedMinute : null,
      closedMinute: stretch.closedMinute,
      intended: of.intended,
      seen: values[stretch.index] as number,
    };
  });
}

/** Steps one way that came one after the other up to each minute, with none back between. */
function creepSteps(values: Float64Array): Uint16Array {
  const steps = new Uint16Array(values.length);
  let last = Number.NaN;
  let direction = 0;
  let count = 0;
  for (let minute = 0; minute < values.length; minute++) {
    const value = values[minute] as number;
    if (value > 0 && !isSame(value, last)) {
      if (last > 0) {
        const now = Math.sign(value - last);
        count = now === direction ? Math.min(65_535, count + 1) : 1;
        direction = now;
      }
      last = value;
    }
    steps[minute] = count;
  }
  return steps;
}
