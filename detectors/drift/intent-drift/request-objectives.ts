import { EDGE_STEP_MINUTES, type RequestObjective } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { medianOf } from '../../statistics/median-of.ts';
import { stepSums, trailingRatio } from '../edge-steps.ts';
import { stretchesOf } from '../stretches-of.ts';
import { CLOSE_MINUTES, type Deviation, fileGraceUntil } from './deviation.ts';

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
    const usual = view.frozen(`usual share of good requests of ${service}`, ({ fromMinute, untilMinute }) => {
      const known = ratio
        .subarray(Math.ceil(fromMinute / EDGE_STEP_MINUTES), Math.ceil(untilMinute / EDGE_STEP_MINUTES))
        .filter((value) => !Number.isNaN(value));
      return known.length === 0 ? null : medianOf(known);
    });
    const isMissed = (index: number) => {
      const value = ratio[index] as number;
      return Number.isNaN(value) ? null : value < min;
    };
    const isOld = usual !== null && usual < min;
    return stretchesOf(isMissed, {
      fromIndex: Math.ceil((isOld ? fileGraceUntil(view) : view.accepted.untilMinute) / EDGE_STEP_MINUTES),
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
