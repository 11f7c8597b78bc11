import type { ClickHouseClient } from '@clickhouse/client';
import type { ServiceInstance } from '../../core/counter-series.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly Spans: string;
}

/** A process and how many of its spans are stored. */
export interface TracedInstance {
  readonly instance: ServiceInstance;
  readonly spans: number;
}

/**
 * Every process whose spans arrived in [fromMs, untilMs), of services that count their population: one that sends
 * spans and does not count makes the counter of its service too small.
 * @throws PipelineError store_unavailable
 */
export async function readTracedInstances(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<TracedInstance[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, sum(Items) AS Spans
FROM tally_source
WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')} AND ReceiveBucket < {until:DateTime64(3, 'UTC')} AND Signal = 'traces'
  AND (Tenant, ServiceNamespace, ServiceName) IN (
    SELECT Tenant, ServiceNamespace, ServiceName FROM tally_population
    WHERE ReceiveMinute >= toStartOfMinute(toDateTime({from:DateTime64(3, 'UTC')}))
  )
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_source',
  });
  return rows.map((row) => ({
    instance: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
    },
    spans: Number(row.Spans),
  }));
}
