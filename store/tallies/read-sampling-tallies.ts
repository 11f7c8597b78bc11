import type { ClickHouseClient } from '@clickhouse/client';
import type { SamplingTally } from '../../core/sampling-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { minutesOf } from './minutes-of.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ThresholdHex: string;
  readonly ReceiveStartMs: string;
  readonly Spans: string;
  readonly Violations: string;
  readonly Example: string;
}

/**
 * Sampling marks that arrived since `fromMs` (rounded up to a minute), per service and declared threshold, all instances together: one
 * tally for the arrivals before `splitMs`, one for those from it on.
 * @throws PipelineError store_unavailable
 */
export async function readSamplingTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly splitMs: number },
): Promise<SamplingTally[]> {
  const { fromMs, minutesUntilMs } = minutesOf(range);
  const rows = await readRows<Row>(client, {
    sql: `
SELECT Tenant, ServiceNamespace, ServiceName, ThresholdHex,
  toInt64(toUnixTimestamp(min(ReceiveBucket))) * 1000 AS ReceiveStartMs,
  sum(Spans) AS Spans, sum(Violations) AS Violations, max(ExampleTraceId) AS Example
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, ThresholdHex, ReceiveMinute AS ReceiveBucket, Spans, Violations, ExampleTraceId
  FROM tally_sampling_minute
  WHERE ReceiveMinute >= {from:DateTime64(3, 'UTC')} AND ReceiveMinute < {minutesUntil:DateTime64(3, 'UTC')}
  UNION ALL
  SELECT Tenant, ServiceNamespace, ServiceName, ThresholdHex, ReceiveBucket, Spans, Violations, ExampleTraceId
  FROM tally_sampling WHERE ReceiveBucket >= {minutesUntil:DateTime64(3, 'UTC')}
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ThresholdHex, ReceiveBucket >= {split:DateTime64(3, 'UTC')}
ORDER BY Tenant, ServiceNamespace, ServiceName, ThresholdHex, ReceiveStartMs`,
    params: {
      from: toClickhouseTime(fromMs),
      minutesUntil: toClickhouseTime(minutesUntilMs),
      split: toClickhouseTime(range.splitMs),
    },
    about: 'tally_sampling',
    isUrgent: true,
  });
  return rows.map((row) => ({
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: '',
      signal: 'traces',
    } as const,
    receiveStartMs: Number(row.ReceiveStartMs),
    thresholdHex: row.ThresholdHex,
    spans: Number(row.Spans),
    violations: Number(row.Violations),
    exampleTraceId: row.Example,
  }));
}
