import type { EdgeHistory, ServiceHistory } from '../../../core/system-history.ts';
import type { AcceptedPeriod, SystemView } from '../../equal-load/system-view.ts';
import { COVERAGE_MIN } from '../../equal-load/window-mean.ts';
import { bootstrapMeans } from '../../statistics/block-bootstrap.ts';
import { type PrefixMean, prefixMean } from '../../statistics/prefix-mean.ts';
import { once } from '../once.ts';
import { badStretches, type Signal, type Stretch } from './ladder.ts';
import { stepSignal, stepSums } from './step-signal.ts';
import type { Witness } from './witness.ts';

const HOUR = 60;
const DRAWS = 200;
/** Answers from a fallback, as a share of requests above the accepted one. */
const FALLBACK_EXCESS = 0.01;
const FALLBACK_OVER_ACCEPTED = 3;
/** Calls a request that are missing, as a share of the accepted ones. */
const MISSING_SHARE = 0.5;
/** Fewer calls expected in a step are no rate. */
const CALLS_MIN = 20;
/** A dependency that fails more than this is down: going without it is then right, not stuck. */
const FAILING_SHARE = 0.5;

/** A caller that goes on without a dependency which is there again: by its own fallbacks, or by the calls it no longer makes. */
export function degradedWitnesses(view: SystemView, service: ServiceHistory): Witness[] {
  const { requests, cacheMisses } = service.series;
  // What a cache asks of its store follows its misses: fewer of them are no missing calls.
  const demands = once(() =>
    [requests, cacheMisses].flatMap((series) => (series === undefined ? [] : [stepSums(series)])),
  );
  const ways =
    requests === undefined
      ? []
      : view.history.edges
          .filter((edge) => edge.from === service.name)
          .flatMap((edge) => wayOf(view, edge, demands()) ?? []);
  return [
    ...fallbackWitnesses(view, service, ways),
    ...ways.flatMap((way) => missingWitnesses(view, service, way)),
  ];
}

/** One edge: how far its calls a request fall short of the accepted ones, and whether the callee is there. */
interface Way {
  readonly edge: EdgeHistory;
  /** 1 - calls a request / accepted calls a request, a minute. */
  readonly missing: PrefixMean;
  readonly isCalleeUp: (from: number, until: number) => boolean;
}

function wayOf(view: SystemView, edge: EdgeHistory, demands: readonly Float64Array[]): Way | null {
  const { history } = view;
  const calls = edge.calls.map((count) => (count >= 0 ? count : Number.NaN));
  const usual = view.frozen(`calls a demand of ${edge.from}->${edge.to}`, (accepted) =>
    usualRatio(calls, demands, accepted),
  );
  if (usual === null) return null;
  const missing = stepSignal(
    perDemand(calls, demands[usual.demand] as Float64Array).map((ratio) => 1 - ratio / usual.mean),
  );
  const callee = history.services.get(edge.to)?.series.requests;
  const [made, failed] = [stepSignal(edge.attempts), stepSignal(edge.failures)];
  return {
    edge,
    missing,
    isCalleeUp(from, until) {
      // Neither called nor heard of: it may have gone, or go by another name.
      const isThere =
        made.sum(from, until) > 0 || (callee?.subarray(from, until).some((count) => count > 0) ?? false);
      return isThere && failed.sum(from, until) <= FAILING_SHARE * made.sum(from, until);
    },
  };
}

/** The demand that calls followed most steadily in the accepted period. @returns null: none, or hardly any calls */
function usualRatio(
  calls: Float64Array,
  demands: readonly Float64Array[],
  accepted: AcceptedPeriod,
): { readonly demand: number; readonly mean: number } | null {
  const ratios = demands.map((demand) => spreadOf(perDemand(calls, demand), accepted));
  const steadiest = ratios.reduce((best, one) => (one.spread < best.spread ? one : best));
  if (!(steadiest.mean > 0) || steadiest.coverage < COVERAGE_MIN) return null;
  if (!(stepSignal(calls).mean(accepted.fromMinute, accepted.untilMinute) >= CALLS_MIN)) return null;
  return { demand: ratios.indexOf(steadiest), mean: steadiest.mean };
}

/** Calls a unit of demand, by step. */
function perDemand(calls: Float64Array, demand: Float64Array): Float64Array {
  return calls.map((count, step) => {
    const wanted = demand[step] ?? Number.NaN;
    return wanted > 0 ? count / wanted : Number.NaN;
  });
}

function spreadOf(perStep: Float64Array, { fromMinute, untilMinute }: AcceptedPeriod) {
  const ratios = stepSignal(perStep);
  const mean = ratios.mean(fromMinute, untilMinute);
  const variance = stepSignal(perStep.map((ratio) => (ratio - mean) ** 2)).mean(fromMinute, untilMinute);
  return {
    mean,
    coverage: ratios.count(fromMinute, untilMinute) / (untilMinute - fromMinute),
    spread: mean > 0 ? Math.sqrt(variance) / mean : Number.POSITIVE_INFINITY,
  };
}

function missingWitnesses(view: SystemView, service: ServiceHistory, way: Way): Witness[] {
  const signal: Signal = {
    mean: way.missing.mean,
    count: way.missing.count,
    isMaterial: (_, until) => way.isCalleeUp(until - HOUR, until),
  };
  return badStretches(signal, [{ blockMinutes: 30, limit: MISSING_SHARE }], over(view)).map((stretch) => {
    const { onsetMinute, detectedMinute } = stretch;
    const missing = way.missing.mean(onsetMinute, detectedMinute);
    return witness(service.name, way.edge.to, 'calls-missing', stretch, {
      metric: 'calls',
      ...range(way.missing, stretch, (mean) => 1 - mean),
      text: `${service.name} calls ${way.edge.to} ${Math.round(100 * missing)} % less often per request than in the accepted period, though ${way.edge.to} answers.`,
      evidence: { callsMissingShare: missing },
    });
  });
}

function fallbackWitnesses(view: SystemView, service: ServiceHistory, ways: readonly Way[]): Witness[] {
  const { requests, fallbacks } = service.series;
  if (requests === undefined || fallbacks === undefined) return [];
  if (!view.isFreezing && !fallbacks.some((count) => count > 0)) return [];
  const shares = fallbacks.map((count, minute) =>
    (requests[minute] as number) > 0 ? count / (requests[minute] as number) : Number.NaN,
  );
  const share = prefixMean(shares);
  const accepted = view.frozen(`fallback share of ${service.name}`, ({ fromMinute, untilMinute }) =>
    share.count(fromMinute, untilMinute) < COVERAGE_MIN * (untilMinute - fromMinute)
      ? null
      : share.mean(fromMinute, untilMinute),
  );
  if (accepted === null) return [];
  const wayAt = (from: number, until: number) =>
    ways.reduce<Way | null>(
      (most, way) =>
        (way.missing.mean(from, until) || 0) > Math.max(0.1, most?.missing.mean(from, until) ?? 0)
          ? way
          : most,
      null,
    );
  const signal: Signal = {
    mean: share.mean,
    count: share.count,
    isMaterial: (_, until) => wayAt(until - HOUR, until)?.isCalleeUp(until - HOUR, until) ?? true,
  };
  const limit = Math.max(accepted + FALLBACK_EXCESS, FALLBACK_OVER_ACCEPTED * accepted);
  return badStretches(signal, [{ blockMinutes: 10, limit }], over(view)).map((stretch) => {
    const { onsetMinute, detectedMinute } = stretch;
    const now = share.mean(onsetMinute, detectedMinute);
    const callee = wayAt(onsetMinute, detectedMinute)?.edge.to ?? null;
    const before = Math.max(accepted, 1e-4);
    return witness(service.name, callee, 'fallbacks', stretch, {
      metric: 'fallbacks',
      ...range(share, stretch, (mean) => mean / before),
      text: `${service.name} answers ${(100 * now).toFixed(1)} % of requests from a fallback${callee === null ? '' : ` instead of ${callee}, which answers`}, against ${(100 * accepted).toFixed(2)} % in the accepted period.`,
      evidence: { fallbackShare: now, acceptedFallbackShare: accepted },
    });
  });
}

function over(view: SystemView) {
  return { fromMinute: view.accepted.untilMinute, untilMinute: view.history.minutes };
}

function range(
  signal: PrefixMean,
  { onsetMinute, detectedMinute, rung }: Stretch,
  ratioOfMean: (mean: number) => number,
) {
  const minutes = Float64Array.from({ length: detectedMinute - onsetMinute }, (_, i) =>
    signal.mean(onsetMinute + i, onsetMinute + i + 1),
  );
  const means = bootstrapMeans(minutes, {
    blockLength: rung.blockMinutes,
    length: minutes.length,
    draws: DRAWS,
    seed: 1,
  });
  const ends = [0.025, 0.975].map((p) => ratioOfMean(means[Math.floor(p * means.length)] as number));
  return {
    ratio: ratioOfMean(signal.mean(onsetMinute, detectedMinute)),
    lower: Math.min(...ends),
    upper: Math.max(...ends),
  };
}

function witness(
  service: string,
  callee: string | null,
  what: Witness['what'],
  stretch: Stretch,
  seen: {
    readonly metric: string;
    readonly ratio: number;
    readonly lower: number;
    readonly upper: number;
    readonly text: string;
    readonly evidence: Record<string, unknown>;
  },
): Witness {
  const { metric, ratio, lower, upper, text, evidence } = seen;
  return {
    ...stretch,
    service,
    callee,
    what,
    confirmedMinute: stretch.detectedMinute,
    effect: { metric, ratio, lower, upper, atEqualLoad: true },
    confidence: 0.99,
    text,
    evidence,
  };
}
