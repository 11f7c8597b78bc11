import type { ClickHouseClient } from '@clickhouse/client';
import type { DeclaredCounter, SourceExpectation } from '../core/expectation.ts';
import type { AlignedWindow } from '../core/sampling/aligned-window.ts';
import type { SamplingEdgeWindow } from '../core/sampling/sampling-window.ts';
import { type Source, sourceKey } from '../core/source.ts';
import { readCounterServerSpans } from '../store/tallies/read-counter-server-spans.ts';
import { readDeclaredCounters } from '../store/tallies/read-declared-counters.ts';
import { readPopulationSeries } from '../store/tallies/read-population-series.ts';
import { readSamplingEdgeWindows } from '../store/tallies/read-sampling-edge-windows.ts';
import { readSamplingWindows } from '../store/tallies/read-sampling-windows.ts';
import { readSettledWindows } from '../store/tallies/read-settled-windows.ts';
import { readTraceIdWindows } from '../store/tallies/read-trace-id-windows.ts';
import { readTracedInstances } from '../store/tallies/read-traced-instances.ts';
import { SAMPLING_WINDOW_MS } from '../store/tallies/settle-sampling-windows.ts';
import { heaviestWeights } from '../validators/sampling/heaviest-weights.ts';
import { judgeSettledSampling, type SettledSampling } from '../validators/sampling/judge-settled-sampling.ts';
import { alignPopulation, mergeAligned } from '../validators/sampling/population/align-population.ts';
import { edgeTolerance } from '../validators/sampling/population/edge-tolerance.ts';
import { findPopulations } from '../validators/sampling/population/find-populations.ts';
import type { Population } from '../validators/sampling/population/population.ts';
import { SAMPLING_POLICY } from '../validators/sampling/sampling-check.ts';
import { SLOW_MS } from '../validators/windows.ts';
import { expectationFor } from './expectation-for.ts';
import { type Refreshed, refreshed } from './refreshed.ts';

interface Known {
  readonly client: ClickHouseClient;
  readonly expectations: readonly SourceExpectation[];
}
type Asked = Known & { readonly nowMs: number };

/** By `sourceKey` of the service's traces. */
export type SamplingEvidence = Refreshed<Known, ReadonlyMap<string, SettledSampling>>;

const EVERY_MS = 15_000;
/** Counters are read at intervals of up to a minute, so what tells the first minute may be three older. */
const READINGS_MS = 180_000;
/** A counter that is not at the windows' borders is allowed this beside what the borders leave open. */
const TOLERANCE = 0.005;

export function newSamplingEvidence(): SamplingEvidence {
  return refreshed({ everyMs: EVERY_MS, phaseMs: 6_000 }, readSampling);
}

async function readSampling(asked: Asked): Promise<ReadonlyMap<string, SettledSampling>> {
  const { client, nowMs } = asked;
  const settled = await readSettledWindows(
    client,
    nowMs - SLOW_MS - 2 * SAMPLING_WINDOW_MS,
    'tally_sampling_settled',
  );
  const newest = settled.at(-1);
  if (newest === undefined) return new Map();
  const untilMs = newest.startMs + SAMPLING_WINDOW_MS;
  const range = { fromMs: untilMs - SLOW_MS, untilMs };
  const [windows, traceIds, edges] = await Promise.all([
    readSamplingWindows(client, range),
    readTraceIdWindows(client, range),
    readSamplingEdgeWindows(client, range),
  ]);
  const windowsOf = Map.groupBy(windows, ({ source }) => sourceKey(source));
  const traceIdsOf = Map.groupBy(traceIds, ({ source }) => sourceKey(source));
  const edgesOf = Map.groupBy(edges, ({ child }: SamplingEdgeWindow) => sourceKey(child));
  const sources = new Map(windows.map(({ source }) => [sourceKey(source), source]));
  const populations = await readPopulations(asked, { ...range, sources: [...sources.values()] });
  const heaviest = heaviestWeights(windows, edges);
  return new Map(
    [...sources.keys()].map((key) => {
      const found = (populations.get(key) ?? []).filter(({ veto }) => veto === null);
      const counter =
        found.map((one) => rowOf(one, range)).find(({ windows: row }) => row.length > 0) ?? null;
      const input = {
        windows: windowsOf.get(key) ?? [],
        traceIds: traceIdsOf.get(key) ?? [],
        edges: edgesOf.get(key) ?? [],
        counter,
        notCounting: (populations.get(key) ?? []).flatMap(({ counter: name, veto }) =>
          veto === null ? [] : [{ counter: name, ...veto }],
        ),
        weightMax: heaviest.get(key) ?? 1,
        window: { startMs: range.fromMs, endMs: untilMs },
      };
      return [key, judgeSettledSampling(input, SAMPLING_POLICY)];
    }),
  );
}

function rowOf(
  population: Population,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
) {
  const step = { bucketMs: SAMPLING_WINDOW_MS, stepMs: SAMPLING_WINDOW_MS, fromMs, untilMs };
  const windows = sinceTheLastGap(alignPopulation(population, step));
  const tolerance =
    windows.length === 0
      ? TOLERANCE
      : TOLERANCE + edgeTolerance(mergeAligned(windows), SAMPLING_POLICY.alpha);
  return { unit: population.unit, name: population.counter, windows, tolerance };
}

/** A restart leaves a gap: what was before it is another row. */
function sinceTheLastGap(windows: readonly AlignedWindow[]): readonly AlignedWindow[] {
  const gap = windows.findLastIndex((one, i) => i > 0 && one.startMs !== windows[i - 1]?.endMs);
  return gap === -1 ? windows : windows.slice(gap);
}

async function readPopulations(
  { client, expectations }: Asked,
  of: { readonly fromMs: number; readonly untilMs: number; readonly sources: readonly Source[] },
): Promise<ReadonlyMap<string, readonly Population[]>> {
  const range = { fromMs: of.fromMs - READINGS_MS, untilMs: of.untilMs + SAMPLING_WINDOW_MS };
  const declared = of.sources.flatMap((source) => {
    const counter = expectationFor(expectations, source)?.counter ?? null;
    return counter === null ? [] : [{ source, counter }];
  });
  const [series, traced, spans, named] = await Promise.all([
    readPopulationSeries(client, range),
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
