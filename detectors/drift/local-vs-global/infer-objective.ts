import { binomialUpperTail } from '../../../core/binomial-tail.ts';
import { wilson } from '../../../core/interval.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { windowMean } from '../../equal-load/window-mean.ts';
import { discoveryLimit } from '../../statistics/discoveries.ts';
import type { ActorAtWork } from './actors-at-work.ts';
import { localSignal } from './local-signals.ts';
import type { Signal } from './signal.ts';

/** Fewer actions reveal no preference. */
const ACTIONS_MIN = 8;
/** Of before and after an action, at most. */
const SIDE_MINUTES = 360;
const FALSE_DISCOVERY_RATE = 0.05;

/** What automations are commonly made for. */
const CANDIDATES = [
  { metric: 'cost', wants: 'less' },
  { metric: 'p50_ms', wants: 'less' },
  { metric: 'self_ms', wants: 'less' },
  { metric: 'cache_hit_ratio', wants: 'more' },
] as const;

export interface InferredObjective {
  readonly signal: Signal;
  readonly improved: number;
  readonly actions: number;
}

/**
 * What an actor seems to work for: what got better with most of its actions.
 * @returns null of too few actions
 * @see drift.md section 2
 */
export function inferObjectives(
  view: SystemView,
  work: ActorAtWork,
): ((untilMinute: number) => InferredObjective[]) | null {
  if (work.actions.length < ACTIONS_MIN) return null;
  const steps = CANDIDATES.flatMap((candidate) => {
    const signal = localSignal(view, { ...candidate, subject: work.service });
    return signal === null ? [] : [{ signal, after: improvements(signal, work) }];
  });
  return (untilMinute) => {
    const counted = steps.flatMap(({ signal, after }) => {
      const known = after.filter(({ knownAt }) => knownAt <= untilMinute);
      const improved = known.filter(({ isBetter }) => isBetter).length;
      if (known.length < ACTIONS_MIN || wilson(improved, known.length).lower <= 0.5) return [];
      return [{ signal, improved, actions: known.length, p: binomialUpperTail(improved, known.length, 0.5) }];
    });
    const limit = discoveryLimit(
      counted.map(({ p }) => p),
      CANDIDATES.length,
      FALSE_DISCOVERY_RATE,
    );
    return counted.filter(({ p }) => p <= limit);
  };
}

function improvements({ worse }: Signal, { actions }: ActorAtWork) {
  return actions.flatMap(({ minute }, i) => {
    const from = Math.max(minute - SIDE_MINUTES, actions[i - 1]?.minute ?? 0);
    const until = Math.min(minute + SIDE_MINUTES, actions[i + 1]?.minute ?? Number.POSITIVE_INFINITY);
    const change = windowMean(worse, minute, until).mean - windowMean(worse, from, minute).mean;
    return Number.isNaN(change) ? [] : [{ knownAt: until, isBetter: change < 0 }];
  });
}
