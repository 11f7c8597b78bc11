import type { ClickHouseClient } from '@clickhouse/client';
import { readRows } from '../read-rows.ts';
import { durationReadings, readingParams } from './duration-readings.ts';

/** What a caller's own histograms counted of one peer in ten minutes. */
export interface ClientStep {
  readonly From: string;
  /** As in tally_call. */
  readonly Peer: string;
  readonly BucketS: number;
  readonly Attempts: number;
  readonly Errors: number;
  readonly SumUs: number;
  readonly Resends: number;
  /** 1: attempts that were not the first are told apart. */
  readonly TellsResends: number;
}

/** No sampler touches these. @throws PipelineError store_unavailable */
export function readClientSteps(
  client: ClickHouseClient,
  query: { readonly serviceNames: readonly string[]; readonly fromMs: number; readonly untilMs: number },
): Promise<ClientStep[]> {
  return readRows<ClientStep>(client, {
    sql: `
SELECT ServiceName AS From, Peer, toUnixTimestamp(toStartOfInterval(Minute, INTERVAL 10 MINUTE)) AS BucketS,
  toFloat64(sum(Grown)) AS Attempts, toFloat64(sumIf(Grown, Outcome != 'ok')) AS Errors, toFloat64(sum(GrownUs)) AS SumUs,
  toFloat64(sumIf(Grown, Resend = 2)) AS Resends, max(Resend) > 0 AS TellsResends
FROM (${durationReadings('client')})
WHERE Peer != ''
GROUP BY ServiceName, Peer, BucketS ORDER BY ServiceName, Peer, BucketS`,
    params: readingParams(query),
    about: 'tally_duration_minute',
  });
}
