import type { ClickHouseClient } from '@clickhouse/client';
import type { ServiceStep } from '../../core/service-step.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { type BinRows, binsOf } from './bins.ts';

interface Row extends BinRows {
  readonly ServiceName: string;
  readonly StepS: number;
  readonly Requests: string;
  readonly Errors: string;
}

/**
 * Services over time, in steps of `stepMs` (whole multiples of 10 s) from `fromMs` (a multiple of the step) up to
 * `untilMs`; tenants and namespaces together, as constraints name a service alone. Steps without a request are not
 * there: whether nothing was asked or nothing arrived cannot be told from here.
 * @returns by service name, steps in order of time; every name asked for is in it
 * @throws PipelineError store_unavailable
 */
export async function readServiceSeries(
  client: ClickHouseClient,
  query: {
    readonly serviceNames: readonly string[];
    readonly fromMs: number;
    readonly untilMs: number;
    readonly stepMs: number;
  },
): Promise<Map<string, ServiceStep[]>> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT ServiceName, intDiv(toUnixTimestamp(Bucket), {step:UInt32}) * {step:UInt32} AS StepS,
  sum(Requests) AS Requests, sum(Errors) AS Errors,
  sumMap(DurationBins) AS Merged, mapKeys(Merged) AS Bins, mapValues(Merged) AS Counts
FROM tally_service
WHERE ServiceName IN {services:Array(String)}
  AND Bucket >= {from:DateTime64(3, 'UTC')} AND Bucket < {until:DateTime64(3, 'UTC')}
GROUP BY ServiceName, StepS ORDER BY ServiceName, StepS`,
    params: {
      services: query.serviceNames,
      step: query.stepMs / 1_000,
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
    },
    about: 'tally_service',
  });
  const series = new Map<string, ServiceStep[]>(query.serviceNames.map((name) => [name, []]));
  for (const row of rows) {
    series.get(row.ServiceName)?.push({
      startMs: row.StepS * 1_000,
      requests: Number(row.Requests),
      errors: Number(row.Errors),
      durationBins: binsOf(row),
    });
  }
  return series;
}
