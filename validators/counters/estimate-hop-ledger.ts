import { type CounterSeries, instanceKey, type ServiceInstance } from '../../core/counter-series.ts';
import { ITEM_NOUN, SIGNALS, type Signal } from '../../core/signal.ts';
import { sourceKey } from '../../core/source.ts';
import { rfc3339 } from '../../core/time.ts';
import type { Reason } from '../../core/verdict.ts';
import type { Blame, LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { SLOW_MS } from '../windows.ts';
import { poolCounted } from './counted-loss.ts';
import { isIdentityShared } from './identity-shared.ts';
import { type Hop, type HopSeries, hopSeries, measureHop } from './measure-hop.ts';
import { readingTimes, readingWindows } from './reading-times.ts';

interface Measured {
  readonly instance: ServiceInstance;
  readonly signal: Signal;
  readonly series: HopSeries;
  readonly isShared: boolean;
  readonly fast: Hop | null;
  readonly slow: Hop | null;
}

/**
 * C3: of what a Collector accepted, how much did it neither send nor filter? By its own counters (`otelcol_*`).
 * Nothing tells whose records passed through which Collector, so the estimate is the Collector's own: of its source
 * key, for each signal that passes. What it lost is nobody else's verdict, but evidence beside all of its tenant.
 * Windows as for the SDK funnel.
 * @param series as `readCounterSeries` gives them, of the last twelve minutes
 * @see quality.md 3.1 C3
 */
export function estimateHopLedger(series: readonly CounterSeries[], nowMs: number): LossEstimates {
  const own = series.filter((one) => one.metric.startsWith('otelcol_'));
  const measured = [...Map.groupBy(own, (one) => instanceKey(one.instance)).values()].flatMap((group) =>
    SIGNALS.flatMap((signal) => measure(group, signal, nowMs)),
  );
  const bySource = Map.groupBy(measured, ({ instance, signal }) =>
    sourceKey({ ...instance, serviceInstanceId: '', signal }),
  );
  return new Map([...bySource].map(([key, group]) => [key, estimate(group, nowMs)]));
}

function measure(own: readonly CounterSeries[], signal: Signal, nowMs: number): Measured[] {
  const series = hopSeries(own, signal);
  if (series.accepted.length === 0 || series.exporters.length === 0) return [];
  const sentOrFailed = [...series.sent, ...series.sendFailed, ...series.enqueueFailed];
  const times = readingTimes([series.accepted, sentOrFailed], nowMs - SLOW_MS);
  const windows = readingWindows(times, nowMs);
  if (windows.slow === null) return [];
  const hop = (readings: readonly number[] | null) =>
    readings === null ? null : measureHop(series, readings);
  return [
    {
      instance: (own[0] as CounterSeries).instance,
      signal,
      series,
      isShared: isIdentityShared(series.accepted),
      fast: hop(windows.fast),
      slow: hop(windows.slow),
    },
  ];
}

function estimate(group: readonly Measured[], nowMs: number): LossEstimate {
  const fast = group.flatMap((one) => one.fast ?? []);
  const slow = group.flatMap((one) => one.slow ?? []);
  const window = { startMs: nowMs - SLOW_MS, endMs: nowMs, mayPass: true };
  return {
    id: 'hop-ledger',
    kind: 'counter',
    fast: poolCounted(fast, window),
    slow: poolCounted(slow, window),
    veto: vetoOf(group),
    blame: blameOf(group),
    exampleTraceIds: [],
    evidence: { collectors: group.map(describe).slice(0, 10) },
  };
}

function vetoOf(group: readonly Measured[]): Reason | null {
  if (group.some(({ isShared }) => isShared)) {
    const text =
      'Several Collectors report their counters under one identity, so nothing can be subtracted; give each a service.instance.id of its own.';
    return { code: 'IDENTITY_SHARED', text };
  }
  const fanning = group.find(({ series }) => series.exporters.length > 1);
  if (fanning !== undefined) {
    const text = `The Collector sends by several exporters (${fanning.series.exporters.join(', ')}), each a copy or a part, so what it accepted does not say what it should have sent; see each exporter's failures.`;
    return { code: 'FAN_OUT', text };
  }
  if (!group.some(({ slow }) => slow?.isMultiplied === true)) return null;
  const text =
    'The Collector sent more than it accepted: a connector or two pipelines multiply records, or retries came twice, so the ledger cannot close.';
  return { code: 'SENT_EXCEEDS_ACCEPTED', text };
}

function describe({ instance, series, fast, slow }: Measured): Record<string, unknown> {
  const facts = (hop: Hop | null) =>
    hop === null
      ? null
      : {
          accepted: hop.accepted,
          sent: hop.sent,
          filtered: hop.filtered,
          sendFailed: hop.sendFailed,
          enqueueFailed: hop.enqueueFailed,
          residue: hop.residue,
        };
  return {
    instance: instance.serviceInstanceId,
    exporters: series.exporters,
    fast: facts(fast),
    slow: facts(slow),
  };
}

/** The Collector that lost most. */
function blameOf(group: readonly Measured[]): Blame | null {
  const losses = group.flatMap(({ instance, signal, series, fast, slow }) => {
    const hop = fast !== null && fast.lostMin > 0 ? fast : slow;
    return hop === null || hop.lostMin <= 0 ? [] : [{ instance, signal, series, hop }];
  });
  const [worst] = losses.sort((a, b) => b.hop.lostMin - a.hop.lostMin);
  if (worst === undefined) return null;
  const { instance, signal, series, hop } = worst;
  const exporter = series.exporters[0] ?? '';
  const name = `${instance.serviceName}#${instance.serviceInstanceId} ${exporter}`;
  const text = `The Collector ${name} lost at least ${Math.ceil(hop.lostMin)} ${ITEM_NOUN[signal]} since ${rfc3339(hop.startMs)}: ${causeOf(hop)}.`;
  return { at: 'hop', name, text };
}

function causeOf(hop: Hop): string {
  if (hop.residue > Math.max(hop.sendFailed, hop.enqueueFailed)) {
    return 'no counter says why; look for restarts, for a batch processor whose exporter rejects, and at its memory limit';
  }
  if (hop.enqueueFailed > hop.sendFailed) {
    return 'its sending queue is full; raise sending_queue.queue_size and num_consumers, or look why the next hop is slow';
  }
  return 'its exporter gave up after retries; look at its log, at the next hop, and at retry_on_failure.max_elapsed_time';
}
