import { sampleRankCorrelation } from 'simple-statistics';
import type { RecordedAction } from '../../../core/system-history.ts';
import { windowMean } from '../../equal-load/window-mean.ts';

/** Fewer settings show no order. */
const LEVELS_MIN = 3;

export interface Dose {
  /** Spearman's rank correlation of knob and harm, hour by hour. */
  readonly correlation: number;
  readonly levels: readonly { readonly to: number; readonly sinceMinute: number; readonly harm: number }[];
}

/**
 * Whether harm follows the knob, over the settings an actor went through before a minute.
 * @returns null where the knob is no number, or had too few settings
 */
export function doseResponse(
  actions: readonly RecordedAction[],
  worse: Float64Array,
  untilMinute: number,
): Dose | null {
  const last = actions.filter(({ minute, to }) => minute < untilMinute && to !== null);
  const kind = last.at(-1)?.kind;
  const settings = last.filter((action) => action.kind === kind);
  if (new Set(settings.map(({ to }) => to)).size < LEVELS_MIN) return null;
  const [knob, harm]: [number[], number[]] = [[], []];
  const levels = settings.map(({ minute, to }, i) => {
    const until = settings[i + 1]?.minute ?? untilMinute;
    for (let hour = minute; hour + 60 <= until; hour += 60) {
      const { mean } = windowMean(worse, hour, hour + 60);
      if (Number.isNaN(mean)) continue;
      knob.push(to as number);
      harm.push(mean);
    }
    return { to: to as number, sinceMinute: minute, harm: windowMean(worse, minute, until).mean };
  });
  if (new Set(knob).size < LEVELS_MIN) return null;
  return { correlation: sampleRankCorrelation(knob, harm), levels };
}
