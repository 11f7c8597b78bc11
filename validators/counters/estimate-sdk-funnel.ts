import { type CounterSeries, instanceKey, type ServiceInstance } from '../../core/counter-series.ts';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { sourceKey } from '../../core/source.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import { rfc3339 } from '../../core/time.ts';
import type { Reason } from '../../core/verdict.ts';
import type { Blame, LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { SLOW_MS } from '../windows.ts';
import { poolCounted } from './counted-loss.ts';
import { isIdentityShared } from './identity-shared.ts';
import { measureSdkFunnel, type SdkFunnel } from './measure-sdk-funnel.ts';
import { readingTimes, readingWindows } from './reading-times.ts';
import { type SdkSeries, sdkSeries } from './sdk-series.ts';

/** One process's counters of one signal, and what they say in either window. */
interface Measured {
  readonly instance: ServiceInstance;
  readonly sdk: SdkSeries;
  readonly isShared: boolean;
  readonly fast: SdkFunnel | null;
  readonly slow: SdkFunnel | null;
}

/**
 * C1: of what a process ended, how much did its SDK not export, by its own counters (`otel.sdk.*`)? Exact, and blind
 * to what happens after the acknowledgement, and to a process that died with its last interval.
 * Windows: the last two metric intervals, at least 40 s, for FAIL; ten minutes for PASS (`readingWindows`).
 * @param series as `readCounterSeries` gives them, of the last twelve minutes
 * @param tallies of the same stretch: a service of which some processes count nothing may not pass on the others
 * @returns of services whose SDK counts itself
 * @see quality.md 3.1 C1
 */
export function estimateSdkFunnel(
  series: readonly CounterSeries[],
  tallies: readonly SourceTally[],
  nowMs: number,
): LossEstimates {
  const sdk = series.filter((one) => one.metric.startsWith('otel.sdk.'));
  const senders = Map.groupBy(tallies, ({ source }) => sourceKey({ ...source, serviceInstanceId: '' }));
  const measured = [...Map.groupBy(sdk, (one) => instanceKey(one.instance)).values()].flatMap((own) =>
    SIGNALS.flatMap((signal) => measure(own, signal, nowMs)),
  );
  const bySource = Map.groupBy(measured, ({ instance, sdk: { signal } }) =>
    sourceKey({ ...instance, serviceInstanceId: '', signal }),
  );
  return new Map(
    [...bySource].map(([key, group]) => {
      const counting = new Set(group.map(({ instance }) => instance.serviceInstanceId));
      const sending = new Set((senders.get(key) ?? []).map(({ source }) => source.serviceInstanceId));
      const uncounted = [...sending].filter((id) => !counting.has(id));
      return [key, estimate(group, uncounted, nowMs)];
    }),
  );
}

function measure(own: readonly CounterSeries[], signal: Signal, nowMs: number): Measured[] {
  const sdk = sdkSeries(own, signal);
  const created = sdk.ended.length > 0 ? [sdk.ended] : [sdk.started, sdk.live];
  const times = readingTimes([...created, sdk.exported], nowMs - SLOW_MS);
  const windows = readingWindows(times, nowMs);
  if (sdk.exported.length === 0 || windows.slow === null) return [];
  const funnel = (readings: readonly number[] | null) =>
    readings === null ? null : measureSdkFunnel(sdk, readings);
  const isShared = isIdentityShared([...sdk.ended, ...sdk.started]);
  const instance = (own[0] as CounterSeries).instance;
  return [{ instance, sdk, isShared, fast: funnel(windows.fast), slow: funnel(windows.slow) }];
}

function estimate(group: readonly Measured[], uncounted: readonly string[], nowMs: number): LossEstimate {
  const fast = group.flatMap((one) => one.fast ?? []);
  const slow = group.flatMap((one) => one.slow ?? []);
  const window = { startMs: nowMs - SLOW_MS, endMs: nowMs };
  const knowsEnded = group.every((one) => one.sdk.signal === 'metrics' || one.slow?.residue !== null);
  const mayPass = uncounted.length === 0 && knowsEnded;
  const funnels = sum(fast.map(lostOf)) > 0 ? fast : slow;
  return {
    id: 'sdk-funnel',
    kind: 'counter',
    fast: poolCounted(fast, { ...window, mayPass }),
    slow: poolCounted(slow, { ...window, mayPass }),
    veto: vetoOf(group),
    blame: blameOf((group[0] as Measured).instance.serviceName, funnels),
    exampleTraceIds: [],
    evidence: {
      processes: group.length,
      processesThatDoNotCount: uncounted.slice(0, 5),
      fast: describe(fast),
      slow: describe(slow),
    },
  };
}

function vetoOf(group: readonly Measured[]): Reason | null {
  if (group.some(({ isShared }) => isShared)) {
    const text =
      'Several processes report their counters under one identity, so nothing can be subtracted; give each a service.instance.id of its own.';
    return { code: 'IDENTITY_SHARED', text };
  }
  const several = group.find(({ sdk }) => sdk.exporters.length > 1);
  if (several === undefined) return null;
  const text = `The SDK has several exporters (${several.sdk.exporters.join(', ')}), and nothing tells which of them sends to us; losses of each are counted together.`;
  return { code: 'SEVERAL_EXPORTERS', text };
}

function describe(funnels: readonly SdkFunnel[]): Record<string, unknown> | null {
  if (funnels.length === 0) return null;
  const residues = funnels.flatMap(({ residue }) => residue ?? []);
  return {
    ended: sum(funnels.map(({ ended }) => ended)),
    exported: sum(funnels.map(({ exported }) => exported)),
    lostWithReason: sum(funnels.map(({ explained }) => explained)),
    byReason: Object.fromEntries(reasonsOf(funnels)),
    residue: residues.length === 0 ? null : sum(residues),
    lostMin: sum(funnels.map(({ lostMin }) => lostMin)),
    lostMax: sum(funnels.map(({ lostMax }) => lostMax)),
    exports: Math.round(sum(funnels.map(({ batches }) => batches))),
  };
}

function blameOf(serviceName: string, funnels: readonly SdkFunnel[]): Blame | null {
  const lost = sum(funnels.map(lostOf));
  if (lost <= 0) return null;
  const [reason, count] = reasonsOf(funnels)[0] ?? ['unexplained', 0];
  const sinceMs = Math.min(...funnels.map(({ startMs }) => startMs));
  const unexplained = lost - sum(funnels.map(({ explained }) => explained));
  const cause = unexplained > count ? 'unexplained' : reason;
  const text = `The SDK of ${serviceName} lost ${Math.round(lost)} records since ${rfc3339(sinceMs)}, most of them by ${cause}; ${ADVICE[cause] ?? `its exporter fails: look at its log for ${cause}, at its endpoint and its timeout.`}`;
  return { at: 'source', name: serviceName, text };
}

const ADVICE: Readonly<Record<string, string>> = {
  queue_full:
    'its queue is full: raise OTEL_BSP_MAX_QUEUE_SIZE (logs: OTEL_BLRP_MAX_QUEUE_SIZE) or export more often or to something faster.',
  already_shutdown: 'records ended after the SDK was shut down: shut it down last.',
  unexplained:
    'no counter says why: look for exports refused by a concurrency limit, processors that filter, and errors in its log.',
};

/** Most first. */
function reasonsOf(funnels: readonly SdkFunnel[]): [string, number][] {
  const reasons = new Map<string, number>();
  for (const { byReason } of funnels) {
    for (const [reason, count] of byReason) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  return [...reasons].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

function lostOf({ cells }: SdkFunnel): number {
  return sum(cells.map(({ lost }) => lost));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
