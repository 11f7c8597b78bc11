import type { ClickHouseClient } from '@clickhouse/client';
import type { DeclaredCounter, SourceExpectation } from '../core/expectation.ts';
import type { AlignedWindow } from '../core/sampling/aligned-window.ts';
import type { SamplingEdgeWindow } from '../core/sampling/sampling-window.ts';
import { type Source, sourceKey } from '../core/source.ts';
import { readCounterServerSpans } from '../store/tallies/read-counter-server-spans.ts';
import { readDeclaredCounters } from '../store/tallies/read-declared-counters.ts';
import { readMentionWindows } from '../store/tallies/read-mention-windows.ts';
import { readPopulationSeries } from '../store/tallies/read-population-series.ts';
import { readSamplingEdgeWindows } from '../store/tallies/read-sampling-edge-windows.ts';
import { readSamplingWindows } from '../store/tallies/read-sampling-windows.ts';
import { readTraceIdWindows } from '../store/tallies/read-trace-id-windows.ts';
import { readTracedInstances } from '../store/tallies/read-traced-instances.ts';
import { SAMPLING_WINDOW_MS } from '../store/tallies/settle-sampling-windows.ts';
import { heaviestWeights } from '../validators/sampling/heaviest-weights.ts';
import {
  judgeSettledSampling,
  type SettledSampling,
  type SettledSamplingInput,
} from '../validators/sampling/judge-settled-sampling.ts';
import { alignPopulation, mergeAligned } from '../validators/sampling/population/align-population.ts';
import { edgeDoubt } from '../validators/sampling/population/edge-doubt.ts';
import { findPopulations } from '../validators/sampling/population/find-populations.ts';
import type { Population } from '../validators/sampling/population/population.ts';
import { SAMPLING_POLICY, type SamplingPolicy } from '../validators/sampling/sampling-check.ts';
import { expectationFor } from './expectation-for.ts';

interface SettledMinutes {
  readonly client: ClickHouseClient;
  readonly expectations: readonly SourceExpectation[];
  /** Whole minutes, all settled. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Counters are read as far as they arrived until then. */
  readonly nowMs: number;
  /** Of these alone; left out: of all. */
  readonly serviceNames?: readonly string[];
}

/** Counters are read at intervals of up to a minute, so what tells the first minute may be three older. */
const READINGS_MS = 180_000;
/** A counter that is not at the windows' borders is allowed this beside what the borders leave open. */
const COUNTER_POLICY: SamplingPolicy = { ...SAMPLING_POLICY, tolerance: 0.005 };

/**
 * What settled minutes say about the sampling of each service, held against the counters that are found.
 * @returns by `sourceKey` of the service's traces, or its logs
 * @throws PipelineError store_unavailable
 */
export async function judgeSamplingRange(
  minutes: SettledMinutes,
  policy: SamplingPolicy = COUNTER_POLICY,
): Promise<ReadonlyMap<string, SettledSampling>> {
  const { client, fromMs, untilMs, serviceNames } = minutes;
  const named = serviceNames === undefined ? {} : { serviceNames };
  const range = { fromMs, untilMs, ...named };
  const [windows, traceIds, edges, mentions] = await Promise.all([
    readSamplingWindows(client, range),
    readTraceIdWindows(client, range),
    readSamplingEdgeWindows(client, range),
    readMentionWindows(client, range),
  ]);
  const windowsOf = Map.groupBy(windows, ({ source }) => sourceKey(source));
  const traceIdsOf = Map.groupBy(traceIds, ({ source }) => sourceKey(source));
  const edgesOf = Map.groupBy(edges, ({ child }: SamplingEdgeWindow) => sourceKey(child));
  const mentionsOf = Map.groupBy(mentions, ({ source }) => sourceKey(source));
  const sources = new Map(windows.map(({ source }) => [sourceKey(source), source]));
  const populations = await readPopulations(minutes, [...sources.values()]);
  const heaviest = heaviestWeights(windows, edges);
  return new Map(
    [...sources].map(([key, source]) => {
      const spansKey = sourceKey({ ...source, signal: 'traces' });
      const spans = { windows: windowsOf.get(spansKey) ?? [], traceIds: traceIdsOf.get(spansKey) ?? [] };
      const found = (populations.get(key) ?? []).filter(({ veto }) => veto === null);
      const rows = found.map((one) => rowOf(one, range, policy)).filter(({ windows: row }) => row.length > 0);
      const counter = rows[0] ?? null;
      const input = {
        windows: windowsOf.get(key) ?? [],
        traceIds: traceIdsOf.get(key) ?? [],
        edges: edgesOf.get(key) ?? [],
        mentions: mentionsOf.get(spansKey) ?? [],
        spans: source.signal === 'logs' ? spans : null,
        counter,
        classCounter: rows.find(tellsClasses) ?? null,
        notCounting: (populations.get(key) ?? []).flatMap(({ counter: name, veto }) =>
          veto === null ? [] : [{ counter: name, ...veto }],
        ),
        weightMax: heaviest.get(key) ?? 1,
        window: { startMs: fromMs, endMs: untilMs },
      };
      const { countsWithin = policy.rateWithin } = expectationFor(minutes.expectations, source) ?? {};
      return [key, judgeSettledSampling(input, { ...policy, rateWithin: countsWithin })];
    }),
  );
}

function rowOf(
  population: Population,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  { alpha }: SamplingPolicy,
): Row {
  const step = { bucketMs: SAMPLING_WINDOW_MS, stepMs: SAMPLING_WINDOW_MS, fromMs, untilMs };
  const windows = sinceTheLastGap(alignPopulation(population, step));
  const requestsInDoubt = windows.length === 0 ? 0 : edgeDoubt(mergeAligned(windows), alpha);
  return { unit: population.unit, name: population.counter, windows, requestsInDoubt };
}

type Row = NonNullable<SettledSamplingInput['counter']>;

function tellsClasses({ unit, windows }: Row): boolean {
  return (
    unit !== 'spans' && windows.every(({ errors, byDuration }) => errors !== null || byDuration !== null)
  );
}

/** A restart leaves a gap: what was before it is another row. */
function sinceTheLastGap(windows: readonly AlignedWindow[]): readonly AlignedWindow[] {
  const gap = windows.findLastIndex((one, i) => i > 0 && one.startMs !== windows[i - 1]?.endMs);
  return gap === -1 ? windows : windows.slice(gap);
}

async function readPopulations(
  { client, expectations, fromMs, nowMs, serviceNames }: SettledMinutes,
  sources: readonly Source[],
): Promise<ReadonlyMap<string, readonly Population[]>> {
  const range = { fromMs: fromMs - READINGS_MS, untilMs: nowMs };
  const declared = sources.flatMap((source) => {
    const counter = expectationFor(expectations, source)?.counter ?? null;
    return counter === null ? [] : [{ source, counter }];
  });
  const asked = serviceNames === undefined ? range : { ...range, serviceNames };
  const [series, traced, spans, named] = await Promise.all([
    readPopulationSeries(client, asked),
    readTracedInstances(client, range),
    readCounterServerSpans(client, range),
    Promise.all(
      declared.map(async ({ source, counter }) => ({
        source,
        counter,
        series: await readDeclaredCounters(client, [askFor(counter)], range),
      })),
    ),
  ]);
  return findPopulations({ series, traced, spans, declared: named, fromMs: range.fromMs });
}

function askFor({ serviceName, metric, where }: DeclaredCounter) {
  return { serviceName, metric, labels: Object.keys(where) };
}
