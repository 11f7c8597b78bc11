import type { ClickHouseClient } from '@clickhouse/client';
import type { ServiceStep } from '../core/service-step.ts';
import { readServiceSeries } from '../store/tallies/read-service-series.ts';

/** Spans that come later than this change no series any more, until the judge starts anew. */
const RELOOK_MS = 300_000;

interface KnownSeries {
  readonly steps: Map<number, ServiceStep>;
  readonly fromMs: number;
  untilMs: number;
}

/** Series as far as they were read, by service and step: a day is read once, then only its last minutes. */
export type SeriesMemory = Map<string, KnownSeries>;

export interface SeriesWanted {
  readonly serviceName: string;
  readonly stepMs: number;
  readonly fromMs: number;
  /** People declare that nothing samples it. */
  readonly isUnsampled: boolean;
}

/**
 * Brings the memory up to `nowMs` and gives the series asked for, in their order; one query for all that start at the
 * same time with the same step.
 * @throws PipelineError store_unavailable; what was read before stays
 */
export async function refreshSeries(
  memory: SeriesMemory,
  of: { readonly client: ClickHouseClient; readonly wanted: readonly SeriesWanted[]; readonly nowMs: number },
): Promise<ServiceStep[][]> {
  const longest = longestWanted(of.wanted);
  const reads = Map.groupBy(longest, (one) => `${one.stepMs} ${readFrom(memory.get(keyOf(one)), one)}`);
  for (const [key, group] of reads) {
    const [stepMs, fromMs] = key.split(' ').map(Number) as [number, number];
    const serviceNames = group.map((one) => one.serviceName);
    const unsampledNames = new Set(group.flatMap((one) => (one.isUnsampled ? [one.serviceName] : [])));
    const range = { fromMs, untilMs: of.nowMs, stepMs };
    const series = await readServiceSeries(of.client, { serviceNames, unsampledNames, ...range });
    for (const one of group)
      fold(memory, one, { steps: series.get(one.serviceName) ?? [], fromMs, nowMs: of.nowMs });
  }
  return of.wanted.map((one) =>
    [...(memory.get(keyOf(one))?.steps.values() ?? [])]
      .filter((step) => step.startMs >= one.fromMs)
      .sort((a, b) => a.startMs - b.startMs),
  );
}

/** Several intents of one service share a series: the one that looks back furthest decides how much is kept. */
function longestWanted(wanted: readonly SeriesWanted[]): SeriesWanted[] {
  return [...Map.groupBy(wanted, keyOf).values()].map((group) =>
    group.reduce((longest, one) => (one.fromMs < longest.fromMs ? one : longest)),
  );
}

/** A declaration changes what was read: then it is read again. */
function keyOf({ serviceName, stepMs, isUnsampled }: SeriesWanted): string {
  return `${stepMs} ${isUnsampled ? 'unsampled' : 'marked'} ${serviceName}`;
}

function readFrom(known: KnownSeries | undefined, wanted: SeriesWanted): number {
  const floor = (timeMs: number) => Math.floor(timeMs / wanted.stepMs) * wanted.stepMs;
  const isNew = known === undefined || known.fromMs > wanted.fromMs;
  return isNew ? floor(wanted.fromMs) : floor(Math.max(wanted.fromMs, known.untilMs - RELOOK_MS));
}

function fold(
  memory: SeriesMemory,
  wanted: SeriesWanted,
  read: { steps: readonly ServiceStep[]; fromMs: number; nowMs: number },
): void {
  const known = memory.get(keyOf(wanted));
  const kept = [...(known?.steps ?? [])].filter(
    ([startMs]) => startMs >= wanted.fromMs && startMs < read.fromMs,
  );
  const added = read.steps.map((step): [number, ServiceStep] => [step.startMs, step]);
  const fromMs = Math.min(read.fromMs, Math.max(known?.fromMs ?? read.fromMs, wanted.fromMs));
  memory.set(keyOf(wanted), { steps: new Map([...kept, ...added]), fromMs, untilMs: read.nowMs });
}
