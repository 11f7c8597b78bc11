import { EDGE_STEP_MINUTES, type RequestObjective } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { medianOf } from '../../statistics/median-of.ts';
import { stepSums, trailingRatio } from '../edge-steps.ts';
import { stretchesOf } from '../stretches-of.ts';
import { CLOSE_MINUTES, type Deviation, FILE_GRACE_MINUTES } from './deviation.ts';

const DAY_STEPS = (24 * 60) / EDGE_STEP_MINUTES;

/**
 * What people want of the requests of one service, by the share of a day's requests that did well. Held against it is only what a
 * service says of all its requests: which route they were for, and how many took longer than so much, no series tells.
 */
export function requestObjectives(view: SystemView): Deviation[] {
  return (view.history.intent.objectives.ofRequests ?? []).flatMap((objective) => {
    const ratio = okRatio(objective, view);
    const { min, service, constraint } = objective;
    if (ratio === null || min === null) return [];
    const untilStep = Math.ceil(view.accepted.untilMinute / EDGE_STEP_MINUTES);
    const usual = medianOf([...ratio.subarray(0, untilStep)].filter((value) => !Number.isNaN(value)));
    const isMissed = (index: number) => {
      const value = ratio[index] as number;
      return Number.isNaN(value) ? null : value < min;
    };
    const isOld = usual < min;
    return stretchesOf(isMissed, {
      fromIndex: untilStep + (isOld ? FILE_GRACE_MINUTES / EDGE_STEP_MINUTES : 0),
      untilIndex: Math.floor(view.history.minutes / EDGE_STEP_MINUTES),
      stepMinutes: EDGE_STEP_MINUTES,
      lasting: 1,
      quiet: CLOSE_MINUTES / EDGE_STEP_MINUTES,
    }).map(({ index, ...stretch }) => ({
      ...stretch,
      service,
      subject: service,
      code: isOld ? 'INTENT_OUT_OF_DATE' : 'objective-missed',
      metric: `share of good requests in a day${constraint === undefined ? '' : ` (${constraint})`}`,
      against: 'intent',
      confirmedMinute: isOld ? null : stretch.detectedMinute,
      intended: min,
      seen: ratio[index] as number,
      says: isOld
        ? `it was ${usual.toPrecision(4)} in the accepted period, and the file wants ${min}`
        : undefined,
    }));
  });
}

/** null where nothing tells how many requests were good. */
function okRatio(
  { metric, service, route, statusBelow, durationMsBelow }: RequestObjective,
  { history }: SystemView,
): Float64Array | null {
  const isTold = route === null && durationMsBelow === null && (statusBelow === null || statusBelow === 500);
  const { requests, errors } = history.services.get(service)?.series ?? {};
  if (metric !== 'success' || !isTold || requests === undefined || errors === undefined) return null;
  const good = requests.map((n, minute) => n - (errors[minute] as number));
  return trailingRatio(stepSums(good), stepSums(requests), DAY_STEPS).ratio;
}
