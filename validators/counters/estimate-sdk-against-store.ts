import { type CounterSeries, instanceKey, type ServiceInstance } from '../../core/counter-series.ts';
import type { StoredSeries } from '../../core/counter-stored.ts';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { sourceKey } from '../../core/source.ts';
import { rfc3339 } from '../../core/time.ts';
import type { Reason } from '../../core/verdict.ts';
import type { Blame, LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { SLOW_MS } from '../windows.ts';
import { collectorSamples } from './collector-samples.ts';
import { poolCounted } from './counted-loss.ts';
import { isIdentityShared } from './identity-shared.ts';
import { arrivalOf, measureStored, type StoredAgainst } from './measure-stored.ts';
import { readingTimes, readingWindows } from './reading-times.ts';
import { sdkSeries } from './sdk-series.ts';

/** Rows of a bucket are readable that long after it at the latest: a batch of the writer, and its insert. */
const VISIBLE_MS = 2_000;

interface Measured {
  readonly instance: ServiceInstance;
  readonly signal: Signal;
  readonly fast: StoredAgainst | null;
  readonly slow: StoredAgainst | null;
  readonly veto: Reason | null;
}

/**
 * C2: of what a process's exporter was told is accepted, how much is stored? Sees what is lost between the two: a
 * Collector that died with data in memory, and what we refused. Windows as for the SDK funnel.
 * @param series as `readCounterSeries` gives them, of the last twelve minutes
 * @param stored as `readCounterStored` gives them, of the same stretch
 * @see quality.md 3.1 C2
 */
export function estimateSdkAgainstStore(
  series: readonly CounterSeries[],
  stored: readonly StoredSeries[],
  nowMs: number,
): LossEstimates {
  const samples = collectorSamples(series);
  const storedOf = new Map(stored.map((one) => [`${instanceKey(one.instance)} ${one.signal}`, one]));
  const sdk = series.filter((one) => one.metric.startsWith('otel.sdk.'));
  const measured = [...Map.groupBy(sdk, (one) => instanceKey(one.instance))].flatMap(([key, own]) =>
    SIGNALS.flatMap((signal) =>
      measure(own, { signal, stored: storedOf.get(`${key} ${signal}`), samples, nowMs }),
    ),
  );
  const bySource = Map.groupBy(measured, ({ instance, signal }) =>
    sourceKey({ ...instance, serviceInstanceId: '', signal }),
  );
  return new Map([...bySource].map(([key, group]) => [key, estimate(group, nowMs)]));
}

function measure(
  own: readonly CounterSeries[],
  of: {
    readonly signal: Signal;
    readonly stored: StoredSeries | undefined;
    readonly samples: ReadonlySet<string>;
    readonly nowMs: number;
  },
): Measured[] {
  const sdk = sdkSeries(own, of.signal);
  // The bucket of the newest report must be over, and its rows be readable.
  const times = readingTimes([sdk.exported], of.nowMs - SLOW_MS).filter(
    (timeMs) => arrivalOf(sdk, timeMs) <= of.nowMs - VISIBLE_MS,
  );
  const windows = readingWindows(times, of.nowMs);
  if (sdk.exported.length === 0 || windows.slow === null) return [];
  const instance = (own[0] as CounterSeries).instance;
  const stored = of.stored ?? { instance, signal: of.signal, byBucket: new Map<number, number>() };
  const against = (readings: readonly number[] | null) =>
    readings === null ? null : measureStored(sdk, stored, readings);
  const fast = against(windows.fast);
  const slow = against(windows.slow);
  const veto = vetoOf({ instance, slow, isShared: isIdentityShared(sdk.exported), exporters: sdk.exporters });
  const isSampled = of.samples.has(`${instance.tenant} ${of.signal}`);
  return [{ instance, signal: of.signal, fast, slow, veto: isSampled ? COLLECTOR_SAMPLES : veto }];
}

const COLLECTOR_SAMPLES: Reason = {
  code: 'COLLECTOR_SAMPLES',
  text: 'A Collector of this tenant samples, so what is exported and not stored may have been left out on purpose.',
};

function vetoOf(of: {
  readonly instance: ServiceInstance;
  readonly slow: StoredAgainst | null;
  readonly isShared: boolean;
  readonly exporters: readonly string[];
}): Reason | null {
  const { serviceInstanceId } = of.instance;
  if (serviceInstanceId === '' || of.isShared) {
    const text =
      'The processes have no service.instance.id of their own, so what one exported cannot be held against what is stored of it; give each one.';
    return { code: 'INSTANCES_NOT_JOINED', text };
  }
  if (of.exporters.length > 1) {
    const text = `The SDK has several exporters (${of.exporters.join(', ')}), and nothing tells which of them sends to us.`;
    return { code: 'SEVERAL_EXPORTERS', text };
  }
  if (of.slow !== null && of.slow.exported > 0 && of.slow.stored === 0) {
    const text = `Nothing is stored of instance ${serviceInstanceId}, which says it exported ${of.slow.exported} records: they go elsewhere, or something on the way changes their service.instance.id; compare the resource of stored records with that of its metrics.`;
    return { code: 'INSTANCES_NOT_JOINED', text };
  }
  return null;
}

function estimate(group: readonly Measured[], nowMs: number): LossEstimate {
  const fast = group.flatMap((one) => one.fast ?? []);
  const slow = group.flatMap((one) => one.slow ?? []);
  const window = { startMs: nowMs - SLOW_MS, endMs: nowMs, mayPass: true };
  const { serviceName } = (group[0] as Measured).instance;
  return {
    id: 'sdk-against-store',
    kind: 'counter',
    fast: poolCounted(fast, window),
    slow: poolCounted(slow, window),
    veto: group.find(({ veto }) => veto !== null)?.veto ?? null,
    blame: blameOf(serviceName, sum(fast.map(({ lostMin }) => lostMin)) > 0 ? fast : slow),
    exampleTraceIds: [],
    evidence: { processes: group.length, fast: describe(fast), slow: describe(slow) },
  };
}

function describe(windows: readonly StoredAgainst[]): Record<string, number> {
  return {
    exported: sum(windows.map(({ exported }) => exported)),
    stored: sum(windows.map(({ stored }) => stored)),
    openAtTheEdges: sum(windows.map(({ worst }) => worst)),
    lostMin: sum(windows.map(({ lostMin }) => lostMin)),
    lostMax: sum(windows.map(({ lostMax }) => lostMax)),
  };
}

function blameOf(serviceName: string, windows: readonly StoredAgainst[]): Blame | null {
  const lost = sum(windows.map(({ lostMin }) => lostMin));
  if (lost <= 0) return null;
  const sinceMs = Math.min(...windows.map(({ startMs }) => startMs));
  const text = `At least ${Math.ceil(lost)} records that ${serviceName} was told are accepted are not stored, since ${rfc3339(sinceMs)}; look at the Collectors between it and us (queue, restarts, filters) and at our refusals.`;
  return { at: 'hop', name: `between ${serviceName} and us`, text };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
