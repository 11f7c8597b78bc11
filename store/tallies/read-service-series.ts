import type { ClickHouseClient } from '@clickhouse/client';
import type { ServiceStep } from '../../core/service-step.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { type BinRows, binsOf } from './bins.ts';

interface Row extends BinRows {
  readonly StepS: number;
  readonly Requests: string;
  readonly Errors: string;
}

/**
 * One service over time, in steps of `stepMs` (whole multiples of 10 s) from `fromMs` (a multiple of the step) up to
 * `untilMs`; tenants and namespaces together, as constraints name a service alone. Steps without a request have no
 * row: whether nothing was asked or nothing arrived cannot be told from here.
 * @throws PipelineError store_unavailable
 */
export async function readServiceSeries(
  client: ClickHouseClient,
  query: {
    readonly serviceName: string;
    readonly fromMs: number;
    readonly untilMs: number;
    readonly stepMs: number;
  },
): Promise<ServiceStep[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT intDiv(toUnixTimestamp(Bucket), {step:UInt32}) * {step:UInt32} AS StepS,
  sum(Requests) AS Requests, sum(Errors) AS Errors,
  sumMap(DurationBins) AS Merged, mapKeys(Merged) AS Bins, mapValues(Merged) AS Counts
FROM tally_service
WHERE ServiceName = {service:String}
  AND Bucket >= {from:DateTime64(3, 'UTC')} AND Bucket < {until:DateTime64(3, 'UTC')}
GROUP BY StepS ORDER BY StepS`,
    params: {
      service: query.serviceName,
      step: query.stepMs / 1_000,
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
    },
    about: 'tally_service',
  });
  return rows.map((row) => ({
    startMs: row.StepS * 1_000,
    requests: Number(row.Requests),
    errors: Number(row.Errors),
    durationBins: binsOf(row),
  }));
}
