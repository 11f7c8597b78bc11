import { EDGE_STEP_MINUTES } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { medianOf } from '../../statistics/median-of.ts';
import { stepSums, trailingRatio } from '../edge-steps.ts';
import { stretchesOf } from '../stretches-of.ts';
import { acceptedLevels } from './accepted-levels.ts';
import { CLOSE_MINUTES, type Deviation, fileGraceUntil } from './deviation.ts';

const HOUR_STEPS = 60 / EDGE_STEP_MINUTES;
const DAY_STEPS = 24 * HOUR_STEPS;
/** Limits that a file sets: cache lifetimes, stale answers, fallbacks, retries, shares of pools. */
export function limitDrift(view: SystemView): Deviation[] {
  return [
    ...cacheLifetimes(view),
    ...staleAnswers(view),
    ...fallbacks(view),
    ...retries(view),
    ...poolShares(view),
  ];
}

function cacheLifetimes(view: SystemView): Deviation[] {
  return view.history.intent.caches.flatMap(({ service, ttlSMax }) => {
    const values = view.history.services.get(service)?.series.cacheTtlS;
    if (values === undefined || ttlSMax === null) return [];
    const levels = acceptedLevels(view, { service, values, first: [ttlSMax] });
    const isOver = (minute: number) => {
      const value = values[minute] as number;
      const allowed = levels(minute);
      return !(value > 0) || allowed === null ? null : value > Math.max(...allowed) * (1 + 1e-6);
    };
    return broken(view, isOver, {
      service,
      code: 'cache-limit',
      metric: 'cache lifetime in s',
      intended: ttlSMax,
      stepMinutes: 1,
      lasting: 60,
      seenAt: (index) => values[index] as number,
    });
  });
}

function staleAnswers(view: SystemView): Deviation[] {
  return view.history.intent.caches.flatMap(({ service, staleRatioMax }) => {
    const series = view.history.services.get(service)?.series;
    const [stale, hits, misses] = [series?.staleAnswers, series?.cacheHits, series?.cacheMisses];
    if (stale === undefined || hits === undefined || misses === undefined || staleRatioMax === null)
      return [];
    const answers = hits.map((hit, minute) => hit + (misses[minute] as number));
    const { ratio } = trailingRatio(stepSums(stale), stepSums(answers), HOUR_STEPS);
    return brokenRatio(view, ratio, {
      service,
      code: 'cache-limit',
      metric: 'stale answers per answer',
      limit: staleRatioMax,
      lasting: 2 * HOUR_STEPS + 1,
    });
  });
}

function fallbacks(view: SystemView): Deviation[] {
  return view.history.intent.fallbacks.flatMap(({ edge, ratioMax, continuousMinutesMax }) => {
    const [from, to] = edge.split('->') as [string, string];
    const given = view.history.services.get(from)?.series.fallbacks;
    const calls = view.history.edges.find((of) => of.from === from && of.to === to)?.calls;
    if (given === undefined || calls === undefined) return [];
    const answered = stepSums(given);
    // A breaker that is open lets hardly a call through: what was answered otherwise was a call, too.
    const wanted = answered.map((n, step) => n + (calls[step] as number));
    const { ratio } = trailingRatio(answered, wanted, 1);
    return brokenRatio(view, ratio, {
      service: from,
      code: 'fallback-limit',
      metric: `fallbacks per call of ${to}`,
      limit: ratioMax,
      lasting: Math.ceil(continuousMinutesMax / EDGE_STEP_MINUTES),
    });
  });
}

function retries(view: SystemView): Deviation[] {
  const { retryBudgetRatio } = view.history.intent;
  if (retryBudgetRatio === null) return [];
  const over = view.history.edges.flatMap(({ from, to, calls, attempts }) => {
    if (attempts === undefined) return [];
    const { ratio } = trailingRatio(attempts, calls, HOUR_STEPS);
    return brokenRatio(
      view,
      ratio.map((of) => of - 1),
      {
        service: from,
        code: 'retry-budget',
        metric: 'retries per call',
        of: `${from}->${to}`,
        limit: retryBudgetRatio,
        lasting: HOUR_STEPS,
      },
    ).map((deviation) => ({ deviation, to }));
  });
  // Who retries because the one it calls does is not named.
  return over
    .filter(
      ({ deviation, to }) =>
        !over.some(
          ({ deviation: deeper }) =>
            deeper.service === to &&
            deeper.detectedMinute <= deviation.detectedMinute &&
            deviation.detectedMinute <= (deeper.closedMinute ?? Number.POSITIVE_INFINITY),
        ),
    )
    .map(({ deviation }) => deviation);
}

function poolShares(view: SystemView): Deviation[] {
  return view.history.intent.poolShares.flatMap(({ service, min, max }) =>
    view.history.pools
      .filter((pool) => pool.service === service && pool.shareRatio !== undefined)
      .flatMap(({ pool, shareRatio }) => {
        const ones = new Float64Array(Math.ceil(shareRatio.length / EDGE_STEP_MINUTES)).fill(
          EDGE_STEP_MINUTES,
        );
        const { ratio } = trailingRatio(stepSums(shareRatio), ones, DAY_STEPS);
        const isOut = (index: number) => {
          const share = ratio[index] as number;
          return Number.isNaN(share) ? null : share < min || share > max;
        };
        return broken(view, isOut, {
          service,
          code: 'pool-share-out-of-bounds',
          metric: `share of pool ${pool}, mean of a day`,
          intended:
            (ratio[Math.ceil(view.accepted.untilMinute / EDGE_STEP_MINUTES)] ?? max) > max ? min : max,
          stepMinutes: EDGE_STEP_MINUTES,
          lasting: 1,
          seenAt: (index) => ratio[index] as number,
        });
      }),
  );
}

type Limit = Pick<Deviation, 'service' | 'code' | 'metric'>;

/** A ratio over its limit; where half of the accepted period was over it too, a person has accepted that, and the file is old. */
function brokenRatio(
  view: SystemView,
  ratio: Float64Array,
  of: Limit & { readonly of?: string; readonly limit: number; readonly lasting: number },
): Deviation[] {
  const usual = view.frozen(`usual ${of.metric} of ${of.of ?? of.service}`, ({ fromMinute, untilMinute }) => {
    const known = ratio
      .subarray(Math.ceil(fromMinute / EDGE_STEP_MINUTES), Math.ceil(untilMinute / EDGE_STEP_MINUTES))
      .filter((value) => !Number.isNaN(value));
    return known.length === 0 ? null : medianOf(known);
  });
  const isOld = usual !== null && usual > of.limit;
  const over = broken(
    view,
    (index) => {
      const value = ratio[index] as number;
      return Number.isNaN(value) ? null : value > of.limit;
    },
    {
      ...of,
      intended: of.limit,
      stepMinutes: EDGE_STEP_MINUTES,
      seenAt: (index) => ratio[index] as number,
      fromMinute: isOld ? fileGraceUntil(view) : view.accepted.untilMinute,
    },
  );
  if (!isOld) return over;
  return over.map((deviation) => ({
    ...deviation,
    code: 'INTENT_OUT_OF_DATE',
    confirmedMinute: null,
    says: `half of the accepted period was beyond the limit of ${of.limit} that the file sets`,
  }));
}

function broken(
  view: SystemView,
  isBroken: (index: number) => boolean | null,
  of: Limit & {
    readonly intended: number;
    readonly stepMinutes: number;
    readonly lasting: number;
    readonly seenAt: (index: number) => number;
    readonly fromMinute?: number;
  },
): Deviation[] {
  const { stepMinutes, lasting, fromMinute = view.accepted.untilMinute } = of;
  return stretchesOf(isBroken, {
    fromIndex: Math.ceil(fromMinute / stepMinutes),
    untilIndex: Math.floor(view.history.minutes / stepMinutes),
    stepMinutes,
    lasting,
    quiet: CLOSE_MINUTES / stepMinutes,
  }).map(({ onsetMinute, detectedMinute, closedMinute, index }) => ({
    service: of.service,
    subject: of.service,
    code: of.code,
    metric: of.metric,
    against: 'intent',
    onsetMinute,
    detectedMinute,
    confirmedMinute: detectedMinute,
    closedMinute,
    intended: of.intended,
    seen: of.seenAt(index),
  }));
}
