import type { AutomationIntent, RecordedAction, SystemHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { mayActAlone } from '../may-act-alone.ts';
import { confirmedIn, stretchesOf } from '../stretches-of.ts';
import { isWithinBounds } from '../within-bounds.ts';
import { CLOSE_MINUTES, type Deviation } from './deviation.ts';

/** A step counts from two readings. @see drift.md 3.7 */
const SUSPECT_MINUTES = 2;
const LASTING_MINUTES = 60;
/** An action shows in its setting so long after it; clocks agree to five minutes. */
const SHOWN_MINUTES = 15;
const CLOCK_MINUTES = 5;

type Bound = AutomationIntent['bounds'][number];

/**
 * Settings that an automation moved beyond its bounds by itself. Whose deed it was, only its own record tells: a setting that
 * leaves the bounds with no action of the automation about that time is not held against it.
 */
export function automationBounds(view: SystemView): Deviation[] {
  const { actions, intent } = view.history;
  return (intent.automation ?? []).flatMap((automation) => {
    const alone = actions.filter((action) => mayActAlone(automation, action));
    return [...Map.groupBy(alone, ({ service }) => service)].flatMap(([service, own]) =>
      automation.bounds.flatMap((bound) =>
        measured(bound, service, view.history).flatMap((of) =>
          beyond(view, { ...of, bound, service, actor: automation.actor, actions: own }),
        ),
      ),
    );
  });
}

function beyond(
  { history, accepted }: SystemView,
  of: {
    readonly metric: string;
    readonly values: Float64Array;
    readonly bound: Bound;
    readonly service: string;
    readonly actor: string;
    readonly actions: readonly RecordedAction[];
  },
): Deviation[] {
  const { service, metric, values, bound, actor } = of;
  const isBeyond = (minute: number) => {
    const value = values[minute] as number;
    return value > 0 ? !isWithinBounds(value, bound) : null;
  };
  const grid = {
    fromIndex: accepted.untilMinute,
    untilIndex: history.minutes,
    stepMinutes: 1,
    quiet: CLOSE_MINUTES,
  };
  const sure = stretchesOf(isBeyond, { ...grid, lasting: LASTING_MINUTES });
  const isOwn = (onsetMinute: number) =>
    of.actions.some(
      ({ minute }) => minute <= onsetMinute + CLOCK_MINUTES && minute >= onsetMinute - SHOWN_MINUTES,
    );
  return stretchesOf(isBeyond, { ...grid, lasting: SUSPECT_MINUTES })
    .filter(({ onsetMinute }) => isOwn(onsetMinute))
    .map((stretch) => {
      const seen = values[stretch.index] as number;
      const { onsetMinute, detectedMinute, closedMinute } = stretch;
      return {
        service,
        subject: service,
        code: 'outside-automation-bounds',
        metric,
        against: 'intent',
        onsetMinute,
        detectedMinute,
        confirmedMinute: confirmedIn(stretch, sure),
        closedMinute,
        intended: Math.min(Math.max(seen, bound.min ?? seen), bound.max ?? seen),
        seen,
        actor,
      };
    });
}

function measured(
  { setting }: Bound,
  service: string,
  { services, pools }: SystemHistory,
): { readonly metric: string; readonly values: Float64Array }[] {
  if (setting === 'poolShare') {
    return pools
      .filter((pool) => pool.service === service)
      .map(({ pool, shareRatio }) => ({ metric: `share of ${pool}`, values: shareRatio }));
  }
  const values = services.get(service)?.series[setting];
  return values === undefined ? [] : [{ metric: setting, values }];
}
