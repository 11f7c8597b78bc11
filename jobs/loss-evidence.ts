import type { ClickHouseClient } from '@clickhouse/client';
import type { EdgeTally } from '../core/edge-tally.ts';
import { type ServiceId, serviceKey } from '../core/service-key.ts';
import type { SourceTally } from '../core/source-tally.ts';
import { readCounterRejections } from '../store/tallies/read-counter-rejections.ts';
import { readCounterSeries } from '../store/tallies/read-counter-series.ts';
import { readCounterServerSpans } from '../store/tallies/read-counter-server-spans.ts';
import { readCounterStored } from '../store/tallies/read-counter-stored.ts';
import { readOrdinalTallies } from '../store/tallies/read-ordinal-tallies.ts';
import { readPairBaselines } from '../store/tallies/read-pair-baselines.ts';
import { readPairTallies } from '../store/tallies/read-pair-tallies.ts';
import { readReferenceTallies } from '../store/tallies/read-reference-tallies.ts';
import { readSettledWindows } from '../store/tallies/read-settled-windows.ts';
import { readMinuteCounts, readVolumeWeeks } from '../store/tallies/read-volume.ts';
import { estimateHopLedger } from '../validators/counters/estimate-hop-ledger.ts';
import { estimateMetricAgainstSpans } from '../validators/counters/estimate-metric-against-spans.ts';
import { estimateOwnRejections } from '../validators/counters/estimate-own-rejections.ts';
import { estimateSdkAgainstStore } from '../validators/counters/estimate-sdk-against-store.ts';
import { estimateSdkFunnel } from '../validators/counters/estimate-sdk-funnel.ts';
import { estimateCaptureRecapture } from '../validators/graph/estimate-capture-recapture.ts';
import { estimateMissingCallees } from '../validators/graph/estimate-missing-callees.ts';
import { estimateOrdinalGaps } from '../validators/graph/estimate-ordinal-gaps.ts';
import { estimateReferences } from '../validators/graph/estimate-references.ts';
import { estimateVolume } from '../validators/graph/estimate-volume.ts';
import type { LossEstimates } from '../validators/loss-estimate.ts';
import { BUCKET_MS, SLOW_MS, windowsUntil } from '../validators/windows.ts';
import { type Refreshed, refreshed } from './refreshed.ts';

/** What the estimators need beside what they read themselves. */
interface Known {
  readonly client: ClickHouseClient;
  readonly tallies: readonly SourceTally[];
  /** Gathered only when asked for: that takes longer than most ticks have. */
  readonly edges: () => readonly EdgeTally[];
  /** `serviceKey`s of services whose sampling marks contradict themselves, or that look as if they sampled alone. */
  readonly inconsistent: ReadonlySet<string>;
}
type Asked = Known & { readonly nowMs: number };

/** Estimates of all estimators, each group as often as its answer can change. */
export type LossEvidence = readonly Refreshed<Known, readonly LossEstimates[]>[];

const EVERY_MS = 5_000;
/** Metrics come at intervals of up to a minute; ten minutes of them begin up to two earlier. */
const COUNTERS_MS = 720_000;
const MINUTE_MS = 60_000;

export function newLossEvidence(): LossEvidence {
  return [
    refreshed({ everyMs: EVERY_MS, phaseMs: 1_000 }, countedLosses),
    refreshed({ everyMs: EVERY_MS, phaseMs: 2_000 }, graphLosses),
    refreshed({ everyMs: MINUTE_MS, phaseMs: 3_000 }, volumeFalls),
  ];
}

async function countedLosses({ client, tallies, nowMs }: Asked): Promise<LossEstimates[]> {
  const range = { fromMs: nowMs - COUNTERS_MS, untilMs: nowMs };
  const { slowStartMs, fastStartMs } = windowsUntil(nowMs);
  const [series, stored, spans, rejections] = await Promise.all([
    readCounterSeries(client, range),
    readCounterStored(client, range),
    readCounterServerSpans(client, range),
    readCounterRejections(client, { fromMs: slowStartMs, splitMs: fastStartMs }),
  ]);
  return [
    estimateSdkFunnel(series, tallies, nowMs),
    estimateSdkAgainstStore(series, stored, nowMs),
    estimateHopLedger(series, nowMs),
    estimateMetricAgainstSpans(series, spans, nowMs),
    estimateOwnRejections(rejections, tallies, nowMs),
  ];
}

async function graphLosses({ client, tallies, edges, inconsistent, nowMs }: Asked): Promise<LossEstimates[]> {
  const [ordinals, windows] = await Promise.all([
    readOrdinalTallies(client, { fromMs: nowMs - SLOW_MS, untilMs: nowMs }),
    readSettledWindows(client, nowMs - SLOW_MS, 'tally_graph_settled'),
  ]);
  const gaps = estimateOrdinalGaps(ordinals, nowMs);
  const newest = windows.at(-1);
  if (newest === undefined) return [gaps];
  const settled = { untilMs: newest.startMs + BUCKET_MS, lagMs: newest.lagMs };
  const { slowStartMs, fastStartMs } = windowsUntil(settled.untilMs);
  const range = { fromMs: slowStartMs, untilMs: settled.untilMs };
  const [pairs, baselines, references] = await Promise.all([
    readPairTallies(client, range),
    readPairBaselines(client, fastStartMs),
    readReferenceTallies(client, range),
  ]);
  const arrivals = tallies.filter(({ source }) => source.signal === 'traces');
  const input = { pairs, baselines, edges: edges(), arrivals, settled, inconsistent };
  return [
    gaps,
    estimateCaptureRecapture(input, nowMs),
    estimateMissingCallees(input, nowMs),
    estimateReferences('log', { references, settled, inconsistent }),
    estimateReferences('exemplar', { references, settled, inconsistent }),
  ];
}

async function volumeFalls({ client, edges, nowMs }: Asked): Promise<LossEstimates[]> {
  const untilMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const [minutes, weeks] = await Promise.all([
    readMinuteCounts(client, { fromMs: untilMs - SLOW_MS, untilMs }),
    readVolumeWeeks(client, nowMs),
  ]);
  return [estimateVolume({ minutes, weeks, callers: callersOf(edges()), untilMs })];
}

function callersOf(edges: readonly EdgeTally[]): ReadonlyMap<string, readonly ServiceId[]> {
  const callers = new Map<string, Map<string, ServiceId>>();
  for (const { callee, caller } of edges) {
    if (caller === null) continue;
    const key = serviceKey(callee);
    callers.set(key, (callers.get(key) ?? new Map()).set(serviceKey(caller), caller));
  }
  return new Map([...callers].map(([key, own]) => [key, [...own.values()]]));
}
