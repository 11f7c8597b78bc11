import type { ClickHouseClient } from '@clickhouse/client';
import type { SamplingTally } from '../../core/sampling-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

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
 * Sampling marks that arrived since `fromMs`, per service and declared threshold, all instances together: one
 * tally for the arrivals before `splitMs`, one for those from it on.
 * @throws PipelineError store_unavailable
 */
export async function readSamplingTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly splitMs: number },
): Promise<SamplingTally[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT Tenant, ServiceNamespace, ServiceName, ThresholdHex,
  toInt64(toUnixTimestamp(min(ReceiveBucket))) * 1000 AS ReceiveStartMs,
  sum(Spans) AS Spans, sum(Violations) AS Violations, max(ExampleTraceId) AS Example
FROM tally_sampling
WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')}
GROUP BY Tenant, ServiceNamespace, ServiceName, ThresholdHex, ReceiveBucket >= {split:DateTime64(3, 'UTC')}`,
    params: { from: toClickhouseTime(range.fromMs), split: toClickhouseTime(range.splitMs) },
    about: 'tally_sampling',
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
