import type { Interval } from '../../core/interval.ts';
import { type ServiceId, serviceKey } from '../../core/service-key.ts';
import type { Signal } from '../../core/signal.ts';
import { sourceKey } from '../../core/source.ts';
import type { Reason } from '../../core/verdict.ts';
import type { MinuteCount, VolumeWeek } from '../../core/volume-tally.ts';
import type { WindowEstimate } from '../judge-windows.ts';
import type { LossEstimate, LossEstimates } from '../loss-estimate.ts';

export interface VolumeInput {
  /** Of the ten whole minutes before `untilMs`; a minute without records is not there. */
  readonly minutes: readonly MinuteCount[];
  readonly weeks: readonly VolumeWeek[];
  /** Callers of a service, by its `serviceKey`: whether they kept calling while its records fell. */
  readonly callers: ReadonlyMap<string, readonly ServiceId[]>;
  /** On a minute. */
  readonly untilMs: number;
}

const MINUTE_MS = 60_000;
const FAST_MINUTES = 2;
const SLOW_MINUTES = 10;
const MINUTES_OF_HOUR = 60;
const WEEKS_MIN = 2;
/** Fewer expected, and chance alone brings none. */
const EXPECTED_MIN = 30;
/** A z-score misfires where history is very flat, so a fall must be a large one too. */
const FALL_RATIO_MIN = 0.3;
const Z = 3;
/** From median distance to standard deviation. */
const MAD_TO_SD = 1.4826;
/** A caller that still sends this part of its usual volume has kept it. */
const KEPT_RATIO_MIN = 0.85;

/** What a source usually sends in this hour of the week, per minute. */
interface Usual {
  readonly service: ServiceId;
  readonly signal: Signal;
  readonly perMinute: number;
  readonly sd: number;
  readonly weeks: number;
}

/**
 * How far a source's volume lies below what it was in the same hour of the weeks before: median and median distance
 * over at least two weeks, widened by how minutes vary within the hour. Speaks of a fall only where it exceeds three
 * standard deviations and 30 % both; these are no calibrated 95 %, with so few weeks there is no such thing.
 * A fall is no loss: traffic falls too. Vetoed unless all known callers of the service kept their volume; it never
 * lets anything pass.
 * @returns for sources with two weeks of history and at least 30 expected records; nothing about others
 * @see quality.md 3.1 C11
 */
export function estimateVolume(input: VolumeInput): LossEstimates {
  const usual = usualOf(input.weeks);
  const minutes = Map.groupBy(input.minutes, ({ service, signal }) => keyOf(service, signal));
  const rateOf = (key: string, count: number) => {
    const startMs = input.untilMs - count * MINUTE_MS;
    const inside = (minutes.get(key) ?? []).filter(
      ({ minuteMs }) => minuteMs >= startMs && minuteMs < input.untilMs,
    );
    return inside.reduce((sum, { items }) => sum + items, 0) / count;
  };
  const keptRatio = (caller: ServiceId) => {
    const key = keyOf(caller, 'traces');
    const own = usual.get(key);
    return own === undefined ? null : rateOf(key, FAST_MINUTES) / own.perMinute;
  };
  const estimates = new Map<string, LossEstimate>();
  for (const [key, one] of usual) {
    if (one.perMinute * SLOW_MINUTES < EXPECTED_MIN) continue;
    const window = (count: number): WindowEstimate => ({
      interval: one.perMinute * count < EXPECTED_MIN ? null : fallOf(rateOf(key, count), one),
      n: Math.round(rateOf(key, count) * count),
      startMs: input.untilMs - count * MINUTE_MS,
      endMs: input.untilMs,
      mayPass: false,
    });
    const [fast, slow] = [window(FAST_MINUTES), window(SLOW_MINUTES)];
    const callers = (input.callers.get(serviceKey(one.service)) ?? []).map(keptRatio);
    const fall = [fast, slow].find(({ interval }) => (interval?.lower ?? 0) > 0);
    estimates.set(key, {
      id: 'volume',
      kind: 'direct',
      fast,
      slow,
      veto: fall === undefined ? null : vetoOf(one, callers),
      blame:
        fall === undefined
          ? null
          : { at: 'unattributed', name: one.service.serviceName, text: tell(one, rateOf(key, FAST_MINUTES)) },
      exampleTraceIds: [],
      evidence: {
        perMinute: {
          now: rateOf(key, FAST_MINUTES),
          tenMinutes: rateOf(key, SLOW_MINUTES),
          usual: one.perMinute,
        },
        standardDeviation: one.sd,
        weeks: one.weeks,
        callersKeptRatio: callers,
      },
    });
  }
  return estimates;
}

function keyOf(service: ServiceId, signal: Signal): string {
  return sourceKey({ ...service, serviceInstanceId: '', signal });
}

function usualOf(weeks: readonly VolumeWeek[]): Map<string, Usual> {
  const usual = new Map<string, Usual>();
  for (const [key, own] of Map.groupBy(weeks, ({ service, signal }) => keyOf(service, signal))) {
    const [first] = own;
    if (first === undefined || own.length < WEEKS_MIN) continue;
    const means = own.map(({ items }) => items / MINUTES_OF_HOUR);
    const perMinute = median(means);
    const spread = MAD_TO_SD * median(means.map((mean) => Math.abs(mean - perMinute)));
    const within = median(
      own.map(({ items, squares }) => squares / MINUTES_OF_HOUR - (items / MINUTES_OF_HOUR) ** 2),
    );
    const sd = Math.sqrt(spread ** 2 + Math.max(0, within));
    usual.set(key, { service: first.service, signal: first.signal, perMinute, sd, weeks: own.length });
  }
  return usual;
}

/** The lost share if the fall were a loss; from nothing where it is not clear that there is one. */
function fallOf(rate: number, { perMinute, sd }: Usual): Interval {
  const fall = (usual: number) => (usual <= 0 ? 0 : Math.max(0, 1 - rate / usual));
  const estimate = fall(perMinute);
  const lower = estimate < FALL_RATIO_MIN ? 0 : fall(perMinute - Z * sd);
  return { estimate, lower, upper: fall(perMinute + Z * sd) };
}

function vetoOf({ service }: Usual, callers: readonly (number | null)[]): Reason | null {
  const known = callers.filter((ratio) => ratio !== null);
  if (known.length === 0) {
    const text = `Fewer records than in the same hour of other weeks may be fewer requests; no caller of ${service.serviceName} with two weeks of history could confirm a loss. Ask the load balancer.`;
    return { code: 'VOLUME_UNCONFIRMED', text };
  }
  if (known.every((ratio) => ratio >= KEPT_RATIO_MIN)) return null;
  const text = `Callers of ${service.serviceName} send less than usual too, so its traffic has fallen rather than its records been lost.`;
  return { code: 'VOLUME_FELL_WITH_CALLERS', text };
}

function tell({ service, signal, perMinute, weeks }: Usual, now: number): string {
  return `${Math.round(now)} ${signal} records of ${service.serviceName} a minute, usually ${Math.round(perMinute)} in this hour of the week (${weeks} weeks); compare with what its callers or the load balancer count.`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}
