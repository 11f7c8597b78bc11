import type { ClickHouseClient } from '@clickhouse/client';
import type { IntentTarget } from '../core/expectation.ts';
import type { ServiceStep } from '../core/service-step.ts';
import { readRequestMinutes } from '../store/tallies/read-request-minutes.ts';
import { readServiceSeries } from '../store/tallies/read-service-series.ts';

interface Range {
  readonly unsampledNames: ReadonlySet<string>;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly stepMs: number;
}

/**
 * The requests that each intent is held against: by their spans, or, where it says so, as the service's own metrics
 * count them, by whole minutes that begin in the range. No sampler touches those: each stands for itself.
 * @throws PipelineError store_unavailable
 */
export async function readIntentSeries(
  client: ClickHouseClient,
  intents: readonly IntentTarget[],
  range: Range,
): Promise<(intent: IntentTarget) => readonly ServiceStep[]> {
  const namesOf = (by: IntentTarget['by']) => [
    ...new Set(intents.filter((intent) => intent.by === by).map(({ serviceName }) => serviceName)),
  ];
  const [bySpans, byMetrics] = [namesOf(undefined), namesOf('metrics')];
  const [spans, minutes] = await Promise.all([
    bySpans.length === 0 ? null : readServiceSeries(client, { ...range, serviceNames: bySpans }),
    byMetrics.length === 0 ? null : readRequestMinutes(client, { ...range, serviceNames: byMetrics }),
  ]);
  return ({ by, serviceName }) => {
    if (by === undefined) return spans?.get(serviceName) ?? [];
    return (minutes?.get(serviceName) ?? []).map(({ startMs, requests, errors }) => ({
      startMs,
      byWeight: [{ weight: 1, spans: requests, errors, durationBins: new Map() }],
    }));
  };
}
