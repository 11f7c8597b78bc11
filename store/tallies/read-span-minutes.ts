import type { ClickHouseClient } from '@clickhouse/client';
import { adjustedStep } from '../../core/adjusted-step.ts';
import { addBucket, emptyBuckets } from '../../core/bucket-quantile.ts';
import { binLower } from '../../core/log-bin.ts';
import type { ServiceStep } from '../../core/service-step.ts';
import { readServiceSeries } from './read-service-series.ts';
import type { RequestMinute } from './request-minute.ts';
import type { RollupQuery } from './rollup-query.ts';

/**
 * Requests as spans tell them (adjusted counts), for services whose metrics do not.
 * @returns by service, minutes in order of time; a service without such spans is not in it
 * @throws PipelineError store_unavailable
 */
export async function readSpanMinutes(
  client: ClickHouseClient,
  query: RollupQuery,
): Promise<Map<string, RequestMinute[]>> {
  const series = await readServiceSeries(client, { ...query, stepMs: 60_000 });
  return new Map(
    [...series]
      .filter(([, steps]) => steps.length > 0)
      .map(([name, steps]) => [name, steps.flatMap(minuteOf)]),
  );
}

/** Durations of spans as received would be those of the sampler: where weights are unknown, so is the minute. */
function minuteOf(step: ServiceStep): RequestMinute[] {
  const { startMs, requests, errors, durationBins } = adjustedStep(step);
  if (requests === null) return [];
  const durationsMs = emptyBuckets();
  for (const [bin, count] of [...durationBins].sort(([a], [b]) => a - b)) {
    addBucket(durationsMs, binLower(bin) / 1_000, binLower(bin + 1) / 1_000, count);
  }
  return [{ startMs, requests, errors, rejected: null, sumMs: null, durationsMs }];
}
